import DioramaModels
import DioramaTestSupport
import Testing

/// What Z-Image and FLUX.2 klein take of Qwen3, against ComfyUI's own tokenizers and text models, and diffusers' pipelines.
@Suite struct QwenEncoderTests {
    private let qwen: TinyQwen

    init() throws { qwen = try TinyQwen() }

    /// Weights and `\(`, an empty text, one of more than 512 tokens, and added tokens in the text.
    @Test(arguments: [(TextEncoderFiles.Family.zImage, "z_image"), (.flux2, "klein")])
    func families(_ family: TextEncoderFiles.Family, _ name: String) throws {
        let encoder = try qwen.encoder(family)
        for (index, text) in qwen.texts.enumerated() {
            let (own, expected) = (encoder.sequence(of: text), try qwen.sequence(name, index))
            #expect(own.ids == expected.ids && own.seen == expected.seen, "\(name) \(index)")
            let encoded = try encoder.encode(text)
            #expect(encoded.context.tokens.shape[1] == expected.ids.count)
            try qwen.expect(encoded, "\(name).\(index)")
            if qwen.golden.keys.contains("diffusers.\(name).\(index)") {
                try qwen.expect(encoded, "diffusers.\(name).\(index)")
            }
        }
        #expect(qwen.golden.keys.filter { $0.hasPrefix("diffusers.\(name)") }.count == 5)
    }

    @Test func textsOfMoreTokensThanTheEncoderTakesAreCutBeforeTheTemplatesEnd() throws {
        let encoder = try qwen.encoder(.zImage)
        let (whole, cut) = (
            encoder.sequence(of: ""), encoder.sequence(of: String(repeating: "1", count: 5000))
        )
        #expect(cut.ids.count == 4096 && cut.seen == 4096)
        #expect(cut.truncated == whole.ids.count + 5000 - 4096)
        #expect(cut.ids.suffix(8) == whole.ids.suffix(8) && cut.ids.prefix(3) == whole.ids.prefix(3))
    }

    /// CLIP Set Last Layer: FLUX.2 takes its three states all the same.
    @Test func otherLayers() throws {
        let (zImage, klein) = (try qwen.encoder(.zImage), try qwen.encoder(.flux2))
        try qwen.expect(zImage.encode(qwen.texts[0], layer: -5), "z_image.layer.-5")
        try qwen.expect(zImage.encode(qwen.texts[0], layer: -2), "z_image.0")
        for layer in [-1, -5] { try qwen.expect(klein.encode(qwen.texts[0], layer: layer), "klein.0") }
        for layer in [-1, -31] {
            #expect(throws: ModelInputError.self) { try zImage.encode("a", layer: layer) }
        }
    }
}
