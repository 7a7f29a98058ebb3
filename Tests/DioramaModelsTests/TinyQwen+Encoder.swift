import DioramaModels
import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Testing

extension TinyQwen {
    /// The encoder of a family from a file of its own.
    func encoder(_ family: TextEncoderFiles.Family) throws -> QwenTextEncoder {
        let folder = try TemporaryFolder()
        try write(to: folder)
        let url = folder.url.appending(path: "text_encoders/qwen.safetensors")
        let files = try TextEncoderFiles(
            [(url: url, source: try WeightsFile(url).open())], models: [folder.url], on: golden.device,
            precision: .f32)
        return try #require(files.encoder(for: family) as? QwenTextEncoder)
    }

    /// Compares the tokens of a text with what the golden has under `key`.
    func expect(
        _ encoded: EncodedText, _ key: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let error = try error(encoded.context.unfolded, key)
        #expect(error < Tolerance.f32.block, "\(key): \(error)", sourceLocation: sourceLocation)
        #expect(encoded.truncatedTokens == 0 && encoded.context.pooled == nil, sourceLocation: sourceLocation)
    }
}
