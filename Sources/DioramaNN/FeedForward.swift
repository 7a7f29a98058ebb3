public import DioramaTensor
public import DioramaWeights

/// What a transformer block does to each token alone.
public protocol FeedForwardLayer: Sendable {
    /// [..., width] to the same, and what follows it.
    func callAsFunction(_ x: Tensor, _ epilogue: LinearEpilogue) -> Tensor
}

/// The two-layer perceptron of diffusers' transformers: tanh-approximated GELU between, four times as wide.
public struct FeedForward: FeedForwardLayer {
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

/// The perceptron with a gate: down(activation(gate(x)) · up(x)).
///
/// Shazeer, [GLU Variants Improve Transformer](https://arxiv.org/abs/2002.05202): SwiGLU with SiLU, GEGLU with GELU.
public struct GatedFeedForward: FeedForwardLayer {
    private let gate, up, down: Linear
    private let activation: LinearEpilogue.Activation

    /// Takes three linear layers by their names, without biases unless `bias` is true.
    public init(
        _ w: Weights, gate: String, up: String, down: String, width: Int, inner: Int,
        _ activation: LinearEpilogue.Activation = .silu, bias: Bool = false
    ) throws {
        self.gate = try Linear(w[gate], from: width, to: inner, bias: bias)
        self.up = try Linear(w[up], from: width, to: inner, bias: bias)
        self.down = try Linear(w[down], from: inner, to: width, bias: bias)
        self.activation = activation
    }

    /// [..., width] to the same, and what follows it.
    public func callAsFunction(_ x: Tensor, _ epilogue: LinearEpilogue = LinearEpilogue()) -> Tensor {
        down(up(x, LinearEpilogue(gate: gate(x, LinearEpilogue(activation)))), epilogue)
    }
}

/// The two-layer perceptron that turns a vector of conditions into the model's width: SiLU between.
public struct ConditionEmbedder: Sendable {
    private let first: Linear
    private let second: Linear

    /// Takes `linear_1` (input to width) and `linear_2` (width to width).
    public init(_ w: Weights, from input: Int, to width: Int, bias: Bool = true) throws {
        first = try Linear(w["linear_1"], from: input, to: width, bias: bias, isSensitive: true)
        second = try Linear(w["linear_2"], from: width, to: width, bias: bias, isSensitive: true)
    }

    /// [B, input] to [B, width].
    public func callAsFunction(_ x: Tensor) -> Tensor { second(first(x, LinearEpilogue(.silu))) }
}
