// Ops that move elements without computing; they work on every element type.
extension Tensor {
    /// A range of one axis.
    public func narrowed(axis: Int, _ range: Range<Int>) -> Tensor {
        let position = shape.position(of: axis)
        precondition(
            range.lowerBound >= 0 && range.upperBound <= shape[position],
            "narrowed: range \(range) is outside of axis \(axis) of \(shape)")
        guard range.count < shape[position] else { return self }
        if shape.dims[..<position].allSatisfy({ $0 == 1 }) {
            let step = shape.dims[(position + 1)...].reduce(1, *)
            return Tensor(
                storage: storage, byteOffset: byteOffset + range.lowerBound * step * dtype.size,
                shape: shape.replacing(position, with: range.count), dtype: dtype, on: device)
        }
        let (outer, extent, inner) = shape.split(at: position)
        let row = range.count * inner
        let layout = StridedCopy(
            dims: [outer, row], outStrides: [row, 1], strides: [extent * inner, 1],
            start: range.lowerBound * inner)
        return moved("narrowed", to: shape.replacing(position, with: range.count), layout)
    }

    /// `n` equal parts along an axis, whose extent `n` divides; where they do not lie one behind the other, a single copy puts them so.
    public func chunked(into n: Int, axis: Int) -> [Tensor] {
        precondition(
            n > 0 && shape[axis].isMultiple(of: n),
            "chunked: \(n) parts do not divide axis \(axis) of \(shape)")
        let position = shape.position(of: axis)
        let (outer, extent, inner) = shape.split(at: position)
        let part = shape.replacing(position, with: extent / n)
        let row = extent / n * inner
        let layout = StridedCopy(
            dims: [n, outer, row], outStrides: [outer * row, row, 1], strides: [row, extent * inner, 1])
        let target = Shape([n] + part.dims)
        let parts = n == 1 || outer == 1 ? reshaped(target) : moved("chunked", to: target, layout)
        return (0..<n).map { parts[$0] }
    }

    /// Tensors of one element type one after another along an axis; all other extents are equal.
    public static func concatenated(_ tensors: [Tensor], axis: Int) -> Tensor {
        guard let first = tensors.first else { preconditionFailure("concatenated: no tensors") }
        let position = first.shape.position(of: axis)
        for tensor in tensors {
            precondition(
                tensor.dtype == first.dtype && tensor.rank == first.rank
                    && tensor.shape.removing(position) == first.shape.removing(position),
                "concatenated: \(first.dtype) \(first.shape) and \(tensor.dtype) \(tensor.shape) on axis \(axis)"
            )
        }
        let shape = first.shape.replacing(position, with: tensors.reduce(0) { $0 + $1.shape[position] })
        return first.device.run("concatenated", tensors) {
            let result = Tensor(uninitialized: shape, first.dtype, on: first.device)
            let strides = shape.strides
            var start = 0
            for tensor in tensors {
                let layout = StridedCopy(
                    dims: tensor.shape.dims, outStrides: strides, strides: tensor.shape.strides,
                    outStart: start * strides[position])
                first.device.backend.copy(result.newBytes, tensor.bytes, layout, size: first.dtype.size)
                start += tensor.shape[position]
            }
            return result
        }
    }

    /// Tensors of one shape and element type along a new leading axis.
    public static func stacked(_ tensors: [Tensor]) -> Tensor {
        concatenated(tensors.map { $0.reshaped(Shape([1] + $0.shape.dims)) }, axis: 0)
    }

    /// The axes in another order: axis i of the result is axis `axes[i]` of this tensor.
    public func permuted(_ axes: Int...) -> Tensor { permuted(axes) }

    /// Two axes exchanged.
    public func transposed(_ a: Int, _ b: Int) -> Tensor {
        var axes = Array(0..<rank)
        axes.swapAt(shape.position(of: a), shape.position(of: b))
        return permuted(axes)
    }

    private func permuted(_ axes: [Int]) -> Tensor {
        let order = axes.map(shape.position)
        precondition(
            order.sorted() == Array(0..<rank), "permuted: \(axes) is no order of the axes of \(shape)")
        let target = Shape(order.map { shape[$0] })
        // Moving axes of extent 1 moves no element.
        let kept = order.filter { shape[$0] != 1 }
        guard kept != kept.sorted() else { return reshaped(target) }
        let strides = shape.strides
        return moved("permuted", to: target, strides: order.map { strides[$0] }, start: 0)
    }

    /// An axis in reverse.
    public func flipped(axis: Int) -> Tensor {
        let position = shape.position(of: axis)
        var strides = shape.strides
        let start = Swift.max(shape[position] - 1, 0) * strides[position]
        strides[position] = -strides[position]
        return moved("flipped", to: shape, strides: strides, start: start)
    }

    /// The elements repeated along axes of extent 1 and new leading axes.
    public func broadcast(to target: Shape) -> Tensor {
        guard target != shape else { return self }
        guard let strides = shape.strides(broadcastTo: target)
        else { preconditionFailure("broadcast: \(shape) does not broadcast to \(target)") }
        return moved("broadcast", to: target, strides: strides, start: 0)
    }

    /// The whole tensor `n` times along an axis: [a, b] becomes [a, b, a, b].
    public func repeated(_ n: Int, axis: Int) -> Tensor {
        precondition(n >= 0, "repeated: \(n) times")
        let position = shape.position(of: axis)
        let target = shape.replacing(position, with: n * shape[position])
        var (dims, strides) = (shape.dims, shape.strides)
        dims.insert(n, at: position)
        strides.insert(0, at: position)
        return moved("repeated", to: Shape(dims), strides: strides, start: 0).reshaped(target)
    }

    /// More elements before and after, all of one value.
    ///
    /// - Parameters:
    ///   - edges: an axis and how many elements to add on each side of it; each axis at most once.
    ///   - value: converted to the element type.
    /// - Returns: the tensor with its axes grown by before + after.
    public func padded(_ edges: [(axis: Int, before: Int, after: Int)], value: Float = 0) -> Tensor {
        var dims = shape.dims
        var before = [Int](repeating: 0, count: rank)
        for edge in edges {
            precondition(edge.before >= 0 && edge.after >= 0, "padded: negative edge \(edge) for \(shape)")
            let position = shape.position(of: edge.axis)
            dims[position] += edge.before + edge.after
            before[position] += edge.before
        }
        let target = Shape(dims)
        let strides = target.strides
        let layout = StridedCopy(
            dims: shape.dims, outStrides: strides, strides: shape.strides,
            outStart: zip(before, strides).reduce(0) { $0 + $1.0 * $1.1 })
        return device.run("padded", [self]) {
            let result = Tensor.full(value, target, on: device).converted(to: dtype)
            device.backend.copy(result.newBytes, bytes, layout, size: dtype.size)
            return result
        }
    }

    private func moved(_ name: String, to target: Shape, strides: [Int], start: Int) -> Tensor {
        moved(
            name, to: target,
            StridedCopy(dims: target.dims, outStrides: target.strides, strides: strides, start: start))
    }

    private func moved(_ name: String, to target: Shape, _ layout: StridedCopy) -> Tensor {
        device.run(name, [self]) {
            let result = Tensor(uninitialized: target, dtype, on: device)
            device.backend.copy(result.newBytes, bytes, layout, size: dtype.size)
            return result
        }
    }
}
