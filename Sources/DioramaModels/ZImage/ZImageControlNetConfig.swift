public import DioramaWeights

/// The shape of a ControlNet of Z-Image, read off a file's tensors.
public struct ZImageControlNetConfig: Sendable, Hashable {
    /// What it adds to a model's blocks over image tokens alone, its noise refiner.
    public enum Refining: Sendable, Hashable {
        /// Nothing: its own refiner sees what it looks at alone (version 1).
        case nothing
        /// What its own refiner gives (version 2.1).
        case byRefiner
        /// What its layers give, which then run again for the model's other blocks (version 2.0, whose own refiner was not trained).
        case byLayers
    }

    /// Its blocks, like those of a transformer whose channels are all that it looks at.
    public let blocks: ZImageConfig
    /// What it adds to a model's noise refiner.
    public let refining: Refining

    /// Reads and checks the configuration.
    ///
    /// - Parameters:
    ///   - config: in the words of Z-Image's, with `refiner_control` for a refiner of its own that steers the model's.
    ///   - isRefinedByLayers: whether its layers stand in for that refiner.
    /// - Throws: `WeightsError` where something is missing, contradicts itself or is not supported.
    public init(_ config: ModelConfig, isRefinedByLayers: Bool = false) throws {
        blocks = try ZImageConfig(config)
        let isRefining = try config.bool("refiner_control", default: false)
        refining = isRefining ? (isRefinedByLayers ? .byLayers : .byRefiner) : .nothing
        guard blocks.layers > 0 else { throw config.problem("n_layers: expected 1 or more, found 0") }
        guard latentChannels > 0 else {
            throw config.problem("in_channels: expected 2 or more, found \(blocks.channels)")
        }
    }

    /// Width of the tokens.
    public var width: Int { blocks.width }

    /// Whether it is shown a mask and another picture beside the one that steers: then its channels are an odd number.
    public var hasMask: Bool { !blocks.channels.isMultiple(of: 2) }

    /// Channels of a latent that it is shown.
    public var latentChannels: Int { hasMask ? (blocks.channels - 1) / 2 : blocks.channels }

    /// How many of a model's blocks there are from one that it steers to the next.
    ///
    /// ComfyUI rounds 30 blocks by its layers, halves to even; so here, for as many blocks as the model has.
    func stride(in model: ZImageConfig) -> Int {
        max(Int((Double(model.layers) / Double(blocks.layers)).rounded(.toNearestOrEven)), 1)
    }

    /// Why it cannot steer a model.
    ///
    /// - Parameters:
    ///   - family: what people call the model's family.
    ///   - model: its shape, where it is a Z-Image.
    /// - Returns: a sentence that names both and says what to do; nil where it can.
    func misfit(ofFamily family: String, _ model: ZImageConfig?) -> String? {
        let own = "the ControlNet is for a Z-Image that is \(width) wide"
        guard let model else {
            return "\(own), and this model is \(family): load a ControlNet that was made for it"
        }
        guard width == model.width else {
            return
                "\(own), and this model is \(model.width) wide: load the ControlNet of this size of the model"
        }
        guard blocks.heads != model.heads || latentChannels != model.channels else { return nil }
        return
            "\(own) with \(blocks.heads) heads and latents of \(latentChannels) channels, and this model has \(model.heads) heads and "
            + "latents of \(model.channels) channels"
    }
}
