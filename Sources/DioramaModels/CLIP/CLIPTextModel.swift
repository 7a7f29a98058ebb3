import DioramaNN
public import DioramaTensor
public import DioramaWeights

/// CLIP's text encoder: a causal transformer over token ids, with the state of one token pooled and projected.
///
/// Radford et al., [Learning Transferable Visual Models From Natural Language Supervision](https://arxiv.org/abs/2103.00020); names as
/// in transformers' `CLIPTextModelWithProjection`.
public struct CLIPTextModel: Sendable {
    /// What encoding gives.
    public struct Output: Sendable {
        /// The embeddings and the state after each layer, without the final norm: layers + 1 of [B, L, width].
        public let hiddenStates: [Tensor]
        /// The last state after the final norm, [B, L, width].
        public let last: Tensor
        /// The normed state of the pooled token, [B, width].
        public let pooled: Tensor
        /// The pooled state projected, [B, projection]; the pooled state itself where the encoder has no projection.
        public let projected: Tensor

        /// The state before the last layer, which diffusion models condition on.
        public var penultimate: Tensor { hiddenStates[hiddenStates.count - 2] }

        /// The state after a layer counted from the end, as ComfyUI's `clip_layer` has it.
        ///
        /// - Parameter layer: -1 is the last layer, whose state is not normed; one that the encoder does not have
        ///   gives ``last``.
        /// - Returns: [B, L, width].
        public func state(ofLayer layer: Int) -> Tensor {
            let layers = hiddenStates.count - 1
            return layer < 0 && layer >= -layers ? hiddenStates[hiddenStates.count + layer] : last
        }
    }

    /// Its shape.
    public let config: CLIPTextConfig
    private let weights: Weights
    private let tokens: Embedding
    private let positions: Embedding
    private let layers: [CLIPLayer]
    private let finalNorm: LayerNorm
    private let projection: Linear?

    /// How files spell its tensors: transformers' names and OpenCLIP's, after `prefix`, which ends with a dot where it is not empty.
    public static func names(prefix: String = "") -> TensorNames {
        TensorNames(prefix: prefix, transposed: CLIPNames.transposed, aliases: CLIPNames.aliases)
    }

    /// Where the transformer is: with or without `text_model.` before its names.
    static func root(of w: Weights) -> Weights {
        w["text_model"].contains("final_layer_norm.weight") ? w["text_model"] : w
    }

    /// Takes the weights of the encoder, with or without the prefix `text_model.`, and passes over those of the encoder of pictures;
    /// throws where any is missing or of another shape.
    public init(_ w: Weights, _ config: CLIPTextConfig) throws {
        let model = Self.root(of: w)
        self.config = config
        weights = w
        tokens = try Embedding(
            model["embeddings.token_embedding"], count: config.vocabulary, width: config.width)
        positions = try Embedding(
            model["embeddings.position_embedding"], count: config.positions, width: config.width)
        layers = try (0..<config.layers).map { try CLIPLayer(model["encoder.layers"][$0], config.form) }
        finalNorm = try LayerNorm(model["final_layer_norm"], width: config.width, eps: config.eps)
        projection = try config.projection.map {
            try Linear(w["text_projection"], from: config.width, to: $0, bias: false, isSensitive: true)
        }
        model["embeddings.position_ids"].skip()
        for other in ["vision_model", "visual", "visual_projection", "logit_scale", "attn_mask"] {
            w[other].skip()
        }
    }

    /// The encoder with an adapter's changes, its own weights shared; `place` is which encoder of its pipeline it is.
    public func adapted(
        by adapter: inout AdapterApplication, as place: CLIPPlace, strength: Double
    ) throws -> CLIPTextModel {
        try CLIPTextModel(
            weights.adapted(by: &adapter, names: .clip(place), strength: strength), config)
    }

    /// Encodes sequences of ids, all of one length, at most `config.positions`.
    ///
    /// Throws `ModelInputError` for an id the table does not have, or sequences that are empty, too long or of different lengths.
    public func callAsFunction(_ ids: [[Int]], on device: Device) throws -> Output {
        let sequences = try TokenSequences(
            ids, encoder: "CLIP", vocabulary: config.vocabulary, longest: config.positions, on: device)
        var x = tokens(sequences.ids) + positions.weight[0..<sequences.length].asType(.f32)
        var states = [x]
        for layer in layers {
            x = layer(x)
            states.append(x)
        }
        let last = finalNorm(x)
        let pooled = Tensor.stacked(ids.enumerated().map { row, ids in last[row][pooledPosition(ids)] })
        return Output(
            hiddenStates: states, last: last, pooled: pooled, projected: projection?(pooled) ?? pooled)
    }

    /// Where in `ids` the pooled token is.
    private func pooledPosition(_ ids: [Int]) -> Int {
        switch config.pooling {
        case .largestID: ids.max().flatMap(ids.firstIndex) ?? 0
        case .first(let end): ids.firstIndex(of: end) ?? 0
        }
    }
}

extension CLIPTextConfig {
    /// The form of its layers.
    fileprivate var form: CLIPLayer.Form {
        CLIPLayer.Form(
            width: width, innerWidth: innerWidth, heads: heads,
            activation: activation == .quickGELU ? .quickGELU : .gelu, eps: eps, isCausal: true)
    }
}
