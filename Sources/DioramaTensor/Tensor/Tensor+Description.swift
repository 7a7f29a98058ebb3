extension Tensor: CustomStringConvertible {
    /// Type, shape and the first elements, as in `f32 [2, 3] (1.0, 2.0, 3.0, ...)`.
    public var description: String {
        let shown = 8
        let start = reshaped([count])[0..<Swift.min(shown, count)]
        let elements = dtype.isFloat ? start.floats().map { "\($0)" } : start.ints().map { "\($0)" }
        return "\(dtype) \(shape) (\((elements + (count > shown ? ["..."] : [])).joined(separator: ", ")))"
    }
}
