public import DioramaGraph
public import DioramaModels

/// A model that encodes pictures.
public struct CLIPVision: PortValue {
    /// The type's name on an edge.
    public static let portType: PortType = "CLIP_VISION"

    /// The model.
    public var model: CLIPVisionModel

    /// Wraps a model.
    public init(model: CLIPVisionModel) { self.model = model }
}

/// What a model makes of pictures.
public struct CLIPVisionOutput: PortValue {
    /// The type's name on an edge.
    public static let portType: PortType = "CLIP_VISION_OUTPUT"

    /// The states, one picture after another.
    public var states: CLIPVisionModel.Output

    /// Wraps states.
    public init(states: CLIPVisionModel.Output) { self.states = states }

    /// Bytes that the value keeps alive.
    public var byteCount: Int {
        [states.last, states.penultimate, states.embeds].reduce(0) { $0 + $1.count * $1.dtype.size }
    }
}
