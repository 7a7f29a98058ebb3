import DioramaModels
import DioramaTensor
import DioramaTestSupport
import Testing

/// How families join CLIP and T5, against ComfyUI's own encoders: long, weighted and empty texts among them.
@Suite struct ComfyUIEncoderTests {
    private let encoders: TinyEncoders

    init() throws { encoders = try TinyEncoders() }

    @Test func flux() throws {
        let encoder = try encoders.encoder(.flux, [.clipL, .t5])
        for (index, text) in encoders.texts.enumerated() {
            try encoders.expect(encoder.encode(text), "flux.\(index)")
        }
        for layer in [-1, -2, -3, -24] {
            try encoders.expect(encoder.encode(encoders.texts[3], layer: layer), "flux.layer.\(layer)")
        }
    }

    @Test(
        "Stable Diffusion 3 with any of its encoders",
        arguments: [
            ("l g t5", [TinyEncoders.Part.clipL, .clipG, .t5]), ("l g", [.clipL, .clipG]),
            ("l t5", [.clipL, .t5]),
            ("g t5", [.clipG, .t5]), ("l", [.clipL]), ("g", [.clipG]), ("t5", [.t5]),
        ])
    func stableDiffusion3(_ name: String, _ parts: [TinyEncoders.Part]) throws {
        let encoder = try encoders.encoder(.sd3, parts)
        for (index, text) in encoders.texts.enumerated() where parts.count == 3 || index == 0 || index == 4 {
            try encoders.expect(encoder.encode(text), "sd3.\(name).\(index)")
        }
        guard parts.count == 3 else { return }
        for layer in [-1, -2, -3, -24] {
            try encoders.expect(encoder.encode(encoders.texts[3], layer: layer), "sd3.layer.\(layer)")
        }
    }

    @Test(arguments: [TextEncoderFiles.Family.pixart, .chroma])
    func t5Alone(_ family: TextEncoderFiles.Family) throws {
        let encoder = try encoders.encoder(family, [.t5])
        for (index, text) in encoders.texts.enumerated() {
            try encoders.expect(encoder.encode(text), "pixart.\(index)")
        }
    }
}
