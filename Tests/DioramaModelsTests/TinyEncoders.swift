import DioramaJSON
import DioramaModels
import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Foundation
import Testing

/// Small CLIP-L, CLIP-G and T5 of the true widths with their vocabularies, as `tools/golden/comfyui_encoders.py` has run them.
struct TinyEncoders {
    /// The encoders' names in the golden.
    enum Part: String, CaseIterable {
        case clipL = "clip_l"
        case clipG = "clip_g"
        case t5
    }

    let golden: Fixture
    let texts: [String]
    private let tensors, configs: JSON.Object

    init(on device: Device = .cpu()) throws {
        golden = try Fixture("comfyui/encoders.safetensors", on: device)
        func json(_ key: String, _ fixture: Fixture) throws -> JSON {
            try JSON(parsing: Array(try #require(fixture.metadata[key]).utf8))
        }
        texts = try #require(json("texts", golden).array).compactMap(\.string)
        tensors = try #require(json("tensors", golden).object)
        configs = try #require(json("configs", golden).object)
    }

    /// A part's file, without its projection if it is not `projected`.
    func file(_ part: Part, projected: Bool = true) throws -> SpeltFile {
        let entries: [SpeltFile.Entry] = try #require(tensors[part.rawValue]?.array).map { row in
            let row = try #require(row.array)
            return (
                try #require(row[0].string), try #require(row[1].array).compactMap(\.integer),
                try #require(row[2].string)
            )
        }
        return SpeltFile(
            isGGUF: false, prefix: "", marks: "",
            entries: entries.filter { projected || !$0.name.hasPrefix("text_projection") })
    }

    /// A part's configuration with the name of its class.
    func config(_ part: Part, architecture: String) throws -> String {
        let config = try #require(configs[part.rawValue]).text()
        return "{\"architectures\": [\"\(architecture)\"], \(config.dropFirst())"
    }

    /// Writes CLIP's vocabulary, whose ids are renumbered without gaps; `pad` fills sequences up.
    func writeCLIPTokenizer(_ folder: TemporaryFolder, to name: String, pad: String = "<|endoftext|>") throws
    {
        let bytes = try Data(contentsOf: Golden.url("tokenizers/clip-l/vocab.json"))
        let vocabulary = try #require(JSONSerialization.jsonObject(with: bytes) as? [String: Int])
        let words = vocabulary.sorted { $0.value < $1.value }.map(\.key)
        let numbered = Dictionary(uniqueKeysWithValues: zip(words, words.indices))
        try folder.write(
            Array(JSONSerialization.data(withJSONObject: numbered)), to: "\(name)/vocab.json")
        let merges = try Data(contentsOf: Golden.url("tokenizers/clip-l/merges.txt"))
        try folder.write(Array(merges), to: "\(name)/merges.txt")
        try folder.write("{\"pad_token\": \"\(pad)\"}", to: "\(name)/tokenizer_config.json")
    }

    /// Writes T5's vocabulary.
    func writeT5Tokenizer(_ folder: TemporaryFolder, to name: String) throws {
        let bytes = try Data(contentsOf: Golden.url("tokenizers/qwen-t5/t5.json"))
        try folder.write(Array(bytes), to: "\(name)/tokenizer.json")
    }

    /// The encoder of a family, from a file of its own for each part.
    func encoder(_ family: TextEncoderFiles.Family, _ parts: [Part]) throws -> any TextEncoder {
        let folder = try TemporaryFolder()
        try writeCLIPTokenizer(folder, to: "tokenizers/clip")
        try writeT5Tokenizer(folder, to: "tokenizers/t5")
        let files = try parts.map { part in
            let url = try folder.write(file(part).bytes, to: "text_encoders/\(part.rawValue).safetensors")
            return (url: url, source: try WeightsFile(url).open() as any TensorSource)
        }
        return try TextEncoderFiles(files, models: [folder.url], on: golden.device, precision: .f32)
            .encoder(for: family)
    }

    /// Products with four random vectors, as the golden has them of tokens and pooled vectors.
    func short(_ tensor: Tensor) throws -> Tensor {
        let width = tensor.shape[tensor.rank - 1]
        let entry: SpeltFile.Entry = ("short.\(width)", [4, width], "F32")
        let (folder, url) = try SpeltFile(isGGUF: false, prefix: "", marks: "", entries: [entry]).write()
        defer { withExtendedLifetime(folder) {} }
        return linear(tensor, try WeightsFile(url).open().tensor(entry.name, on: tensor.device))
    }

    /// Compares a text's conditioning with what the golden has under `key`.
    func expect(
        _ encoded: EncodedText, _ key: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        #expect(encoded.truncatedTokens == 0, sourceLocation: sourceLocation)
        let tokens = relativeError(try short(encoded.context.unfolded), golden["\(key).tokens"])
        #expect(tokens < Tolerance.f32.block, "\(key) tokens: \(tokens)", sourceLocation: sourceLocation)
        guard golden.keys.contains("\(key).pooled") else {
            #expect(encoded.context.pooled == nil, sourceLocation: sourceLocation)
            return
        }
        let pooled = try #require(encoded.context.pooled, sourceLocation: sourceLocation)
        let error = relativeError(try short(pooled), golden["\(key).pooled"])
        #expect(error < Tolerance.f32.block, "\(key) pooled: \(error)", sourceLocation: sourceLocation)
    }
}
