/// Which two elements of a head a rotary embedding turns together.
public enum RopeLayout: String, Sendable, CaseIterable {
    /// Elements 2i and 2i + 1.
    case interleaved
    /// Elements i and i + D / 2.
    case half
}

/// Rotary position embedding: turns each pair (a, b) of a head's elements into
/// (a · cos - b · sin, b · cos + a · sin).
///
/// - Parameters:
///   - x: [B, L, H, D], D even.
///   - cos: cosines of the angle of each position and pair, [L, D / 2].
///   - sin: sines, of the shape of `cos`.
///   - layout: which elements form a pair.
/// - Returns: the shape of `x`.
public func rope(_ x: Tensor, cos: Tensor, sin: Tensor, layout: RopeLayout) -> Tensor {
    precondition(
        x.dtype.isFloat && x.rank == 4 && x.shape[3].isMultiple(of: 2), "rope: x is \(x.dtype) \(x.shape)")
    precondition(
        cos.shape == [x.shape[1], x.shape[3] / 2] && sin.shape == cos.shape,
        "rope: cos \(cos.shape) and sin \(sin.shape) do not fit x \(x.shape)")
    let problem = RopeProblem(
        batch: x.shape[0], length: x.shape[1], heads: x.shape[2], dim: x.shape[3], layout: layout)
    let (values, c, s) = (x.f32, cos.f32, sin.f32)
    return .computed("rope", [values, c, s], x.shape, .result(of: [x]), on: x.device) { backend, out in
        backend.rope(out, values.data, cos: c.data, sin: s.data, problem)
    }
}
