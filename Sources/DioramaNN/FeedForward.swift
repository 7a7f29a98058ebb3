public import DioramaTensor
public import DioramaWeights

/// The two-layer perceptron of diffusers' transformers: tanh-approximated GELU between, four times as wide.
public struct FeedForward: Sendable {
    private let up: Linear
    private let down: Linear

    /// Takes `net.0.proj` and `net.2`.
    public init(_ w: Weights, width: Int, factor: Int = 4) throws {
        up = try Linear(w["net.0.proj"], from: width, to: factor * width)
        down = try Linear(w["net.2"], from: factor * width, to: width)
    }

    /// [..., width] to the same, and what follows it.
    public func callAsFunction(_ x: Tensor, _ epilogue: LinearEpilogue = LinearEpilogue()) -> Tensor {
        down(up(x, LinearEpilogue(.geluTanh)), epilogue)
    }
}

/// The two-layer perceptron that turns a vector of conditions into the model's width: SiLU between.
public struct ConditionEmbedder: Sendable {
    private let first: Linear
    private let second: Linear

    /// Takes `linear_1` (input to width) and `linear_2` (width to width).
    public init(_ w: Weights, from input: Int, to width: Int) throws {
        first = try Linear(w["linear_1"], from: input, to: width, isSensitive: true)
        second = try Linear(w["linear_2"], from: width, to: width, isSensitive: true)
    }

    /// [B, input] to [B, width].
    public func callAsFunction(_ x: Tensor) -> Tensor { second(first(x, LinearEpilogue(.silu))) }
}
