import DioramaNN
import DioramaTensor
import DioramaWeights

/// Attention that asks one sequence and reads another, or itself.
struct CrossAttention: Sendable {
    private let query, key, value: HeadProjection
    private let output: Linear

    /// Takes `to_q`, `to_k`, `to_v` and `to_out.0`, of which only the last is sure to have a bias.
    ///
    /// - Parameters:
    ///   - w: where they are.
    ///   - width: of the tokens that ask.
    ///   - heads: how many, which divides `width`.
    ///   - contextWidth: of the tokens that are read; `width` if nil.
    ///   - bias: whether queries, keys and values have one.
    /// - Throws: `WeightsError` where a tensor is missing or of another shape.
    init(_ w: Weights, width: Int, heads: Int, contextWidth: Int? = nil, bias: Bool = true) throws {
        func head(_ name: String, from input: Int) throws -> HeadProjection {
            try HeadProjection(w, name, width: input, heads: heads, inner: width, bias: bias)
        }
        let read = contextWidth ?? width
        (query, key, value) = (
            try head("to_q", from: width), try head("to_k", from: read), try head("to_v", from: read)
        )
        output = try Linear(w["to_out.0"], from: width, to: width)
    }

    /// [B, N, D] that asks and [B, L, C] that is read to [B, N, D], and what follows.
    func callAsFunction(_ x: Tensor, reading y: Tensor, _ epilogue: LinearEpilogue) -> Tensor {
        output(
            attention(query(x), key(y), value(y), precision: query.precision).joinedHeads(), epilogue)
    }
}
