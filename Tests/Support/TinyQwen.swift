import DioramaJSON
package import DioramaTensor
import Foundation

/// A small Qwen3 of 30 layers with its vocabulary, as `tools/golden/qwen_encoders.py` has run it.
package struct TinyQwen: Sendable {
    /// What ComfyUI and diffusers give.
    package let golden: Fixture
    /// The texts.
    package let texts: [String]
    private let rows: JSON.Object
    private let entries: [SpeltFile.Entry]

    /// Reads the golden.
    package init(on device: Device = .cpu()) throws {
        golden = try Fixture("comfyui/qwen.safetensors", on: device)
        func json(_ key: String, _ fixture: Fixture) throws -> JSON {
            try JSON(parsing: Array(try required(fixture.metadata[key]).utf8))
        }
        texts = try required(json("texts", golden).array).compactMap(\.string)
        rows = try required(json("rows", golden).object)
        entries = try required(json("tensors", golden).array).map { row in
            let row = try required(row.array)
            let shape = try required(row[1].array).compactMap(\.integer)
            return (try required(row[0].string), shape, try required(row[2].string))
        }
    }

    /// The file.
    package var file: SpeltFile { SpeltFile(entries: entries) }

    /// The configuration in transformers' spelling.
    package func config() throws -> String { try required(golden.metadata["config"]) }

    /// Writes the vocabulary.
    package func writeTokenizer(_ folder: TemporaryFolder, to name: String) throws {
        let bytes = try Data(contentsOf: Golden.url("tokenizers/qwen-t5/qwen.json"))
        try folder.write(Array(bytes), to: "\(name)/tokenizer.json")
    }

    /// Writes its file and its tokenizer into a models folder.
    package func write(to folder: TemporaryFolder) throws {
        try writeTokenizer(folder, to: "tokenizers/qwen3")
        try folder.write(file.bytes, to: "text_encoders/qwen.safetensors")
    }

    /// The ids of a text as ComfyUI's tokenizer of the family `name` has them, and how many of them are seen.
    package func sequence(_ name: String, _ index: Int) throws -> (ids: [Int], seen: Int) {
        let row = try required(rows[name]?.array?[index].object)
        return (try required(row["ids"]?.array).compactMap(\.integer), try required(row["seen"]?.integer))
    }

    /// How far tokens are from what the golden has under `key`, which may be their beginning.
    package func error(_ tokens: Tensor, _ key: String) throws -> Float {
        let expected = golden[key]
        let length = min(expected.shape[1], tokens.shape[1])
        return relativeError(try TinyEncoders.short(tokens.narrowed(axis: 1, 0..<length)), expected)
    }
}
