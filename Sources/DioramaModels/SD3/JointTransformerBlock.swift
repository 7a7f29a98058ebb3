import DioramaNN
public import DioramaTensor
import DioramaWeights

/// The two streams of tokens that pass through the blocks.
public struct JointTokens: Sendable {
    /// Image tokens, [B, N, D].
    public var image: Tensor
    /// Text tokens, [B, L, D].
    public var context: Tensor

    /// Both streams.
    public init(image: Tensor, context: Tensor) {
        self.image = image
        self.context = context
    }
}

/// What every block is told beside the tokens.
public struct BlockConditions: Sendable {
    /// SiLU of the vector for time and text, [B, 1, D].
    public let time: Tensor
    /// Added to attention's scores of keys, [1, N + L]; nil for none.
    public let keyBias: Tensor?

    /// Conditions of one evaluation of the model.
    public init(time: Tensor, keyBias: Tensor? = nil) {
        self.time = time
        self.keyBias = keyBias
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

    /// LN(x) (1 + scale) + shift: what the branch reads.
    func input(_ x: Tensor) -> Tensor { modulatedLayerNorm(x, scale: scale, shift: shift, eps: 1e-6) }

    /// x + gate * branch: what the branch adds.
    func add(_ branch: Tensor, to x: Tensor) -> Tensor { gatedAdd(x, gate: gate, branch) }
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
    private let context: ContextPath

    /// What happens to the text.
    private enum ContextPath: Sendable {
        /// It is read and written.
        case through(modulation: Linear, mlp: FeedForward)
        /// It is read only: the last block.
        case ends(modulation: Linear)
    }

    init(_ w: Weights, layer: Int, _ c: SD3Config) throws {
        let isLast = layer == c.layers - 1
        let isDual = c.dualAttentionLayers.contains(layer)
        modulation = try Linear(w["norm1.linear"], from: c.width, to: (isDual ? 9 : 6) * c.width)
        attention = try JointAttention(w["attn"], isLast: isLast, c)
        imageAttention = isDual ? try ImageAttention(w["attn2"], c) : nil
        mlp = try FeedForward(w["ff"], width: c.width)
        let contextNorm = w["norm1_context.linear"]
        context =
            isLast
            ? .ends(modulation: try Linear(contextNorm, from: c.width, to: 2 * c.width))
            : .through(
                modulation: try Linear(contextNorm, from: c.width, to: 6 * c.width),
                mlp: try FeedForward(w["ff_context"], width: c.width))
    }

    /// Passes both streams through; the last block leaves the text as it is.
    public func callAsFunction(_ tokens: JointTokens, _ conditions: BlockConditions) -> JointTokens {
        switch context {
        case .through(let contextModulation, let contextMLP):
            let forText = Modulation.split(contextModulation(conditions.time), into: 2)
            let (mix, think) = (forText[0], forText[1])
            let (image, mixed) = imageStream(tokens.image, mix.input(tokens.context), conditions)
            guard let mixed else { return JointTokens(image: image, context: tokens.context) }
            let text = mix.add(mixed, to: tokens.context)
            return JointTokens(image: image, context: think.add(contextMLP(think.input(text)), to: text))
        case .ends(let contextModulation):
            let text = finalNorm(tokens.context, contextModulation(conditions.time))
            return JointTokens(image: imageStream(tokens.image, text, conditions).image, context: tokens.context)
        }
    }

    /// The image's way through, given the normed text; and what joint attention gives the text.
    private func imageStream(
        _ x: Tensor, _ text: Tensor, _ conditions: BlockConditions
    ) -> (image: Tensor, mixedText: Tensor?) {
        let forImage = Modulation.split(modulation(conditions.time), into: imageAttention == nil ? 2 : 3)
        let (mix, think) = (forImage[0], forImage[1])
        let mixed = attention(mix.input(x), text, keyBias: conditions.keyBias)
        var y = mix.add(mixed.image, to: x)
        if let imageAttention {
            let mixAlone = forImage[2]
            y = mixAlone.add(imageAttention(mixAlone.input(x)), to: y)
        }
        return (think.add(mlp(think.input(y)), to: y), mixed.context)
    }
}

/// LN(x) (1 + scale) + shift with the output of a continuous adaLN linear, [B, 1, 2 D]: scale first, then shift.
func finalNorm(_ x: Tensor, _ scaleAndShift: Tensor) -> Tensor {
    let parts = scaleAndShift.chunked(into: 2, axis: -1)
    return modulatedLayerNorm(x, scale: parts[0], shift: parts[1], eps: 1e-6)
}
