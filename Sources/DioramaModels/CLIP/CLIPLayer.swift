import DioramaNN
import DioramaTensor
import DioramaWeights

/// One layer of CLIP's encoders of texts and of pictures: self-attention and a perceptron, each normed before and added to its input.
struct CLIPLayer: Sendable {
    /// The form that all layers of an encoder have.
    struct Form: Sendable {
        /// Width of the token states.
        let width: Int
        /// Width between the two layers of the perceptron.
        let innerWidth: Int
        /// Number of attention heads, which divides `width`.
        let heads: Int
        /// The activation of the perceptron.
        let activation: LinearEpilogue.Activation
        /// Added to the variance in layer norms.
        let eps: Float
        /// Whether tokens see only those before them.
        let isCausal: Bool
    }

    private let norm1, norm2: LayerNorm
    private let query, key, value, output: Linear
    private let up, down: Linear
    private let form: Form

    /// Takes the weights of a layer, by transformers' names.
    init(_ w: Weights, _ form: Form) throws {
        let width = form.width
        norm1 = try LayerNorm(w["layer_norm1"], width: width, eps: form.eps)
        norm2 = try LayerNorm(w["layer_norm2"], width: width, eps: form.eps)
        let attention = w["self_attn"]
        query = try Linear(attention["q_proj"], from: width, to: width)
        key = try Linear(attention["k_proj"], from: width, to: width)
        value = try Linear(attention["v_proj"], from: width, to: width)
        output = try Linear(attention["out_proj"], from: width, to: width)
        up = try Linear(w["mlp.fc1"], from: width, to: form.innerWidth)
        down = try Linear(w["mlp.fc2"], from: form.innerWidth, to: width)
        self.form = form
    }

    /// [B, L, D] to the same.
    func callAsFunction(_ x: Tensor) -> Tensor {
        let y = selfAttention(norm1(x), LinearEpilogue(residual: x))
        return down(up(norm2(y), LinearEpilogue(form.activation)), LinearEpilogue(residual: y))
    }

    private func selfAttention(_ x: Tensor, _ epilogue: LinearEpilogue) -> Tensor {
        let (batch, length, width) = (x.shape[0], x.shape[1], x.shape[2])
        func split(_ y: Tensor) -> Tensor { y.reshaped(batch, length, form.heads, width / form.heads) }
        let mixed = attention(
            split(query(x)), split(key(x)), split(value(x)), causal: form.isCausal,
            precision: query.precision)
        return output(mixed.reshaped(batch, length, width), epilogue)
    }
}
