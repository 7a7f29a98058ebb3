import DioramaNN
import DioramaTensor
import DioramaWeights

/// The network that makes all of Chroma's modulations of the time: in place of a linear layer in every block.
///
/// As diffusers' `ChromaApproximator` and `ChromaCombinedTimestepTextProjEmbeddings`.
struct ChromaApproximator: Sendable {
    private let input, output: Linear
    private let layers: [(norm: RMSNorm, first: Linear, second: Linear)]
    private let config: ChromaConfig

    /// The eps of norms that say none: the spacing of f32 at 1.
    private static let eps = Float.ulpOfOne

    init(_ w: Weights, _ c: ChromaConfig) throws {
        func linear(_ w: Weights, from input: Int, to output: Int) throws -> Linear {
            try Linear(w, from: input, to: output, isSensitive: true)
        }
        let inner = c.approximatorWidth
        config = c
        input = try linear(w["in_proj"], from: c.approximatorInput, to: inner)
        output = try linear(w["out_proj"], from: inner, to: c.width)
        layers = try (0..<c.approximatorLayers).map {
            (
                norm: try RMSNorm(w["norms"][$0], width: inner, eps: Self.eps),
                first: try linear(w["layers"][$0]["linear_1"], from: inner, to: inner),
                second: try linear(w["layers"][$0]["linear_2"], from: inner, to: inner)
            )
        }
    }

    /// Tells the file that the weights are mapped from that they are not needed for a while.
    func releaseWeights() {
        for layer in [input, output] + layers.flatMap({ [$0.first, $0.second] }) { layer.releaseWeight() }
    }

    /// Times [B] in 0...1 to modulations [B, M, D]; guidance is always 0.
    func callAsFunction(_ timestep: Tensor) -> Tensor {
        let (batch, count) = (timestep.shape[0], config.modulations)
        let width = config.approximatorInput / 4
        let time = FluxTime.embedded(timestep, width: width).reshaped(batch, 1, width)
        let guidance = FluxTime.embedded(.zeros([1], on: timestep.device), width: width).reshaped(1, 1, width)
        let numbers = Tensor((0..<count).map(Float.init), [count], on: timestep.device)
        let places = FluxTime.embedded(numbers, width: 2 * width).reshaped(1, count, 2 * width)
        let read = Tensor.concatenated(
            [
                time.repeated(count, axis: 1),
                guidance.repeated(count, axis: 1).repeated(batch, axis: 0),
                places.repeated(batch, axis: 0),
            ], axis: 2)
        return output(
            layers.reduce(input(read)) { x, layer in
                layer.second(layer.first(layer.norm(x), LinearEpilogue(.silu)), LinearEpilogue(residual: x))
            })
    }
}
