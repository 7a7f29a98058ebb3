import DioramaJSON
import DioramaModels
import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Foundation
import Testing

/// Where the tokenizers of text encoders' files are found: ids are told by the states that transformers gives for those of Hugging
/// Face's tokenizers, in `tools/golden/encoder_spellings.py`.
@Suite struct TokenizerPlacesTests {
    private let folder: TemporaryFolder
    private let golden: Fixture
    private let texts: [String]

    /// A text encoder with the tokenizer of its kind.
    enum Kind: String, CaseIterable {
        case t5, qwen3

        var family: TextEncoderFiles.Family { self == .t5 ? .chroma : .zImage }
        var json: String { "tokenizers/qwen-t5/\(self == .t5 ? "t5" : "qwen").json" }
    }

    init() throws {
        folder = try TemporaryFolder()
        golden = try Fixture("tokenizers/gguf/expected.safetensors")
        let text = try #require(golden.metadata["texts"])
        texts = try #require(JSON(parsing: Array(text.utf8)).array).compactMap(\.string)
    }

    private func expect(_ encoder: any TextEncoder, _ kind: Kind) throws {
        for (index, text) in texts.enumerated() {
            let tokens = try encoder.encode(text).context.unfolded
            let expected = golden["\(kind).\(index)"]
            try #require(tokens.shape == expected.shape, "\(kind) \(index)")
            #expect(relativeError(tokens, expected) < Tolerance.f32.model)
        }
    }

    private func encoder(_ url: URL, _ source: any TensorSource, _ kind: Kind) throws -> any TextEncoder {
        try TextEncoderFiles(
            [(url: url, source: source)], models: [folder.url.appending(path: "models")], on: .cpu(),
            precision: .f32
        ).encoder(for: kind.family)
    }

    /// The tensors of the GGUF file, in a safetensors file without tokenizer and with some tensors more.
    private func bare(_ kind: Kind, _ extra: [String: [UInt8]] = [:]) throws -> URL {
        let device = Device.cpu()
        let file = try WeightsFile(Golden.url("tokenizers/gguf/\(kind).gguf")).open()
        let entries = try file.keys.map { (name: $0, tensor: try file.tensor($0, on: device)) }
        var bytes = try SafetensorsWriter.encode(entries)
        if !extra.isEmpty { bytes = try Self.adding(extra, to: bytes) }
        return try folder.write(bytes, to: "text_encoders/encoder.safetensors")
    }

    /// A safetensors file with tensors of bytes behind the others.
    private static func adding(_ extra: [String: [UInt8]], to bytes: [UInt8]) throws -> [UInt8] {
        let count = bytes[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
        var header = try #require(JSON(parsing: Array(bytes[8..<8 + count])).object)
        var data = Array(bytes[(8 + count)...])
        for (key, value) in extra {
            header[key] = [
                "dtype": "U8", "shape": [.integer(value.count)],
                "data_offsets": [.integer(data.count), .integer(data.count + value.count)],
            ]
            data += value
        }
        let text = Array(JSON.object(header).text().utf8)
        return littleEndian(UInt64(text.count)) + text + data
    }

    private func golden(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: Golden.url(path))) }

    @Test(
        "the metadata of a GGUF file, with quantised weights under llama.cpp's names",
        arguments: Kind.allCases)
    func metadata(_ kind: Kind) throws {
        let url = Golden.url("tokenizers/gguf/\(kind).gguf")
        try expect(encoder(url, WeightsFile(url).open(), kind), kind)
    }

    @Test(
        "a tensor of the file",
        arguments: [
            (Kind.t5, "spiece_model", "tokenizers/qwen-t5/spiece.model"),
            (.t5, "tokenizer_json", Kind.t5.json), (.qwen3, "tokenizer_json", Kind.qwen3.json),
        ])
    func tensor(_ kind: Kind, _ key: String, _ path: String) throws {
        let url = try bare(kind, [key: golden(path)])
        let source = try WeightsFile(url).open()
        try expect(encoder(url, source, kind), kind)
        #expect(try #require(ModelFileContents(source).parts.first).needs == [])
    }

    @Test("a file beside it, and a folder of the models folder", arguments: Kind.allCases)
    func files(_ kind: Kind) throws {
        let url = try bare(kind)
        let source = try WeightsFile(url).open()
        let path = folder.url.appending(path: "models/tokenizers/\(kind)").path
        let what =
            kind == .t5
            ? "tokenizer.json (or spiece.model) of google/t5-v1_1-xxl"
            : "tokenizer.json (or vocab.json and merges.txt) of Qwen/Qwen3-4B"
        let error = #expect(throws: WeightsError.self) { _ = try encoder(url, source, kind) }
        #expect(
            error?.description
                == "\(url.path): comes without its tokenizer: put \(what) into \(path), or its tokenizer.json beside the file as "
                + "encoder.tokenizer.json")
        let need = try #require(ModelFileContents(source).parts.first?.needs.first)
        #expect(need.folder == "tokenizers/\(kind)")
        #expect(need.file?.hasSuffix(", or beside the file encoder.tokenizer.json") == true)

        let beside = try folder.write(golden(kind.json), to: "text_encoders/encoder.tokenizer.json")
        try expect(encoder(url, source, kind), kind)
        try FileManager.default.removeItem(at: beside)
        try folder.write(golden(kind.json), to: "models/tokenizers/\(kind)/tokenizer.json")
        try expect(encoder(url, source, kind), kind)
    }

    /// What comes later in the order is not even a tokenizer.
    @Test(
        "the file itself comes before what is beside it, and that before a folder", arguments: Kind.allCases)
    func order(_ kind: Kind) throws {
        try folder.write("{}", to: "models/tokenizers/\(kind)/tokenizer.json")
        let url = try bare(kind)
        #expect(throws: (any Error).self) { _ = try encoder(url, WeightsFile(url).open(), kind) }
        let beside = try folder.write(golden(kind.json), to: "text_encoders/encoder.tokenizer.json")
        try expect(encoder(url, WeightsFile(url).open(), kind), kind)
        try FileManager.default.removeItem(at: beside)
        try folder.write("{}", to: "text_encoders/encoder.tokenizer.json")
        let whole = try bare(kind, ["tokenizer_json": golden(kind.json)])
        try expect(encoder(whole, WeightsFile(whole).open(), kind), kind)
        let gguf = try folder.write(
            golden("tokenizers/gguf/\(kind).gguf"), to: "text_encoders/encoder.gguf")
        try expect(encoder(gguf, WeightsFile(gguf).open(), kind), kind)
    }
}
