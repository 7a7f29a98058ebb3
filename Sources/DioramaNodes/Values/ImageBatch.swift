public import DioramaGraph
public import DioramaTensor

/// A batch of pictures of one size.
public struct ImageBatch: PortValue {
    /// The type's name on an edge.
    public static let portType: PortType = "IMAGE"

    /// Pixels, `[B, H, W, C]`, f32 in 0...1; C is 3 or 4.
    public var pixels: Tensor

    /// Makes a batch from pixels `[B, H, W, C]` in 0...1.
    public init(pixels: Tensor) { self.pixels = pixels }

    /// How many pictures.
    public var count: Int { pixels.shape[0] }
    /// Height in pixels.
    public var height: Int { pixels.shape[1] }
    /// Width in pixels.
    public var width: Int { pixels.shape[2] }
    /// Channels of a pixel.
    public var channels: Int { pixels.shape[3] }

    /// Bytes that the value keeps alive.
    public var byteCount: Int { pixels.count * pixels.dtype.size }
}

/// A batch of masks of one size.
public struct Mask: PortValue {
    /// The type's name on an edge.
    public static let portType: PortType = "MASK"

    /// Coverage, `[B, H, W]`, f32 in 0...1.
    public var coverage: Tensor

    /// Makes a batch of masks from coverage `[B, H, W]` in 0...1.
    public init(coverage: Tensor) { self.coverage = coverage }

    /// Bytes that the value keeps alive.
    public var byteCount: Int { coverage.count * coverage.dtype.size }
}
