public import DioramaTensor

/// A model that denoises: what samplers need to know of any family.
public protocol DiffusionModel: Sendable {
    /// The number of channels its latents have.
    var latentChannels: Int { get }

    /// Throws `ModelInputError` where latent and text are not of the shapes the model takes.
    func check(latent: Shape, context: TextContext) throws

    /// The model's prediction (for flow models, the velocity), [B, C, H, W] like `latent`, at `timestep` [B].
    func callAsFunction(_ latent: Tensor, timestep: Tensor, context: TextContext) throws -> Tensor
}

/// A latent, picture or conditioning that a model cannot take.
public struct ModelInputError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was found and what the model takes.
    public let description: String

    /// An error with this text.
    public init(_ description: String) { self.description = description }
}
