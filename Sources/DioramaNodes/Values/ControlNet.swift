public import DioramaGraph
public import DioramaModels

/// A network that steers a diffusion model by a picture.
public struct ControlNet: PortValue {
    /// The type's name on an edge.
    public static let portType: PortType = "CONTROL_NET"

    /// The network.
    public var network: any ControlNetwork

    /// Wraps a network.
    public init(network: any ControlNetwork) { self.network = network }
}

/// A ControlNet with its picture, as prompts carry it.
public struct Control: Sendable {
    /// The network.
    public let network: any ControlNetwork
    /// The pictures: one for all latents, or one for each.
    public let images: ImageBatch
    /// Encodes them, when the size of the latents is known.
    public let vae: VAE
    /// How strongly the network steers, 0 or more.
    public let strength: Double
    /// The part of the way where it begins to: 0 is pure noise.
    public let start: Double
    /// The part of the way where it ceases to: 1 is the picture.
    public let end: Double
    /// Copies of a control have the same one.
    let identity = ControlIdentity()

    /// A ControlNet that steers by pictures.
    ///
    /// - Parameters:
    ///   - network: the network.
    ///   - images: one for all latents, or one for each.
    ///   - vae: encodes them.
    ///   - strength: how strongly it steers, 0 or more.
    ///   - start: the part of the way where it begins to, 0...1.
    ///   - end: the part of the way where it ceases to, 0...1.
    public init(
        _ network: any ControlNetwork, images: ImageBatch, vae: VAE, strength: Double = 1,
        from start: Double = 0,
        to end: Double = 1
    ) {
        (self.network, self.images, self.vae) = (network, images, vae)
        (self.strength, self.start, self.end) = (strength, start, end)
    }
}

/// An object that stands for a control.
final class ControlIdentity: Sendable {}
