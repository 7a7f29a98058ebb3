/// The order of the axes of images and feature maps.
public enum ImageLayout: Sendable, Hashable {
    /// [B, C, H, W]: planes, as PyTorch has them.
    case channelsFirst
    /// [B, H, W, C]: all channels of a place side by side, as kernels want them.
    case channelsLast

    /// The shape of images.
    func shape(batch: Int, channels: Int, height: Int, width: Int) -> Shape {
        switch self {
        case .channelsFirst: [batch, channels, height, width]
        case .channelsLast: [batch, height, width, channels]
        }
    }

    /// Channels, height and width of images of a shape of rank 4.
    func extents(_ shape: Shape) -> (channels: Int, height: Int, width: Int) {
        switch self {
        case .channelsFirst: (shape[1], shape[2], shape[3])
        case .channelsLast: (shape[3], shape[1], shape[2])
        }
    }
}

extension Tensor {
    /// Planes [B, C, H, W] as [B, H, W, C].
    public var channelsLast: Tensor { permuted(0, 2, 3, 1) }

    /// [B, H, W, C] as planes, [B, C, H, W].
    public var channelsFirst: Tensor { permuted(0, 3, 1, 2) }
}
