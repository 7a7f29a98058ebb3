public import DioramaGraph
public import DioramaModels

/// A network that makes pictures larger.
public struct Upscaler: PortValue {
    /// The type's name on an edge.
    public static let portType: PortType = "UPSCALE_MODEL"

    /// The network.
    public var model: any UpscaleModel

    /// Wraps a network.
    public init(model: any UpscaleModel) { self.model = model }
}
