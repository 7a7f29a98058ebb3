public import DioramaTensor
public import DioramaWeights

/// A model that denoises: what samplers need to know of any family.
public protocol DiffusionModel: Sendable {
    /// What people call its family, for errors: `FLUX.1`.
    var familyName: String { get }

    /// The number of channels its latents have.
    var latentChannels: Int { get }

    /// Pixels that a cell of its latents covers each way: 8 in nearly all families.
    var latentCell: Int { get }

    /// Throws `ModelInputError` where latent and text are not of the shapes the model takes.
    func check(latent: Shape, context: TextContext) throws

    /// The blocks that it runs through a `BlockRunner`, kind by kind in order; empty where hooks cannot reach them.
    var blockGroups: [BlockGroup] { get }

    /// Whether it can keep keys and values of pictures that it looks at from one evaluation to the next (``ReferenceCache``).
    var keepsReferences: Bool { get }

    /// The model's prediction (for flow models, the velocity), [B, C, H, W] like `latent`, at `timestep` [B].
    ///
    /// `runner` runs the blocks, with whatever hooks there are around them.
    func callAsFunction(
        _ latent: Tensor, timestep: Tensor, context: TextContext, through runner: BlockRunner
    ) throws -> Tensor

    /// The channels that the model is shown beside those of latents of `shape`, [B, C', H, W]; nil where it takes none.
    ///
    /// - Parameters:
    ///   - inpainting: a control picture, or one of which a part is made anew, its latent scaled for the model; nil where no node gave one.
    ///   - shape: of the latents, [B, C, H, W].
    ///   - device: where the result is made.
    /// - Returns: what `TextContext.concatenated` shall be.
    /// - Throws: `ModelInputError` where the picture does not fit.
    func concatenated(_ inpainting: InpaintingInput?, for shape: Shape, on device: Device) throws -> Tensor?

    /// The model with an adapter's changes at `strength`, added to those it has; both share all stored weights.
    ///
    /// What does not fit is told by `adapter.finish()`, when the text encoder has had its part too.
    func adapted(by adapter: inout AdapterApplication, strength: Double) throws -> Self
}

extension DiffusionModel {
    /// Takes no adapters; throws `ModelInputError`.
    public func adapted(by adapter: inout AdapterApplication, strength: Double) throws -> Self {
        throw ModelInputError("this model takes no LoRA")
    }

    /// The type's name.
    public var familyName: String { "\(Self.self)" }

    /// 8.
    public var latentCell: Int { 8 }

    /// It cannot.
    public var keepsReferences: Bool { false }

    /// Takes no channels beside the latent's.
    public func concatenated(
        _ inpainting: InpaintingInput?, for shape: Shape, on device: Device
    ) throws -> Tensor? {
        nil
    }

    /// None.
    public var blockGroups: [BlockGroup] { [] }

    /// The model's prediction without hooks.
    public func callAsFunction(_ latent: Tensor, timestep: Tensor, context: TextContext) throws -> Tensor {
        try callAsFunction(latent, timestep: timestep, context: context, through: .plain)
    }
}

/// A latent, picture or conditioning that a model cannot take.
public struct ModelInputError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was found and what the model takes.
    public let description: String

    /// An error with this text.
    public init(_ description: String) { self.description = description }
}
