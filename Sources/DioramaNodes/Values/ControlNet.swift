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

/// A network that is put into a model and steers it whatever the prompt.
public struct ModelPatch: PortValue {
    /// The type's name on an edge.
    public static let portType: PortType = "MODEL_PATCH"

    /// The network.
    public var network: any ControlNetwork

    /// Wraps a network.
    public init(network: any ControlNetwork) { self.network = network }
}

/// A ControlNet with what it looks at, as prompts and models carry it.
public struct Control: Sendable {
    /// The network.
    public let network: any ControlNetwork
    /// The pictures: one for all latents, or one for each; nil for gray ones.
    public let images: ImageBatch?
    /// Pictures of which a part is known, for networks that look at a mask: one for all latents, or one for each; nil for gray ones.
    public let inpainted: ImageBatch?
    /// What of them is made anew, 0...1; nil for networks without a mask, and where no node gave one.
    public let mask: Mask?
    /// Encodes them, when the size of the latents is known.
    public let vae: VAE
    /// How strongly the network steers.
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
    ///   - images: one for all latents, or one for each; nil for gray ones.
    ///   - inpainted: pictures of which a part is known, in the same number; nil for gray ones.
    ///   - mask: what of them is made anew, for networks that look at that.
    ///   - vae: encodes the pictures.
    ///   - strength: how strongly the network steers.
    ///   - start: the part of the way where it begins to, 0...1.
    ///   - end: the part of the way where it ceases to, 0...1.
    public init(
        _ network: any ControlNetwork, images: ImageBatch?, inpainted: ImageBatch? = nil, mask: Mask? = nil,
        vae: VAE, strength: Double = 1, from start: Double = 0, to end: Double = 1
    ) {
        (self.network, self.vae) = (network, vae)
        (self.images, self.inpainted, self.mask) = (images, inpainted, mask)
        (self.strength, self.start, self.end) = (strength, start, end)
    }

    /// Bytes that its pictures keep alive.
    var byteCount: Int {
        (images?.byteCount ?? 0) + (inpainted?.byteCount ?? 0) + (mask?.byteCount ?? 0)
    }
}

/// An object that stands for a control.
final class ControlIdentity: Sendable {}
