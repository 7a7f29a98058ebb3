import DioramaModels
import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Testing

extension TinyEncoders {
    /// The encoder of a family, from a file of its own for each part.
    func encoder(_ family: TextEncoderFiles.Family, _ parts: [Part]) throws -> any TextEncoder {
        let folder = try TemporaryFolder()
        try write(parts, to: folder)
        let files = try parts.map { part in
            let url = folder.url.appending(path: "text_encoders/\(part.rawValue).safetensors")
            return (url: url, source: try WeightsFile(url).open() as any TensorSource)
        }
        return try TextEncoderFiles(files, models: [folder.url], on: golden.device, precision: .f32)
            .encoder(for: family)
    }

    /// Compares a text's conditioning with what the golden has under `key`.
    func expect(
        _ encoded: EncodedText, _ key: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        #expect(encoded.truncatedTokens == 0, sourceLocation: sourceLocation)
        let error = try errors(tokens: encoded.context.unfolded, pooled: encoded.context.pooled, key)
        #expect(
            max(error.tokens, error.pooled) < Tolerance.f32.block, "\(key): \(error)",
            sourceLocation: sourceLocation)
    }
}
