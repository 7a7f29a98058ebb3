extension Tensor {
    /// The sum along an axis, which is dropped unless `keepDims`.
    public func sum(axis: Int, keepDims: Bool = false) -> Tensor { reduced(.sum, axis, keepDims) }

    /// The mean along an axis, which is dropped unless `keepDims`.
    public func mean(axis: Int, keepDims: Bool = false) -> Tensor { reduced(.mean, axis, keepDims) }

    /// The greatest element along an axis, which is dropped unless `keepDims`; not-a-number if there is one.
    public func max(axis: Int, keepDims: Bool = false) -> Tensor { reduced(.max, axis, keepDims) }

    /// The least element along an axis, which is dropped unless `keepDims`; not-a-number if there is one.
    public func min(axis: Int, keepDims: Bool = false) -> Tensor { reduced(.min, axis, keepDims) }

    /// The position of the first greatest element along an axis, which is dropped.
    ///
    /// Works on any element type; integers are compared as f32, exact up to 2²⁴.
    ///
    /// - Returns: i64 positions.
    public func argmax(axis: Int) -> Tensor {
        let parts = shape.split(at: axis)
        precondition(parts.extent > 0, "argmax: axis \(axis) of \(shape) is empty")
        let x = f32
        return device.run("argmax", [x]) {
            let result = Tensor(uninitialized: shape.removing(axis), .i64, on: device)
            device.backend.argmax(
                result.newBytes.assumingMemoryBound(to: Int64.self), x.data,
                outer: parts.outer, extent: parts.extent, inner: parts.inner)
            return result
        }
    }

    private func reduced(_ op: ReduceOp, _ axis: Int, _ keepDims: Bool) -> Tensor {
        precondition(dtype.isFloat, "\(op.rawValue): operand is \(dtype), not a float type")
        let parts = shape.split(at: axis)
        precondition(parts.extent > 0 || op == .sum, "\(op.rawValue): axis \(axis) of \(shape) is empty")
        let target = keepDims ? shape.replacing(axis, with: 1) : shape.removing(axis)
        let x = f32
        return .computed(op.rawValue, [x], target, .result(of: [self]), on: device) { backend, out in
            backend.reduce(op, out, x.data, outer: parts.outer, extent: parts.extent, inner: parts.inner)
        }
    }
}

/// exp(x) divided by its sum along an axis.
public func softmax(_ x: Tensor, axis: Int = -1) -> Tensor {
    precondition(x.dtype.isFloat, "softmax: operand is \(x.dtype), not a float type")
    let position = x.shape.position(of: axis)
    guard position == x.rank - 1 else {
        return softmax(x.transposed(position, -1)).transposed(position, -1)
    }
    let (columns, values) = (x.shape[-1], x.f32)
    return .computed("softmax", [values], x.shape, .result(of: [x]), on: x.device) { backend, out in
        backend.softmax(out, values.data, rows: x.count / Swift.max(columns, 1), columns: columns)
    }
}
