/// Which text encoders a family takes, and what they give it.
extension TextEncoderFiles.Family {
    /// The place of an encoder among those that a family takes; each has one.
    enum Place: Hashable { case clipL, clipG, t5, qwen3 }

    /// What people call it: `FLUX.1`.
    public var name: String {
        switch self {
        case .flux: "FLUX.1"
        case .sd3: "Stable Diffusion 3"
        case .flux2: "FLUX.2 klein"
        case .pixart: "PixArt-Sigma"
        case .chroma: "Chroma"
        case .zImage: "Z-Image"
        }
    }

    /// A clause on what it takes: `FLUX.1 takes CLIP-L and T5-XXL`.
    var taking: String {
        let encoders =
            switch self {
            case .flux: "CLIP-L and T5-XXL"
            case .sd3: "CLIP-L, CLIP-G and T5-XXL, or some of them"
            case .pixart, .chroma: "T5-XXL"
            case .flux2: "Qwen3-4B or Qwen3-8B"
            case .zImage: "Qwen3-4B"
            }
        return "\(name) takes \(encoders)"
    }

    /// What a text encoder is for the family; nil for one that it has no use for.
    func place(of kind: TextEncoderKind) -> Place? {
        switch (self, kind) {
        case (.flux, .clipL), (.sd3, .clipL): .clipL
        case (.sd3, .clipG): .clipG
        case (.flux, .t5), (.sd3, .t5), (.pixart, .t5), (.chroma, .t5): .t5
        case (.flux2, .qwen3), (.zImage, .qwen3): .qwen3
        default: nil
        }
    }

    /// What text encoders give a diffusion model of the family; nil where one that decides is missing.
    ///
    /// - Parameter kinds: the encoders.
    /// - Returns: how wide it is.
    func widths(of kinds: [TextEncoderKind]) -> TextWidths? {
        let states = kinds.lazy.compactMap { kind in
            switch kind {
            case .t5(let width) where place(of: kind) != nil: width
            case .qwen3(let width) where self == .flux2: width * QwenTextEncoder.Style.klein.states.count
            case .qwen3(let width) where self == .zImage: width
            default: nil
            }
        }.first
        guard let states else { return nil }
        return switch self {
        // CLIP-L's pooled vector, and CLIP-G's behind it; what is missing is zeros.
        case .flux: TextWidths(tokens: states, pooled: 768)
        case .sd3: TextWidths(tokens: states, pooled: 768 + 1280)
        case .pixart, .chroma, .flux2, .zImage: TextWidths(tokens: states)
        }
    }
}

/// How wide the states of a text are that text encoders give, or a diffusion model takes.
public struct TextWidths: Sendable, Hashable, CustomStringConvertible {
    /// Features of each token.
    public let tokens: Int
    /// Features of the pooled vector; nil for none.
    public var pooled: Int?

    /// `4096 features a token and 768 pooled`.
    public var description: String {
        "\(tokens) features a token" + (pooled.map { " and \($0) pooled" } ?? "")
    }
}
