import DioramaJSON

/// Which text encoders a diffusion model takes, told by the header of its file.
public struct TextEncoderFit: Sendable {
    private let family: String
    private let widths: TextWidths
    private let needs: [ModelNeed]

    /// Text encoders that were chosen for a model.
    public struct Choice: Sendable, Hashable {
        /// The encoders of all files.
        public let kinds: [TextEncoderKind]
        /// Whose conditioning they make.
        public let family: TextEncoderFiles.Family

        /// Encoders, and whose conditioning they make.
        public init(_ kinds: [TextEncoderKind], as family: TextEncoderFiles.Family) {
            (self.kinds, self.family) = (kinds, family)
        }
    }

    /// Reads what a diffusion model takes; nil where its configuration does not tell.
    ///
    /// - Parameter file: the model's file.
    /// - Throws: `WeightsError` where its shapes do not fit together.
    public init?(_ file: DiffusionFile) throws {
        let config = try file.config.members
        func width(_ keys: String...) -> Int? { keys.lazy.compactMap { config[$0]?.integer }.first }
        guard let tokens = width("joint_attention_dim", "cap_feat_dim", "caption_channels") else {
            return nil
        }
        family = file.family
        widths = TextWidths(tokens: tokens, pooled: width("pooled_projection_dim"))
        needs = ModelNeed.all(ofFamily: file.family, config: config).filter { $0.encoder != nil }
    }

    /// What is wrong with the encoders chosen: what they are and give, what the model takes, and what to load.
    ///
    /// - Parameter choice: the encoders.
    /// - Returns: one sentence; nil where they fit, or nothing tells.
    public func problem(with choice: Choice) -> String? {
        guard let given = choice.family.widths(of: choice.kinds) else { return nil }
        // A model that takes no pooled vector lets one be.
        let taken = TextWidths(tokens: given.tokens, pooled: widths.pooled == nil ? nil : given.pooled)
        guard taken != widths else { return nil }
        let names = choice.kinds.filter { choice.family.place(of: $0) != nil }.map(\.description)
        return
            "the text encoder is \(names.joined(separator: " with ")) for \(choice.family.name) (type \(choice.family.rawValue)) "
            + "and gives \(given), but the model, \(family), takes \(widths): \(advice)"
    }

    /// The encoders of the model's published files, where their widths are those that it takes.
    private var advice: String {
        let kinds = needs.compactMap(\.encoder)
        let fits = TextEncoderFiles.Family.allCases.contains { $0.widths(of: kinds) == widths }
        guard fits, let loader = needs.first?.loader else {
            return "load the text encoder that belongs to the model"
        }
        return "load \(kinds.map(\.description).joined(separator: " and ")) with \(loader)"
    }
}
