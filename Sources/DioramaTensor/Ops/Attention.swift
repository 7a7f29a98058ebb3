/// Scaled dot-product attention on tokens: softmax(q · kᵀ · scale + bias) · v.
///
/// A query all of whose keys are masked out by minus infinity gives zeros.
///
/// - Parameters:
///   - q: queries, [B, L, H, D].
///   - k: keys, [B, Lk, Hk, D]; Hk divides H, and each key head serves H / Hk query heads.
///   - v: values, of the shape of `k`.
///   - scale: multiplies the scores; 1 / sqrt(D) if nil.
///   - causal: query i sees only keys 0...i.
///   - keyBias: added to the scores of each key, [B, Lk] or [1, Lk]. A key that stands for n equal keys has log(n).
///   - mask: added to the scores; broadcasts to [B, H, L, Lk].
///   - precision: what operands and the keys' weights are rounded to; `.int8` counts as `.bf16`.
/// - Returns: [B, L, H, D].
public func attention(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, scale: Float? = nil, causal: Bool = false, keyBias: Tensor? = nil,
    mask: Tensor? = nil, precision: Precision = .f32
) -> Tensor {
    precondition(q.dtype.isFloat && k.dtype.isFloat && v.dtype.isFloat, "attention: operands are not floats")
    precondition(
        q.rank == 4 && k.rank == 4 && k.shape == v.shape && q.shape[0] == k.shape[0]
            && q.shape[3] == k.shape[3]
            && k.shape[2] > 0 && q.shape[2].isMultiple(of: k.shape[2]),
        "attention: q \(q.shape), k \(k.shape) and v \(v.shape) do not fit")
    var problem = AttentionProblem(
        batch: q.shape[0], queries: q.shape[1], keys: k.shape[1], heads: q.shape[2], keyHeads: k.shape[2],
        dim: q.shape[3], scale: scale ?? 1 / Float(Swift.max(q.shape[3], 1)).squareRoot(), causal: causal,
        precision: precision.real)
    if let keyBias {
        precondition(
            keyBias.rank == 2 && keyBias.shape[1] == problem.keys
                && (keyBias.shape[0] == problem.batch || keyBias.shape[0] == 1),
            "attention: keyBias \(keyBias.shape) does not fit k \(k.shape)")
        problem.keyBiasStride = keyBias.shape[0] == 1 ? 0 : problem.keys
    }
    if let mask {
        let full: Shape = [problem.batch, problem.heads, problem.queries, problem.keys]
        guard let strides = mask.shape.strides(broadcastTo: full)
        else { preconditionFailure("attention: mask \(mask.shape) does not broadcast to \(full)") }
        problem.maskStrides = strides
    }
    let (queries, keys, values) = (q.f32, k.f32, v.f32)
    let (keyOffsets, offsets) = (keyBias?.f32, mask?.f32)
    return .computed(
        "attention", [queries, keys, values, keyOffsets, offsets], q.shape, .result(of: [q, k, v]),
        on: q.device
    ) { [problem] backend, out in
        var problem = problem
        problem.keyBias = keyOffsets?.data
        problem.mask = offsets?.data
        backend.attention(out, queries.data, keys.data, values.data, problem)
    }
}
