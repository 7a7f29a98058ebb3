import DioramaNN
import DioramaTensor
import DioramaWeights

/// A block that knows image tokens alone: attention and a perceptron by adaLN-zero, as ControlNets of Stable Diffusion 3.5 have it.
struct ImageTransformerBlock: Sendable {
    private let modulation: Linear
    private let attention: ImageAttention
    private let mlp: FeedForward

    /// Takes the weights; throws where any is missing or of another shape.
    init(_ w: Weights, _ c: SD3Config) throws {
        modulation = try Linear(w["norm1.linear"], from: c.width, to: 6 * c.width, isSensitive: true)
        attention = try ImageAttention(w["attn"], c)
        mlp = try FeedForward(w["ff"], width: c.width)
    }

    /// [B, N, D] to the same; `time` is SiLU of the vector for time and text.
    func callAsFunction(_ x: Tensor, _ time: ModulationVector) -> Tensor {
        let (mix, think) = Modulation.pair(modulation(time))
        let mixed = attention(mix.input(x), mix.added(to: x))
        return mlp(think.input(mixed), think.added(to: mixed))
    }
}
