// Arithmetic between tensors follows NumPy's broadcasting: axes are aligned at the last, and an axis of extent 1
// (or a missing one) repeats.
extension Tensor {
    /// The sum of two tensors, element by element.
    public static func + (a: Tensor, b: Tensor) -> Tensor { binary(.add, a, b) }

    /// The difference of two tensors, element by element.
    public static func - (a: Tensor, b: Tensor) -> Tensor { binary(.subtract, a, b) }

    /// The product of two tensors, element by element.
    public static func * (a: Tensor, b: Tensor) -> Tensor { binary(.multiply, a, b) }

    /// The quotient of two tensors, element by element.
    public static func / (a: Tensor, b: Tensor) -> Tensor { binary(.divide, a, b) }

    /// Adds a number to each element.
    public static func + (a: Tensor, b: Float) -> Tensor { binary(.add, a, a.scalar(b)) }

    /// Adds each element to a number.
    public static func + (a: Float, b: Tensor) -> Tensor { binary(.add, b.scalar(a), b) }

    /// Subtracts a number from each element.
    public static func - (a: Tensor, b: Float) -> Tensor { binary(.subtract, a, a.scalar(b)) }

    /// Subtracts each element from a number.
    public static func - (a: Float, b: Tensor) -> Tensor { binary(.subtract, b.scalar(a), b) }

    /// Multiplies each element by a number.
    public static func * (a: Tensor, b: Float) -> Tensor { binary(.multiply, a, a.scalar(b)) }

    /// Multiplies a number by each element.
    public static func * (a: Float, b: Tensor) -> Tensor { binary(.multiply, b.scalar(a), b) }

    /// Divides each element by a number.
    public static func / (a: Tensor, b: Float) -> Tensor { binary(.divide, a, a.scalar(b)) }

    /// Divides a number by each element.
    public static func / (a: Float, b: Tensor) -> Tensor { binary(.divide, b.scalar(a), b) }

    /// A number as a tensor without axes, which leaves the result's type to the other operand.
    private func scalar(_ value: Float) -> Tensor {
        Tensor([value], [], on: device)
    }
}

private func binary(_ op: BinaryOp, _ a: Tensor, _ b: Tensor) -> Tensor {
    precondition(
        a.dtype.isFloat && b.dtype.isFloat, "\(op.rawValue): \(a.dtype) and \(b.dtype), not float types")
    guard let shape = a.shape.broadcast(with: b.shape),
        let layout = BroadcastPair(a.shape, b.shape, to: shape)
    else { preconditionFailure("\(op.rawValue): shapes \(a.shape) and \(b.shape) do not broadcast") }
    let type = DType.result(of: [a.rank == 0 ? nil : a, b.rank == 0 ? nil : b])
    let (x, y) = (a.f32, b.f32)
    return .computed(op.rawValue, [x, y], shape, type, on: a.device) { backend, out in
        backend.binary(op, out, x.data, y.data, layout)
    }
}

/// `x + gate * y` in one pass.
///
/// - Parameters:
///   - x: a residual stream, for example [B, L, D].
///   - gate: broadcasts to the shape of `x`, for example [B, 1, D].
///   - y: a branch, of the shape of `x`.
/// - Returns: the shape of `x`.
public func gatedAdd(_ x: Tensor, gate: Tensor, _ y: Tensor) -> Tensor {
    precondition(x.shape == y.shape, "gatedAdd: x \(x.shape) and y \(y.shape) differ")
    guard let rowsPerGate = x.shape.rowsPerRow(of: gate.shape), x.rank > 0 else { return x + gate * y }
    let (columns, type) = (x.shape[-1], DType.result(of: [x, gate, y]))
    let (a, g, b) = (x.f32, gate.f32, y.f32)
    return .computed("gatedAdd", [a, g, b], x.shape, type, on: x.device) { backend, out in
        backend.gatedAdd(
            out, a.data, gate: g.data, b.data, rows: x.count / Swift.max(columns, 1), columns: columns,
            rowsPerGate: rowsPerGate)
    }
}

extension BroadcastPair {
    /// The shortest description of reading both shapes as `target`: axes that step alike are merged.
    init?(_ a: Shape, _ b: Shape, to target: Shape) {
        guard let aSteps = a.strides(broadcastTo: target), let bSteps = b.strides(broadcastTo: target)
        else { return nil }
        dims = []
        aStrides = []
        bStrides = []
        for axis in 0..<target.rank where target.dims[axis] != 1 {
            let extent = target.dims[axis]
            if let last = dims.indices.last, aStrides[last] == aSteps[axis] * extent,
                bStrides[last] == bSteps[axis] * extent
            {
                dims[last] *= extent
                (aStrides[last], bStrides[last]) = (aSteps[axis], bSteps[axis])
            } else {
                dims.append(extent)
                aStrides.append(aSteps[axis])
                bStrides.append(bSteps[axis])
            }
        }
    }
}

extension Shape {
    /// How many of this shape's rows share one row of `other`, where that is all the broadcasting there is.
    ///
    /// - Returns: for [B, L, D] and [B, 1, D] the length L; nil if `other` broadcasts in another way.
    func rowsPerRow(of other: Shape) -> Int? {
        guard rank > 0, other.rank <= rank, other.rank > 0, other[-1] == self[-1] else { return nil }
        let missing = rank - other.rank
        let rows = dims.dropLast()
        let ownRows = [Int](repeating: 1, count: missing) + other.dims.dropLast()
        let matching = zip(rows, ownRows).prefix { $0 == $1 }.count
        guard ownRows[matching...].allSatisfy({ $0 == 1 }) else { return nil }
        return rows[matching...].reduce(1, *)
    }
}
