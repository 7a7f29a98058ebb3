import DioramaNN
public import DioramaTensor
public import DioramaWeights

/// What every block is told beside the tokens.
public struct BlockConditions: Sendable {
    /// SiLU of the vector for time and text, [B, 1, D].
    public let time: ModulationVector
    /// Added to attention's scores of keys, [1, N + L]; nil for none.
    public let keyBias: Tensor?

    /// Conditions of one evaluation of the model.
    public init(time: ModulationVector, keyBias: Tensor? = nil) {
        self.time = time
        self.keyBias = keyBias
    }

    /// Conditions of an evaluation that belongs to no run of a sampler.
    public init(time: Tensor, keyBias: Tensor? = nil) {
        self.init(time: ModulationVector(time), keyBias: keyBias)
    }
}

/// Shift, scale and gate of one residual branch, each [B, 1, D].
struct Modulation: Sendable {
    let shift, scale, gate: Tensor

    /// `count` modulations of the output of an adaLN-zero linear, [B, 1, 3 * count * D]: shift, scale, gate of each in turn.
    static func split(_ x: Tensor, into count: Int) -> [Modulation] {
        let parts = x.chunked(into: 3 * count, axis: -1)
        return (0..<count).map {
            Modulation(shift: parts[3 * $0], scale: parts[3 * $0 + 1], gate: parts[3 * $0 + 2])
        }
    }

    /// The modulations of attention and perceptron.
    static func pair(_ x: Tensor) -> (mix: Modulation, think: Modulation) {
        let both = split(x, into: 2)
        return (both[0], both[1])
    }

    /// LN(x) (1 + scale) + shift: what the branch reads.
    func input(_ x: Tensor) -> Tensor { modulatedLayerNorm(x, scale: scale, shift: shift, eps: 1e-6) }

    /// x + gate * branch: what follows the branch's last layer.
    func added(to x: Tensor) -> LinearEpilogue { LinearEpilogue(residual: x, gate: gate) }
}

/// One block of the multimodal diffusion transformer: joint attention and a perceptron for each stream, all by adaLN-zero.
///
/// Esser et al., [Scaling Rectified Flow Transformers](https://arxiv.org/abs/2403.03206), figure 2; dual attention is Stable Diffusion
/// 3.5's (MMDiT-X).
public struct JointTransformerBlock: Sendable {
    private let modulation: Linear
    private let attention: JointAttention
    private let imageAttention: ImageAttention?
    private let mlp: FeedForward
    private let contextModulation: Linear
    /// How the text goes on; nil in the last block, which reads it and leaves it.
    private let contextPath: (query: TextQuery, mlp: FeedForward)?

    /// Takes the weights of block `layer`, after which nothing reads the text where it `isLast`; nil for the last of `c`.
    ///
    /// Throws where any is missing or of another shape.
    public init(_ w: Weights, layer: Int, _ c: SD3Config, isLast: Bool? = nil) throws {
        let isLast = isLast ?? (layer == c.layers - 1)
        let isDual = c.dualAttentionLayers.contains(layer)
        modulation = try Linear(
            w["norm1.linear"], from: c.width, to: (isDual ? 9 : 6) * c.width, isSensitive: true)
        attention = try JointAttention(w["attn"], c)
        imageAttention = isDual ? try ImageAttention(w["attn2"], c) : nil
        mlp = try FeedForward(w["ff"], width: c.width)
        contextModulation = try Linear(
            w["norm1_context.linear"], from: c.width, to: (isLast ? 2 : 6) * c.width, isSensitive: true)
        if isLast {
            // Checkpoints store the text's queries of the last block too.
            w["attn.add_q_proj"].skip()
            w["attn.norm_added_q"].skip()
            contextPath = nil
        } else {
            contextPath = (try TextQuery(w["attn"], c), try FeedForward(w["ff_context"], width: c.width))
        }
    }

    /// Passes both streams through, of which `state` must have both; the last block leaves the text as it is.
    public func callAsFunction(_ state: BlockState, _ conditions: BlockConditions) -> BlockState {
        guard let context = state.context else {
            preconditionFailure("JointTransformerBlock: the state has no text tokens")
        }
        let forImage = Modulation.split(modulation(conditions.time), into: imageAttention == nil ? 2 : 3)
        let forText = contextModulation(conditions.time)
        let x = forImage[0].input(state.image)

        guard let contextPath else {
            let mixed = attention(
                x, reading: finalNorm(context, forText), keyBias: conditions.keyBias,
                forImage[0].added(to: state.image))
            return BlockState(image: finishImage(mixed, state.image, forImage), context: context)
        }
        let (mix, think) = Modulation.pair(forText)
        let mixed = attention(
            x, and: mix.input(context), contextPath.query, keyBias: conditions.keyBias,
            forImage[0].added(to: state.image), mix.added(to: context))
        return BlockState(
            image: finishImage(mixed.image, state.image, forImage),
            context: contextPath.mlp(think.input(mixed.context), think.added(to: mixed.context)))
    }

    /// The image's way on from joint attention: its own attention where the block is dual, and the perceptron.
    ///
    /// Both attentions read what the block was given.
    private func finishImage(_ mixed: Tensor, _ given: Tensor, _ modulations: [Modulation]) -> Tensor {
        var x = mixed
        if let imageAttention {
            x = imageAttention(modulations[2].input(given), modulations[2].added(to: x))
        }
        return mlp(modulations[1].input(x), modulations[1].added(to: x))
    }
}

/// LN(x) (1 + scale) + shift with the output of a continuous adaLN linear, [B, 1, 2 D]: scale first, then shift.
func finalNorm(_ x: Tensor, _ scaleAndShift: Tensor) -> Tensor {
    let parts = scaleAndShift.chunked(into: 2, axis: -1)
    return modulatedLayerNorm(x, scale: parts[0], shift: parts[1], eps: 1e-6)
}
