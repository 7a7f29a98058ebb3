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
    attention(
        [q], [k], [v], scale: scale, causal: causal, keyBias: keyBias, mask: mask, precision: precision)[0]
}

/// Scaled dot-product attention, as for whole sequences, of sequences that lie in parts one behind the other: no copy of the whole is made.
///
/// - Parameters:
///   - q: queries, [B, L, H, D] each.
///   - k: keys, [B, Lk, Hk, D] each.
///   - v: values, of the shapes of `k`.
///   - scale: multiplies the scores; 1 / sqrt(D) if nil.
///   - causal: query i of all sees only keys 0...i of all.
///   - keyBias: added to the scores of all keys, [B, Lk] or [1, Lk].
///   - mask: added to the scores; broadcasts to [B, H, L, Lk] of the whole.
///   - precision: what operands and the keys' weights are rounded to; `.int8` counts as `.bf16`.
/// - Returns: [B, L, H, D] for each part of the queries.
public func attention(
    _ q: [Tensor], _ k: [Tensor], _ v: [Tensor], scale: Float? = nil, causal: Bool = false,
    keyBias: Tensor? = nil, mask: Tensor? = nil, precision: Precision = .f32
) -> [Tensor] {
    var problem = checked(q, k, v)
    if let scale { problem.scale = scale }
    problem.causal = causal
    problem.precision = precision.real
    if let keyBias {
        precondition(
            keyBias.rank == 2 && keyBias.shape[1] == problem.keys.count
                && (keyBias.shape[0] == problem.batch || keyBias.shape[0] == 1),
            "attention: keyBias \(keyBias.shape) does not fit \(problem.keys.count) keys")
        problem.keyBiasStride = keyBias.shape[0] == 1 ? 0 : problem.keys.count
    }
    if let mask {
        let full: Shape = [problem.batch, problem.heads, problem.queries.count, problem.keys.count]
        guard let strides = mask.shape.strides(broadcastTo: full)
        else { preconditionFailure("attention: mask \(mask.shape) does not broadcast to \(full)") }
        problem.maskStrides = strides
    }
    let (queries, keys, values) = (q.map(\.f32), k.map(\.f32), v.map(\.f32))
    let (keyOffsets, offsets) = (keyBias?.f32, mask?.f32)
    let (device, type) = (q[0].device, DType.result(of: q + k + v))
    for operand in [queries, keys, values].joined() { device.check("attention", operand) }
    if let keyOffsets { device.check("attention", keyOffsets) }
    if let offsets { device.check("attention", offsets) }
    return withExtendedLifetime((queries, keys, values, keyOffsets, offsets)) {
        device.run("attention", reading: { queries + keys + values + [keyOffsets, offsets] }) {
            let results = queries.map { Tensor(uninitialized: $0.shape, on: device) }
            problem.keyBias = keyOffsets?.data
            problem.mask = offsets?.data
            device.backend.attention(
                results.map(\.newData), queries.map(\.data), keys.map(\.data), values.map(\.data), problem)
            return results.map { $0.converted(to: type) }
        }
    }
}

/// The sizes of operands that fit one another.
private func checked(_ q: [Tensor], _ k: [Tensor], _ v: [Tensor]) -> AttentionProblem {
    guard let first = q.first?.shape, let key = k.first?.shape else {
        preconditionFailure("attention: no queries, or no keys")
    }
    /// Whether a part is of floats and has the extents of the first, but for its length.
    func isPart(_ x: Tensor, _ first: Shape) -> Bool {
        let shape = x.shape
        return x.dtype.isFloat && shape.rank == 4 && first.rank == 4 && shape[0] == first[0]
            && shape[2] == first[2] && shape[3] == first[3]
    }
    let areParts =
        q.allSatisfy { isPart($0, first) } && k.allSatisfy { isPart($0, key) }
        && v.count == k.count && zip(k, v).allSatisfy { $0.shape == $1.shape && $1.dtype.isFloat }
    precondition(
        areParts && first[0] == key[0] && first[3] == key[3] && key[2] > 0 && first[2].isMultiple(of: key[2]),
        "attention: q \(q.map(\.described)), k \(k.map(\.described)) and v \(v.map(\.described)) do not fit")
    return AttentionProblem(
        batch: first[0], queries: AttentionProblem.Parts(counts: q.map { $0.shape[1] }),
        keys: AttentionProblem.Parts(counts: k.map { $0.shape[1] }), heads: first[2], keyHeads: key[2],
        dim: first[3], scale: 1 / Float(Swift.max(first[3], 1)).squareRoot(), causal: false, precision: .f32)
}

extension Tensor {
    /// Element type and shape, for messages.
    fileprivate var described: String { "\(dtype) \(shape)" }
}
