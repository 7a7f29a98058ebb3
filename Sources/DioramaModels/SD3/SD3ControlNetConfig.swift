public import DioramaWeights

/// The shape of a ControlNet of Stable Diffusion 3, from what diffusers' `config.json` says, and how it is run.
public struct SD3ControlNetConfig: Sendable, Hashable {
    /// Its blocks, like those of a transformer; without text their widths of text and positions are 0.
    public let blocks: SD3Config
    /// Whether its blocks are joint ones, with the text and patches of their own (InstantX); else they know image tokens alone
    /// (Stability).
    public let hasText: Bool
    /// Whether it is run as ComfyUI runs Stability's files; else as diffusers' pipeline does.
    ///
    /// ComfyUI spreads the positions of image tokens evenly over each picture, and steers the last block too; diffusers takes the
    /// positions of the transformer, and leaves its last block alone.
    public let isOriginal: Bool
    /// What becomes of a picture before it is encoded.
    public let values: ControlHint.Values

    /// Reads and checks the configuration.
    ///
    /// - Parameters:
    ///   - config: in diffusers' words.
    ///   - isOriginal: whether it is run as ComfyUI runs Stability's files.
    ///   - values: what becomes of a picture before it is encoded.
    /// - Throws: `WeightsError` where something is missing, contradicts itself or is not supported.
    public init(
        _ config: ModelConfig, isOriginal: Bool = false, values: ControlHint.Values = .asTheyAre
    ) throws {
        hasText = config.contains("joint_attention_dim")
        blocks = try SD3Config(config, hasText: hasText)
        self.isOriginal = isOriginal
        self.values = values
        let more = try config.int("extra_conditioning_channels", in: 0...4096, default: 0)
        guard more == 0 else {
            throw config.problem(
                "is a ControlNet that is shown \(more) channel\(more == 1 ? "" : "s") beside the picture (a mask, for inpainting), "
                    + "which is not supported")
        }
        guard hasText || blocks.pooledWidth != blocks.width else {
            throw config.problem(
                "is a ControlNet that reads the model's own vector of the pooled text, \(blocks.width) wide, which is not supported; "
                    + "that of Stable Diffusion 3.5 Large reads the pooled text itself")
        }
    }

    /// Width of the tokens.
    public var width: Int { blocks.width }
}

extension SD3ControlNetConfig {
    /// Why it cannot steer a model.
    ///
    /// - Parameters:
    ///   - family: what people call the model's family.
    ///   - model: its shape, where it is a Stable Diffusion 3.
    /// - Returns: a sentence that names both and says what to do; nil where it can.
    func misfit(ofFamily family: String, _ model: SD3Config?) -> String? {
        let own = "the ControlNet is for a Stable Diffusion 3 that is \(width) wide"
        guard let model else {
            return "\(own), and this model is \(family): load a ControlNet that was made for it"
        }
        guard width == model.width else {
            return
                "\(own), and this model is \(model.width) wide (\(model.layers) blocks): load the ControlNet of this size of the model"
        }
        guard
            blocks.patch != model.patch || blocks.channels != model.channels
                || blocks.pooledWidth != model.pooledWidth
                || hasText && blocks.contextWidth != model.contextWidth
        else { return nil }
        func text(_ c: SD3Config) -> String {
            "\(c.channels) channels in patches of \(c.patch) and text of \(hasText ? "\(c.contextWidth) and " : "")\(c.pooledWidth) pooled"
        }
        return "\(own) with \(text(blocks)), and this model has \(text(model))"
    }
}
