import DioramaNN
public import DioramaTensor
public import DioramaWeights

/// FLUX.1 Redux: makes tokens for a text's of the states of a vision model, so that a picture is made in the manner of another.
///
/// Black Forest Labs, [FLUX.1 Tools](https://bfl.ai/announcements/flux-1-tools); names as in its file and in diffusers' `ReduxImageEncoder`.
public struct ReduxEncoder: Sendable {
    /// The widths of what it takes and gives.
    public struct Config: Sendable, Hashable {
        /// Width of a vision model's states.
        public let inputWidth: Int
        /// Width between its two layers.
        public let innerWidth: Int
        /// Width of text tokens.
        public let outputWidth: Int

        /// Reads the widths off the tensors.
        ///
        /// - Parameter w: the root of the file.
        /// - Throws: `WeightsError` where one is missing, or has not two axes.
        public init(shapesOf w: Weights) throws {
            let up = try w.extents(of: "redux_up.weight", rank: 2)
            (inputWidth, innerWidth) = (up[1], up[0])
            outputWidth = try w.extents(of: "redux_down.weight", rank: 2)[0]
        }
    }

    /// Its widths.
    public let config: Config
    private let up, down: Linear

    /// Takes the weights.
    ///
    /// - Throws: `WeightsError` where a tensor is missing or of another shape.
    public init(_ w: Weights, _ config: Config) throws {
        self.config = config
        up = try Linear(w["redux_up"], from: config.inputWidth, to: config.innerWidth)
        down = try Linear(w["redux_down"], from: config.innerWidth, to: config.outputWidth)
    }

    /// States of a vision model, [B, N, inputWidth], to text tokens, [B, N, outputWidth].
    ///
    /// - Throws: `ModelInputError` for states of another width.
    public func callAsFunction(_ states: Tensor) throws -> Tensor {
        guard states.rank == 3, states.shape[2] == config.inputWidth else {
            throw ModelInputError(
                Self.misfit(given: states.shape.dims.last ?? 0, wanted: config.inputWidth))
        }
        return down(up(states, LinearEpilogue(.silu)))
    }

    /// What is wrong with a vision model of another width than a style model takes.
    ///
    /// - Parameters:
    ///   - given: the width of the vision model's states.
    ///   - wanted: the width that the style model takes.
    /// - Returns: a sentence.
    public static func misfit(given: Int, wanted: Int) -> String {
        let advice = wanted == 1152 ? "SigLIP, sigclip_vision_patch14_384" : "the one that it was made for"
        return
            "the vision model gives states \(given) wide, but the style model takes them \(wanted) wide: load \(advice)"
    }
}
