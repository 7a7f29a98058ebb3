package import DioramaJSON
package import DioramaTensor
import DioramaWeights
import Foundation

/// Small CLIP-L, CLIP-G and T5 of the true widths with their vocabularies, as `tools/golden/comfyui_encoders.py` has run them.
package struct TinyEncoders: Sendable {
    /// The encoders' names in the golden.
    package enum Part: String, CaseIterable, Sendable {
        case clipL = "clip_l"
        case clipG = "clip_g"
        case t5
    }

    /// What ComfyUI and diffusers give.
    package let golden: Fixture
    /// The texts.
    package let texts: [String]
    /// Rows of nodes: the encoders, the node and its inputs, in which a number stands for a text.
    package let nodes: [JSON]
    private let tensors, configs: JSON.Object

    /// Reads the golden.
    package init(on device: Device = .cpu()) throws {
        golden = try Fixture("comfyui/encoders.safetensors", on: device)
        func json(_ key: String, _ fixture: Fixture) throws -> JSON {
            try JSON(parsing: Array(try required(fixture.metadata[key]).utf8))
        }
        texts = try required(json("texts", golden).array).compactMap(\.string)
        nodes = try required(json("nodes", golden).array)
        tensors = try required(json("tensors", golden).object)
        configs = try required(json("configs", golden).object)
    }

    /// A part's file, without its projection if it is not `projected`.
    package func file(_ part: Part, projected: Bool = true) throws -> SpeltFile {
        let entries: [SpeltFile.Entry] = try required(tensors[part.rawValue]?.array).map { row in
            let row = try required(row.array)
            return (
                try required(row[0].string), try required(row[1].array).compactMap(\.integer),
                try required(row[2].string)
            )
        }
        return SpeltFile(
            entries: entries.filter { projected || !$0.name.hasPrefix("text_projection") })
    }

    /// A part's configuration with the name of its class.
    package func config(_ part: Part, architecture: String) throws -> String {
        let config = try required(configs[part.rawValue]).text()
        return "{\"architectures\": [\"\(architecture)\"], \(config.dropFirst())"
    }

    /// Writes CLIP's vocabulary, whose ids are renumbered without gaps; `pad` fills sequences up.
    package func writeCLIPTokenizer(_ folder: TemporaryFolder, to name: String, pad: String = "<|endoftext|>")
        throws
    {
        let bytes = try Data(contentsOf: Golden.url("tokenizers/clip-l/vocab.json"))
        let vocabulary = try required(JSONSerialization.jsonObject(with: bytes) as? [String: Int])
        let words = vocabulary.sorted { $0.value < $1.value }.map(\.key)
        let numbered = Dictionary(uniqueKeysWithValues: zip(words, words.indices))
        try folder.write(
            Array(JSONSerialization.data(withJSONObject: numbered)), to: "\(name)/vocab.json")
        let merges = try Data(contentsOf: Golden.url("tokenizers/clip-l/merges.txt"))
        try folder.write(Array(merges), to: "\(name)/merges.txt")
        try folder.write("{\"pad_token\": \"\(pad)\"}", to: "\(name)/tokenizer_config.json")
    }

    /// Writes T5's vocabulary.
    package func writeT5Tokenizer(_ folder: TemporaryFolder, to name: String) throws {
        let bytes = try Data(contentsOf: Golden.url("tokenizers/qwen-t5/t5.json"))
        try folder.write(Array(bytes), to: "\(name)/tokenizer.json")
    }

    /// Writes files of parts and their tokenizers into a models folder.
    package func write(_ parts: [Part] = Part.allCases, to folder: TemporaryFolder) throws {
        try writeCLIPTokenizer(folder, to: "tokenizers/clip")
        try writeT5Tokenizer(folder, to: "tokenizers/t5")
        for part in parts {
            try folder.write(file(part).bytes, to: "text_encoders/\(part.rawValue).safetensors")
        }
    }

    /// Products with four random vectors, as the golden has them of tokens and pooled vectors.
    package static func short(_ tensor: Tensor) throws -> Tensor {
        let width = tensor.shape[tensor.rank - 1]
        let entry: SpeltFile.Entry = ("short.\(width)", [4, width], "F32")
        let (folder, url) = try SpeltFile(entries: [entry]).write()
        defer { withExtendedLifetime(folder) {} }
        return linear(tensor, try WeightsFile(url).open().tensor(entry.name, on: tensor.device))
    }

    /// How far tokens and a pooled vector are from what the golden has under `key`; infinite where one has a pooled vector alone.
    package func errors(
        tokens: Tensor, pooled: Tensor?, _ key: String
    ) throws -> (tokens: Float, pooled: Float) {
        let error = relativeError(try Self.short(tokens), golden["\(key).tokens"])
        guard golden.keys.contains("\(key).pooled") else { return (error, pooled == nil ? 0 : .infinity) }
        guard let pooled else { return (error, .infinity) }
        let expected = golden["\(key).pooled"]
        // Encoders that are told nothing give zeros.
        let isZero = expected.floats().allSatisfy { $0 == 0 }
        return (
            error,
            isZero ? pooled.floats().map(abs).max() ?? 0 : relativeError(try Self.short(pooled), expected)
        )
    }
}
