import DioramaNN
import DioramaTensor
import DioramaWeights

/// The projection of tokens to queries, keys or values, split into heads, with the norm of each head where the model has one.
struct HeadProjection: Sendable {
    /// What attention's products are rounded to.
    var precision: Precision { linear.precision }
    private let linear: Linear
    private let norm: RMSNorm?
    private let heads: Int

    /// Takes the linear layer `projection`, and the norm of a head's width `norm` where there is one.
    ///
    /// - Parameters:
    ///   - w: where both are.
    ///   - projection: the name of the linear layer.
    ///   - norm: the name of the norm.
    ///   - width: of the tokens.
    ///   - heads: how many, which divides `inner`.
    ///   - inner: width of all heads; that of the tokens if nil.
    ///   - bias: whether the linear layer has one.
    ///   - eps: the norm's.
    /// - Throws: `WeightsError` where a tensor is missing or of another shape.
    init(
        _ w: Weights, _ projection: String, norm: String? = nil, width: Int, heads: Int, inner: Int? = nil,
        bias: Bool = true, eps: Float = 1e-6
    ) throws {
        let inner = inner ?? width
        linear = try Linear(w[projection], from: width, to: inner, bias: bias)
        self.norm = try norm.map { try RMSNorm(w[$0], width: inner / heads, eps: eps) }
        self.heads = heads
    }

    /// [B, L, width] to [B, L, heads, inner / heads].
    func callAsFunction(_ x: Tensor) -> Tensor { split(linear(x)) }

    /// Queries, keys and values of the same tokens, which are rounded and packed once.
    ///
    /// - Parameters:
    ///   - query: the projection to queries.
    ///   - key: that to keys.
    ///   - value: that to values.
    ///   - x: [B, L, width].
    ///   - positions: by which queries and keys turn; nil for not at all.
    ///   - layout: which elements turn together.
    /// - Returns: [B, L, heads, inner / heads] each.
    static func each(
        _ query: HeadProjection, _ key: HeadProjection, _ value: HeadProjection, of x: Tensor,
        turnedBy positions: RotaryPositions? = nil, _ layout: RopeLayout = .interleaved
    ) -> (query: Tensor, key: Tensor, value: Tensor) {
        let parts = Linear.each([query.linear, key.linear, value.linear], of: x)
        return (
            query.split(parts[0], positions, layout), key.split(parts[1], positions, layout),
            value.split(parts[2])
        )
    }

    private func split(
        _ y: Tensor, _ positions: RotaryPositions? = nil, _ layout: RopeLayout = .interleaved
    ) -> Tensor {
        let split = y.reshaped(y.shape[0], y.shape[1], heads, y.shape[2] / heads)
        if let positions { return positions(split, layout: layout, normedBy: norm) }
        return norm?(split) ?? split
    }
}

extension Tensor {
    /// [B, L, heads, d] to [B, L, heads * d].
    func joinedHeads() -> Tensor { reshaped(shape[0], shape[1], shape[2] * shape[3]) }
}
