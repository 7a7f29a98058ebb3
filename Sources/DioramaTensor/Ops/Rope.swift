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
///   - norm: the weight [D] and the eps of ``rmsNorm(_:weight:eps:)``, which each head goes through first, in the same pass.
/// - Returns: the shape of `x`.
public func rope(
    _ x: Tensor, cos: Tensor, sin: Tensor, layout: RopeLayout, norm: (weight: Tensor, eps: Float)? = nil
) -> Tensor {
    precondition(
        x.dtype.isFloat && x.rank == 4 && x.shape[3].isMultiple(of: 2), "rope: x is \(x.dtype) \(x.shape)")
    precondition(
        cos.shape == [x.shape[1], x.shape[3] / 2] && sin.shape == cos.shape,
        "rope: cos \(cos.shape) and sin \(sin.shape) do not fit x \(x.shape)")
    if let norm {
        precondition(
            norm.weight.shape == [x.shape[3]], "rope: norm \(norm.weight.shape) does not fit x \(x.shape)")
    }
    var problem = RopeProblem(
        batch: x.shape[0], length: x.shape[1], heads: x.shape[2], dim: x.shape[3], layout: layout)
    let (values, c, s, weight) = (x.f32, cos.f32, sin.f32, norm?.weight.f32)
    let type = DType.result(of: [x, norm?.weight])
    return .computed("rope", [values, c, s, weight], x.shape, type, on: x.device) { backend, out in
        if let norm, let weight { problem.norm = RopeProblem.HeadNorm(weight: weight.data, eps: norm.eps) }
        backend.rope(out, values.data, cos: c.data, sin: s.data, problem)
    }
}
