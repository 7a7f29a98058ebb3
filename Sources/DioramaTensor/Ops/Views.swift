// Views: other shapes and parts of a tensor that share its storage.
extension Tensor {
    /// The same elements in another shape; one extent may be -1 and follows from the rest.
    public func reshaped(_ dims: Int...) -> Tensor { reshaped(resolving: dims) }

    /// The same elements in another shape.
    public func reshaped(_ shape: Shape) -> Tensor { reshaped(resolving: shape.dims) }

    private func reshaped(resolving dims: [Int]) -> Tensor {
        var dims = dims
        if let open = dims.firstIndex(of: -1) {
            dims[open] = 1
            let rest = dims.reduce(1, *)
            precondition(
                rest > 0 && count.isMultiple(of: rest), "reshaped: \(shape) does not divide by \(dims)")
            dims[open] = count / rest
        }
        let target = Shape(dims)
        precondition(target.count == count, "reshaped: \(shape) has not as many elements as \(target)")
        return view(from: 0, target)
    }

    /// One position of the leading axis, which is dropped; a view.
    public subscript(index: Int) -> Tensor {
        precondition(
            rank > 0 && index >= 0 && index < shape[0], "index \(index) is outside of axis 0 of \(shape)")
        let part = Shape(Array(shape.dims.dropFirst()))
        return view(from: index * part.count, part)
    }

    /// A range of the leading axis; a view.
    public subscript(range: Range<Int>) -> Tensor {
        precondition(
            rank > 0 && range.lowerBound >= 0 && range.upperBound <= shape[0],
            "range \(range) is outside of axis 0 of \(shape)")
        let step = shape.dims.dropFirst().reduce(1, *)
        return view(from: range.lowerBound * step, shape.replacing(0, with: range.count))
    }

    private func view(from element: Int, _ shape: Shape) -> Tensor {
        Tensor(
            storage: storage, byteOffset: byteOffset + element * dtype.size, shape: shape, dtype: dtype,
            on: device)
    }
}
