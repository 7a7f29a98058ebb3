import DioramaNN
public import DioramaTensor
public import DioramaWeights

/// A vision transformer of CLIP's kind, from pixels to token states: the encoders of pictures of CLIP and SigLIP.
///
/// Radford et al., [Learning Transferable Visual Models From Natural Language Supervision](https://arxiv.org/abs/2103.00020); Zhai et al.,
/// [Sigmoid Loss for Language Image Pre-Training](https://arxiv.org/abs/2303.15343). Names as in transformers' `CLIPVisionModelWithProjection`
/// and `SiglipVisionModel`; what is given is what ComfyUI's `CLIPVisionEncode` gives.
public struct CLIPVisionModel: Sendable {
    /// What encoding gives.
    public struct Output: Sendable {
        /// The states behind the last layer, normed for SigLIP, [B, N, width].
        public let last: Tensor
        /// The states before the last layer, not normed, [B, N, width].
        public let penultimate: Tensor
        /// What stands for the whole picture: the projected state of CLIP's own token, [B, projection], or SigLIP's ``last``.
        public let embeds: Tensor

        /// Gathers the states of pictures that were encoded one by one, at least one.
        public static func joined(_ outputs: [Output]) -> Output {
            func all(_ part: (Output) -> Tensor) -> Tensor { .concatenated(outputs.map(part), axis: 0) }
            return outputs.count == 1 ? outputs[0] : Output(all(\.last), all(\.penultimate), all(\.embeds))
        }

        init(_ last: Tensor, _ penultimate: Tensor, _ embeds: Tensor) {
            (self.last, self.penultimate, self.embeds) = (last, penultimate, embeds)
        }
    }

    /// Its shape.
    public let config: CLIPVisionConfig
    private let patches: Tensor
    private let patchBias: Tensor?
    private let patchPrecision: Precision
    private let ownToken: Tensor?
    private let positions: Embedding
    private let normBefore: LayerNorm?
    private let layers: [CLIPLayer]
    private let normAfter: LayerNorm
    private let projection: Linear?

    /// How files spell its tensors: transformers' names, and OpenCLIP's under `visual.`.
    public static let names = TensorNames(
        transposed: CLIPVisionNames.transposed, aliases: CLIPVisionNames.aliases)

    /// Takes the weights of the model, and passes over a text encoder beside it and SigLIP's pooling, which nothing here reads.
    ///
    /// - Throws: `WeightsError` where a tensor is missing or of another shape.
    public init(_ w: Weights, _ config: CLIPVisionConfig) throws {
        let (model, width, isCLIP) = (w["vision_model"], config.width, config.kind == .clip)
        self.config = config
        let embeddings = model["embeddings"]
        let inputs = 3 * config.patch * config.patch
        let kernel = embeddings["patch_embedding"]
        patches = try kernel.tensor("weight", [width, 3, config.patch, config.patch]).reshaped(width, inputs)
        patchBias = isCLIP ? nil : try kernel.tensor("bias", [width])
        patchPrecision = kernel.precision(of: patches).real
        ownToken = isCLIP ? try embeddings.tensor("class_embedding", [width]) : nil
        positions = try Embedding(
            embeddings["position_embedding"], count: config.tokens, width: width)
        normBefore =
            isCLIP ? try LayerNorm(model["pre_layrnorm"], width: width, eps: CLIPVisionConfig.eps) : nil
        layers = try (0..<config.layers).map { try CLIPLayer(model["encoder.layers"][$0], config.form) }
        normAfter = try LayerNorm(model["post_layernorm"], width: width, eps: CLIPVisionConfig.eps)
        projection = try config.projection.map {
            try Linear(w["visual_projection"], from: width, to: $0, bias: false, isSensitive: true)
        }
        embeddings["position_ids"].skip()
        model["head"].skip()
        for other in [
            "text_model", "text_projection", "logit_scale", "logit_bias", "transformer", "token_embedding",
            "positional_embedding", "ln_final", "attn_mask",
        ] {
            w[other].skip()
        }
    }

    /// Encodes pictures.
    ///
    /// - Parameter pixels: as ``pixels(of:croppingCenter:)`` gives them, [B, 3, S, S].
    /// - Returns: the states.
    /// - Throws: `ModelInputError` for pictures of another shape.
    public func callAsFunction(_ pixels: Tensor) throws -> Output {
        let (side, batch) = (config.pictureSide, pixels.shape.dims.first ?? 0)
        guard pixels.rank == 4, batch > 0, Array(pixels.shape.dims.dropFirst()) == [3, side, side] else {
            throw ModelInputError(
                "the pictures are \(pixels.shape); this model takes [B, 3, \(side), \(side)]")
        }
        let whole = config.side * config.patch
        let cut = Patches.cut(
            pixels.cropped(to: [batch, 3, whole, whole]), patch: config.patch, .channelsFirst)
        var x = linear(cut, patches, bias: patchBias, precision: patchPrecision)
        if let ownToken {
            let own = ownToken.asType(.f32).reshaped(1, 1, config.width).repeated(batch, axis: 0)
            x = .concatenated([own, x], axis: 1)
        }
        x = x + positions.weight.asType(.f32)
        if let normBefore { x = normBefore(x) }
        var penultimate = x
        for layer in layers {
            penultimate = x
            x = layer(x)
        }
        switch config.kind {
        case .sigLIP:
            let last = normAfter(x)
            return Output(last, penultimate, projection?(last) ?? last)
        case .clip:
            let own = normAfter(x.narrowed(axis: 1, 0..<1)).reshaped(batch, config.width)
            return Output(x, penultimate, projection?(own) ?? own)
        }
    }
}
