import DioramaSampling
import DioramaTensor

/// A third prompt of a guider: what it adds to guidance by a positive and a negative one.
public struct ThirdPrompt: Sendable {
    /// How predictions of three prompts are combined; `guided` is what guidance by two of them gives, hooks included.
    public enum Style: Sendable {
        /// guided + scale (third − positive): the third asks for more than the positive one.
        case added
        /// third + scale (guided − third): the third is what the picture shall not show.
        case outer
    }

    /// The prompt.
    public var prompt: Conditioning
    /// How far to go.
    public var scale: Double
    /// How it is combined.
    public var style: Style

    /// A third prompt.
    ///
    /// - Parameters:
    ///   - prompt: the prompt.
    ///   - scale: how far to go.
    ///   - style: how it is combined.
    public init(_ prompt: Conditioning, scale: Double, style: Style) {
        self.prompt = prompt
        self.scale = scale
        self.style = style
    }

    /// What is to be followed.
    ///
    /// - Parameters:
    ///   - prediction: with the third prompt, [B, C, H, W].
    ///   - guided: what guidance by the other two gives, of that shape.
    ///   - positive: the prediction with the positive prompt, of that shape.
    /// - Returns: of that shape.
    func combined(_ prediction: Tensor, _ guided: Tensor, positive: Tensor) -> Tensor {
        switch style {
        case .added: guided + (prediction - positive) * Float(scale)
        case .outer: prediction + (guided - prediction) * Float(scale)
        }
    }
}
