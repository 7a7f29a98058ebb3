import DioramaModels
import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Foundation
import Testing

/// Case 29 of the project's list of hostile files: tokenizers with more words than their encoder, and sequences longer than it takes.
@Suite struct TokensBeyondTableTests {
    private let encoders: TinyEncoders

    init() throws { encoders = try TinyEncoders() }

    /// An encoder of a file of which one tensor has other rows.
    private func encoder(
        _ part: TinyEncoders.Part, _ family: TextEncoderFiles.Family, _ changed: String, rows: Int
    ) throws -> any TextEncoder {
        let folder = try TemporaryFolder()
        try encoders.writeCLIPTokenizer(folder, to: "tokenizers/clip")
        try encoders.writeT5Tokenizer(folder, to: "tokenizers/t5")
        let entries: [SpeltFile.Entry] = try encoders.file(part).entries.map { entry in
            entry.name.hasSuffix(changed)
                ? (entry.name, [rows] + entry.shape.dropFirst(), entry.type) : entry
        }
        let file = SpeltFile(isGGUF: false, prefix: "", marks: "", entries: entries)
        let url = try folder.write(file.bytes, to: "text_encoders/\(part.rawValue).safetensors")
        return try TextEncoderFiles(
            [(url: url, source: try WeightsFile(url).open() as any TensorSource)], models: [folder.url],
            on: .cpu()
        ).encoder(for: family)
    }

    @Test(
        "case 29: an id beyond the table names the encoder and both numbers",
        arguments: [
            (TinyEncoders.Part.clipL, TextEncoderFiles.Family.sd3, "token_embedding.weight", "CLIP"),
            (.clipG, .sd3, "token_embedding.weight", "CLIP"), (.t5, .sd3, "shared.weight", "T5"),
            (.t5, .pixart, "shared.weight", "T5"), (.t5, .chroma, "shared.weight", "T5"),
        ])
    func ids(
        _ part: TinyEncoders.Part, _ family: TextEncoderFiles.Family, _ table: String, _ name: String
    ) throws {
        let encoder = try encoder(part, family, table, rows: 7)
        let error = #expect(throws: ModelInputError.self) { try encoder.encode("a lighthouse at the sea") }
        let text = try #require(error).description
        #expect(
            text.hasPrefix("\(name): the token id ")
                && text.contains(
                    " is outside the text encoder's table of 7; the tokenizer may be another model's"),
            "\(text)")
    }

    @Test func idsOfQwen() throws {
        let folder = try TemporaryFolder()
        let tokenizer = try Data(contentsOf: Golden.url("tokenizers/qwen-t5/qwen.json"))
        try folder.write(Array(tokenizer), to: "tokenizers/qwen3/tokenizer.json")
        let golden = try GoldenModel("qwen3", on: .cpu())
        let tensors = try golden.renamed { $0 }
        let bytes = try SafetensorsWriter.encode(
            try tensors.keys.map { (name: $0, tensor: try tensors.tensor($0, on: .cpu())) })
        let url = try folder.write(bytes, to: "text_encoders/qwen3.safetensors")
        let encoder = try TextEncoderFiles(
            [(url: url, source: try WeightsFile(url).open())], models: [folder.url], on: .cpu()
        ).encoder(for: .zImage)
        let error = #expect(throws: ModelInputError.self) { try encoder.encode("a lighthouse") }
        #expect(error?.description.hasPrefix("Qwen3: the token id ") == true)
        #expect(error?.description.contains("text encoder's table of 60; ") == true)
    }

    @Test(
        "a table of positions that holds no text", arguments: [TinyEncoders.Part.clipL, .clipG], [1, 2, 3])
    func positions(_ part: TinyEncoders.Part, _ rows: Int) throws {
        let encoder = try encoder(part, .sd3, "position_embedding.weight", rows: rows)
        guard rows == 1 else {
            // One token in each of many sequences, or none.
            let truncated = try encoder.encode("a lighthouse at the sea").truncatedTokens
            #expect((truncated > 0) == (rows == 2))
            return
        }
        let error = #expect(throws: ModelInputError.self) { try encoder.encode("a lighthouse at the sea") }
        #expect(error?.description.contains("CLIP takes sequences of one length in 1...1, found ") == true)
    }
}
