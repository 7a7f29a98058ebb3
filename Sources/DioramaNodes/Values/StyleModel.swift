public import DioramaGraph
public import DioramaModels

/// A model that makes text tokens of what a vision model sees in a picture.
public struct StyleModel: PortValue {
    /// The type's name on an edge.
    public static let portType: PortType = "STYLE_MODEL"

    /// The network.
    public var network: ReduxEncoder

    /// Wraps a network.
    public init(network: ReduxEncoder) { self.network = network }
}
