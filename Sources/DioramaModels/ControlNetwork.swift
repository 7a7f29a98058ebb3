public import DioramaNN
public import DioramaTensor

/// A network that steers a diffusion model by a picture: a ControlNet.
///
/// Zhang et al., [Adding Conditional Control to Text-to-Image Diffusion Models](https://arxiv.org/abs/2302.05543).
public protocol ControlNetwork: Sendable {
    /// What it looks at, and how a picture becomes that.
    var hint: ControlHint { get }

    /// Throws `ModelInputError` that names both where the model is of another family or width than the ControlNet is for.
    func check(steers model: any DiffusionModel) throws

    /// What it adds to a model's blocks at one latent and time.
    ///
    /// - Parameters:
    ///   - latent: what the model is shown, [B, C, H, W].
    ///   - hint: what it looks at, [B, C', H, W], as ``hint`` says.
    ///   - timestep: as the model is told it, [B].
    ///   - context: as the model is told it.
    ///   - model: the model that is steered, whose embedders some ControlNets use.
    ///   - runner: runs the ControlNet's own blocks.
    /// - Returns: what is added block by block, computed when it is asked for.
    /// - Throws: what ``check(steers:)`` throws, and `ModelInputError` for a hint of another shape.
    func residuals(
        _ latent: Tensor, hint: Tensor, timestep: Tensor, context: TextContext,
        steering model: any DiffusionModel, through runner: BlockRunner
    ) throws -> ControlResiduals
}

extension ControlNetwork {
    /// The model, as the type that this steers.
    ///
    /// - Parameters:
    ///   - model: the model.
    ///   - misfit: why a model cannot be steered, given it or nil where it is of another type; nil where it can.
    /// - Returns: the same model.
    /// - Throws: `ModelInputError` that tells the misfit.
    func steered<Model: DiffusionModel>(
        _ model: any DiffusionModel, misfit: (Model?) -> String?
    ) throws -> Model {
        let steered = model as? Model
        let misfit = misfit(steered)
        guard let steered, misfit == nil else {
            throw ModelInputError(misfit ?? "the model cannot be steered")
        }
        return steered
    }
}

/// What a ControlNet looks at: the latent of a picture, and what is done to the picture and to the latent.
///
/// One with a mask is shown three things, one behind the other on the axis of channels: the latent; the mask, one channel, 1 where a
/// second picture is known; and the latent of that picture, gray where it is not.
public struct ControlHint: Sendable, Hashable {
    /// What becomes of a picture's values, 0...1, before it is encoded; as ComfyUI has it for Stability's files.
    public enum Values: Sendable, Hashable {
        /// They stay.
        case asTheyAre
        /// v to 127.5 v + 0.5: for edges.
        case edges
        /// v to 1 - v: for depth.
        case inverted
    }

    /// Channels of a latent.
    public let channels: Int
    /// How an autoencoder's latent is scaled.
    public let latentFormat: LatentFormat
    /// What becomes of the picture's values.
    public let values: Values
    /// How a picture is brought to the size of what is made.
    public let scaling: ResizeMethod
    /// Whether it is shown a mask and a second picture too.
    public let hasMask: Bool
    /// What the sides of latents are filled up to multiples of: the picture then covers the whole.
    public let multiple: Int

    /// What a ControlNet looks at.
    ///
    /// - Parameters:
    ///   - channels: of a latent.
    ///   - latentFormat: how an autoencoder's latent is scaled.
    ///   - values: what becomes of the picture's values.
    ///   - scaling: how a picture is brought to the size of what is made.
    ///   - hasMask: whether it is shown a mask and a second picture too.
    ///   - multiple: what the sides of latents are filled up to multiples of.
    public init(
        channels: Int, latentFormat: LatentFormat, values: Values = .asTheyAre,
        scaling: ResizeMethod = .nearestExact, hasMask: Bool = false, multiple: Int = 1
    ) {
        (self.channels, self.latentFormat, self.values) = (channels, latentFormat, values)
        (self.scaling, self.hasMask, self.multiple) = (scaling, hasMask, multiple)
    }

    /// Pictures of any shape as they shall be encoded.
    public func prepared(_ image: Tensor) -> Tensor {
        switch values {
        case .asTheyAre: image
        case .edges: image * 255 * 0.5 + 0.5
        case .inverted: image * -1 + 1
        }
    }
}
