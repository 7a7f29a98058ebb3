public import DioramaTensor
import DioramaTokenizers
public import DioramaWeights
public import FoundationEssentials

/// The text encoders of one or more files, put together for a family.
public struct TextEncoderFiles: Sendable {
    private let found: [(encoder: FoundTextEncoder, source: any TensorSource, tokenizers: TokenizerPlaces)]
    private let device: Device
    private let precision: Precision?

    /// Which family's conditioning is made: the `type` of ComfyUI's loaders.
    public enum Family: String, Sendable, CaseIterable {
        case flux, sd3, flux2, pixart, chroma
        case zImage = "lumina2"

        /// Whether it has a use for a text encoder.
        func takes(_ kind: TextEncoderKind) -> Bool {
            switch (self, kind) {
            case (.flux, .clipL), (.flux, .t5), (.sd3, .clipL), (.sd3, .clipG), (.sd3, .t5): true
            case (.pixart, .t5), (.chroma, .t5), (.flux2, .qwen3), (.zImage, .qwen3): true
            default: false
            }
        }
    }

    /// Finds the text encoders of files.
    ///
    /// - Parameters:
    ///   - files: the files, opened.
    ///   - models: the models folders, for tokenizers.
    ///   - device: where the encoders will run.
    ///   - precision: what layers round the terms of their products to; nil for what the weights are stored as.
    /// - Throws: `WeightsError` for a file without a text encoder that is known.
    public init(
        _ files: [(url: URL, source: any TensorSource)], models: [URL], on device: Device,
        precision: Precision? = nil
    ) throws {
        self.device = device
        self.precision = precision?.real
        found = try files.flatMap { file in
            let encoders = FoundTextEncoder.all(in: file.source)
            guard !encoders.isEmpty else {
                throw WeightsError(
                    file.url.path, "holds no text encoder\(FileGuess.sentence(file.source))")
            }
            let places = TokenizerPlaces(file: file.url, source: file.source, models: models)
            return encoders.map { ($0, file.source, places) }
        }
    }

    /// What the files hold: `CLIP-L and T5-XXL`.
    public var description: String {
        names
    }

    /// Puts the encoders together.
    ///
    /// - Parameter family: whose conditioning is made.
    /// - Returns: the encoder with its tokenizers.
    /// - Throws: `WeightsError` where the files hold others than the family takes, `TokenizerError` for tokenizers.
    public func encoder(for family: Family) throws -> any TextEncoder {
        switch family {
        case .flux:
            guard let clip = try clip(.clipL), let t5 = try t5(shortest: FluxTextEncoder.shortest) else {
                throw misfit(family, "FLUX.1 takes CLIP-L and T5-XXL")
            }
            return FluxTextEncoder(clip: clip, t5: t5, on: device)
        case .sd3:
            let (left, right, t5) = (
                try clip(.clipL), try clip(.clipG), try t5(shortest: SD3PromptEncoder.shortest)
            )
            guard left != nil || right != nil || t5 != nil else {
                throw misfit(family, "Stable Diffusion 3 takes CLIP-L, CLIP-G and T5-XXL, or some of them")
            }
            return SD3PromptEncoder(clipL: left, clipG: right, t5: t5, on: device)
        case .pixart, .chroma:
            guard let t5 = try t5(shortest: T5TextEncoder.shortest) else {
                throw misfit(family, "this family takes T5-XXL")
            }
            return T5TextEncoder(alone: t5, on: device)
        case .zImage, .flux2:
            let style: QwenTextEncoder.Style = family == .flux2 ? .klein : .zImage
            guard let encoder = try qwen(style) else {
                throw misfit(family, "\(family == .flux2 ? "FLUX.2 klein" : "Z-Image") takes Qwen3")
            }
            return encoder
        }
    }

    private func misfit(_ family: Family, _ sentence: String) -> WeightsError {
        // The file to blame is the first of which the family has no use; where each is of use, one is missing, and all are named.
        let wrong = found.first { !family.takes($0.encoder.kind) }
        let places = Array(Set(found.map(\.source.place))).sorted().joined(separator: " and ")
        let verb = Set(found.map(\.source.place)).count == 1 ? "the file holds" : "the files hold"
        return WeightsError(
            wrong?.source.place ?? places,
            wrong.map { "\(sentence); this file holds \($0.encoder.kind)" } ?? "\(sentence); \(verb) \(names)"
        )
    }

    private var names: String { found.map(\.encoder.kind.description).joined(separator: " and ") }

    private func weights(
        where isWanted: (TextEncoderKind) -> Bool
    ) -> (weights: Weights, tokenizers: TokenizerPlaces)? {
        found.first { isWanted($0.encoder.kind) }.map {
            (
                Weights($0.source, on: device, names: $0.encoder.names, precision: precision),
                $0.tokenizers
            )
        }
    }

    private func clip(_ kind: TextEncoderKind) throws -> CLIPStage? {
        guard let (weights, tokenizers) = weights(where: { $0 == kind }) else { return nil }
        let tokenizer = try tokenizers.clip()
        return CLIPStage(
            tokenizer: tokenizer,
            model: try weights.build { try CLIPTextModel($0, CLIPTextConfig(shapesOf: $0)) },
            padID: kind == .clipG ? 0 : tokenizer.eosID)
    }

    private func t5(shortest: Int) throws -> T5Stage? {
        let found = weights { if case .t5 = $0 { true } else { false } }
        guard let (weights, tokenizers) = found else { return nil }
        return T5Stage(
            tokenizer: try tokenizers.t5(),
            model: try weights.build { try T5EncoderModel($0, T5Config(shapesOf: $0)) }, shortest: shortest)
    }

    private func qwen(_ style: QwenTextEncoder.Style) throws -> QwenTextEncoder? {
        let found = weights { if case .qwen3 = $0 { true } else { false } }
        guard let (weights, tokenizers) = found else { return nil }
        let config = try Qwen3Config(shapesOf: weights)
        let layers = style.states.compactMap(config.layer(ofState:))
        guard layers.count == style.states.count else {
            throw WeightsError(
                weights.place,
                "has \(config.layers) layers; the states \(style.states) are wanted of them")
        }
        let model = try weights.build { try Qwen3Model($0, config, lastLayer: layers.max()) }
        return QwenTextEncoder(try tokenizers.qwen(), model, style, on: device)
    }
}
