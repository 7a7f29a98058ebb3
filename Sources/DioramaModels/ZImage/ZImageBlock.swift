import DioramaNN
import DioramaTensor
import DioramaWeights

/// A block of Z-Image: attention and a gated perceptron, each between two norms, modulated where it sees noise.
///
/// Names as in diffusers' `ZImageTransformerBlock`; scales and gates, without shifts, as in Lumina-Image 2.
struct ZImageBlock: Sendable {
    private let query, key, value: HeadProjection
    private let output: Linear
    private let mlp: GatedFeedForward
    private let attentionNorms, mlpNorms: (before: RMSNorm, after: RMSNorm)
    private let modulation: Linear?

    /// The eps of the norms of queries and keys, whatever that of the others is.
    private static let headEps: Float = 1e-5

    init(_ w: Weights, _ c: ZImageConfig, isModulated: Bool) throws {
        func head(_ name: String, norm: String? = nil) throws -> HeadProjection {
            try HeadProjection(
                w["attention"], name, norm: norm, width: c.width, heads: c.heads, bias: false,
                eps: Self.headEps)
        }
        func norms(_ name: String) throws -> (RMSNorm, RMSNorm) {
            (
                try RMSNorm(w[name + "1"], width: c.width, eps: c.eps),
                try RMSNorm(w[name + "2"], width: c.width, eps: c.eps)
            )
        }
        query = try head("to_q", norm: "norm_q")
        key = try head("to_k", norm: "norm_k")
        value = try head("to_v")
        output = try Linear(w["attention.to_out.0"], from: c.width, to: c.width, bias: false)
        mlp = try GatedFeedForward(
            w["feed_forward"], gate: "w1", up: "w3", down: "w2", width: c.width, inner: c.innerWidth)
        attentionNorms = try norms("attention_norm")
        mlpNorms = try norms("ffn_norm")
        modulation =
            isModulated
            ? try Linear(
                w["adaLN_modulation.0"], from: c.conditionWidth, to: 4 * c.width, isSensitive: true) : nil
    }

    /// [B, L, D] to the same; `time` [B, 1, conditionWidth] for a block that is modulated.
    func callAsFunction(_ x: Tensor, _ positions: RotaryPositions, time: ModulationVector? = nil) -> Tensor {
        var (mixScale, mixGate, mlpScale, mlpGate): (Tensor?, Tensor?, Tensor?, Tensor?)
        if let modulation, let time {
            let parts = modulation(time).chunked(into: 4, axis: -1)
            (mixScale, mixGate, mlpScale, mlpGate) = (
                parts[0] + 1, tanh(parts[1]), parts[2] + 1, tanh(parts[3])
            )
        }
        func scaled(_ y: Tensor, _ scale: Tensor?) -> Tensor { scale.map { y * $0 } ?? y }
        let read = scaled(attentionNorms.before(x), mixScale)
        let own = HeadProjection.each(query, key, value, of: read, turnedBy: positions)
        let mixed = output(
            attention(own.query, own.key, own.value, precision: query.precision).joinedHeads())
        let y = x + scaled(attentionNorms.after(mixed), mixGate)
        let thought = mlp(scaled(mlpNorms.before(y), mlpScale), LinearEpilogue())
        return y + scaled(mlpNorms.after(thought), mlpGate)
    }
}
