public import DioramaTensor

/// A network that draws a picture again with more pixels, or better ones.
public protocol UpscaleModel: Sendable {
    /// Channels of the pictures it takes: 3 for red, green and blue.
    var inputChannels: Int { get }
    /// Channels of the pictures it makes.
    var outputChannels: Int { get }
    /// How many times larger its pictures are each way, 1 or more.
    var scale: Int { get }

    /// The picture, larger, in one piece.
    ///
    /// - Parameter image: [B, C, H, W] in 0...1, of any size.
    /// - Returns: [B, C', H · scale, W · scale], about in 0...1 and not clamped.
    func callAsFunction(_ image: Tensor) -> Tensor
}
