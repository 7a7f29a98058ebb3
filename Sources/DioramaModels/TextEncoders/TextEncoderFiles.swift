public import DioramaTensor
import DioramaTokenizers
public import DioramaWeights
public import FoundationEssentials

/// The text encoders of one or more files, put together for a family.
public struct TextEncoderFiles: Sendable {
    private let found: [Found]
    private let device: Device
    private let precision: Precision?

    /// A text encoder, and the file that holds it.
    private struct Found {
        let encoder: FoundTextEncoder
        let source: any TensorSource
        let tokenizers: TokenizerPlaces
        /// Which of the files it is.
        let file: Int
    }

    /// Which family's conditioning is made: the `type` of ComfyUI's loaders.
    public enum Family: String, Sendable, CaseIterable {
        case flux, sd3, flux2, pixart, chroma
        case zImage = "lumina2"
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
        found = try files.enumerated().flatMap { index, file in
            let encoders = FoundTextEncoder.all(in: file.source)
            guard !encoders.isEmpty else {
                throw WeightsError(
                    file.url.path, "holds no text encoder\(FileGuess.sentence(file.source))")
            }
            let places = TokenizerPlaces(file: file.url, source: file.source, models: models)
            return encoders.map {
                Found(encoder: $0, source: file.source, tokenizers: places, file: index)
            }
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
        try check(family)
        switch family {
        case .flux:
            guard let clip = try clip(.clipL), let t5 = try t5(shortest: FluxTextEncoder.shortest) else {
                throw misfit(family)
            }
            return FluxTextEncoder(clip: clip, t5: t5, on: device)
        case .sd3:
            let (left, right, t5) = (
                try clip(.clipL), try clip(.clipG), try t5(shortest: SD3PromptEncoder.shortest)
            )
            guard left != nil || right != nil || t5 != nil else {
                throw misfit(family)
            }
            return SD3PromptEncoder(clipL: left, clipG: right, t5: t5, on: device)
        case .pixart, .chroma:
            guard let t5 = try t5(shortest: T5TextEncoder.shortest) else {
                throw misfit(family)
            }
            return T5TextEncoder(alone: t5, on: device)
        case .zImage, .flux2:
            let style: QwenTextEncoder.Style = family == .flux2 ? .klein : .zImage
            guard let encoder = try qwen(style) else {
                throw misfit(family)
            }
            return encoder
        }
    }

    /// Throws where a file has nothing of use for a family, or two have the same.
    private func check(_ family: Family) throws {
        for (file, encoders) in Dictionary(grouping: found, by: \.file).sorted(by: { $0.key < $1.key }) {
            guard !encoders.contains(where: { family.place(of: $0.encoder.kind) != nil }) else { continue }
            throw WeightsError(
                found.first { $0.file == file }?.source.place ?? "",
                "\(family.taking); this file holds \(Self.names(encoders))")
        }
        var places: [Family.Place: Found] = [:]
        for encoder in found {
            guard let place = family.place(of: encoder.encoder.kind) else { continue }
            if let other = places[place], other.file != encoder.file {
                throw WeightsError(
                    encoder.source.place,
                    "\(family.taking), of each kind one; this file holds \(encoder.encoder.kind) and so does "
                        + (other.source.place == encoder.source.place
                            ? "the other, which is the same"
                            : "\(other.source.place), \(other.encoder.kind)"))
            }
            places[place] = places[place] ?? encoder
        }
    }

    /// What is thrown where an encoder is missing: files that are of use are all there are (``check(_:)``).
    private func misfit(_ family: Family) -> WeightsError {
        let places = Set(found.map(\.source.place)).sorted()
        return WeightsError(
            places.joined(separator: " and "),
            "\(family.taking); \(places.count == 1 ? "the file holds" : "the files hold") \(names)")
    }

    private static func names(_ found: [Found]) -> String {
        found.map(\.encoder.kind.description).joined(separator: " and ")
    }

    private var names: String { Self.names(found) }

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
