import Diorama
import DioramaImage
import DioramaModels
import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Foundation
import Synchronization
import Testing

/// Previews of latents, against ComfyUI's own (`tools/golden/latent_previews.py`).
@Suite struct LatentPreviewTests {
    /// The latent formats whose colors are known, by ComfyUI's names.
    static let formats: [(name: String, scale: Float, shift: Float)] = [
        ("SD15", 0.18215, 0), ("SDXL", 0.13025, 0), ("SD3", 1.5305, 0.0609), ("Flux", 0.3611, 0.1159),
    ]

    @Test("colors are ComfyUI's", arguments: formats)
    func colors(_ format: (name: String, scale: Float, shift: Float)) throws {
        let golden = try Fixture("nodes/latent_previews.safetensors")
        let latent = golden["\(format.name).latent"]
        let colors = try #require(
            LatentColors.of(LatentFormat(scale: format.scale, shift: format.shift), channels: latent.shape[1])
        )
        let pixels = colors.pictures(latent).pixels
        let expected = golden.ints("\(format.name).picture")
        #expect(pixels.shape == [1, 5, 7, 3] && expected.count == 105)
        // Sums in another order may fall to the other side of a whole number.
        let wrong = zip(pixels.floats().map { Int(255 * $0) }, expected).filter { $0 != $1 }
        #expect(wrong.count <= 1 && wrong.allSatisfy { abs($0 - $1) == 1 })
    }

    @Test func cellsOfFLUX2AreFour() throws {
        let colors = try #require(LatentColors.of(LatentFormat(scale: 1, shift: 0), channels: 128))
        let device = Device.cpu()
        var values = [Float](repeating: 0, count: 128)
        // Channel 3 of the upper right of four cells.
        values[3 * 4 + 1] = 1
        let pixels = colors.pictures(Tensor(values, [1, 128, 1, 1], on: device)).pixels
        #expect(pixels.shape == [1, 2, 2, 3])
        let bias: [Float] = [-0.0329, -0.0718, -0.0851]
        let factors: [Float] = [0.2144, 0.3009, 0.3652]
        var expected: [Float] = []
        for cell in 0..<4 {
            for color in 0..<3 {
                let sum: Float = bias[color] + (cell == 1 ? factors[color] : 0)
                expected.append((sum + 1) / 2)
            }
        }
        #expect(relativeError(pixels, Tensor(expected, [1, 2, 2, 3], on: device)) < Tolerance.f32.op)
    }

    /// What a sampler of FLUX.1's latents shows of a picture that its network knows.
    private func shown(
        _ previews: LatentPreviews, steps: Int, models: [URL] = []
    ) async throws -> (previews: [Preview], notices: [String]) {
        let bench = try Workbench(models: models, resources: Resources().with(previews))
        let target = bench.noise([1, 16, 4, 6], seed: 9) * 2 - 1
        var model = try await bench.checkpoint().model
        model.network = ToyNetwork(target)
        model.latentFormat = LatentFormat(scale: 0.3611, shift: 0.1159)
        let seen = Seen()
        let prompt = Conditioning([ToyNetwork.prompt(1, on: bench.device)])
        try await bench.run(
            "KSampler", ["steps": .integer(steps), "cfg": 1],
            given: [
                "model": model, "positive": prompt, "negative": prompt,
                "latent_image": Latent(samples: .zeros([1, 16, 4, 6], on: bench.device)),
            ]
        ) { event in
            switch event {
            case .preview(_, let preview): seen.previews.withLock { $0.append(preview) }
            case .notice(_, let text): seen.notices.withLock { $0.append(text) }
            default: break
            }
        }
        return (seen.previews.withLock { $0 }, seen.notices.withLock { $0 })
    }

    @Test(
        "a sampler shows its picture every few steps and at the end",
        arguments: [(1, 5), (2, 3), (4, 2), (9, 1)])
    func samplers(interval: Int, count: Int) async throws {
        let (previews, notices) = try await shown(LatentPreviews(every: interval, as: .png), steps: 5)
        #expect(previews.count == count && notices.isEmpty)
        for preview in previews {
            #expect(preview.mediaType == "image/png")
            let picture = try ImageFile.decode(preview.bytes)
            #expect(picture.width == 48 && picture.height == 32)
        }
        // The network sees its picture from the first step on.
        #expect(Set(previews.map(\.bytes)).count <= 2)
    }

    @Test func aTinyAutoencoderInTheFolderIsUsed() async throws {
        let folder = try TemporaryFolder()
        let (previews, notices) = try await shown(
            LatentPreviews(by: .tiny, as: .jpeg), steps: 1, models: [folder.url])
        #expect(previews.count == 1 && previews[0].mediaType == "image/jpeg")
        #expect(
            notices == [
                "previews: the vae_approx folder has no taef1 for these latents; they are shown as colors"
            ])
        let golden = try Fixture("models/vae-tiny.safetensors")
        try folder.write(Self.decoder(golden), to: "vae_approx/taef1_decoder.safetensors")
        // Of four channels: told, and colors are shown.
        let other = try await shown(LatentPreviews(as: .png), steps: 1, models: [folder.url])
        #expect(other.previews.count == 1)
        #expect(other.notices.first?.contains("takes latents of 4 channels, not 16") == true)
    }

    /// The decoder of a golden as a file of its own.
    static func decoder(_ golden: Fixture, part: String = "decoder") throws -> [UInt8] {
        let prefix = "model.\(part).layers."
        return try SafetensorsWriter.encode(
            golden.keys.filter { $0.hasPrefix(prefix) }.map { key in
                let rest = key.dropFirst(prefix.count)
                let index = Int(rest.prefix { $0 != "." }) ?? 0
                let name = "\(part == "decoder" ? index + 1 : index)\(rest.drop { $0 != "." })"
                return (name: name, tensor: golden[key])
            })
    }

    @Test func theNamesOfTinyAutoencodersAreChoices() async throws {
        let folder = try TemporaryFolder()
        let bench = try Workbench(models: [folder.url])
        let golden = try Fixture("models/vae-tiny.safetensors", on: bench.device)
        try folder.write(Self.decoder(golden), to: "vae_approx/taesd_decoder.safetensors")
        #expect(await bench.failure(of: "VAELoader", ["vae_name": "taesd"])?.contains("taesd") == true)
        try folder.write(Self.decoder(golden, part: "encoder"), to: "vae_approx/taesd_encoder.safetensors")
        let vae: VAE = try await bench.output(of: "VAELoader", ["vae_name": "taesd"])
        #expect(vae.autoencoder.latentChannels == 4 && vae.autoencoder.factor == 8)
        let latent = golden["latent"] / 0.18215
        let picture: ImageBatch = try await bench.output(
            of: "VAEDecode", given: ["samples": Latent(samples: latent), "vae": vae])
        let expected = ((golden["decoded"] + 1) * 0.5).clamped(0, 1).permuted(0, 2, 3, 1)
        #expect(relativeError(picture.pixels, expected) < Tolerance.f32.block)
        let pixels = ImageBatch(pixels: ((golden["image"] + 1) * 0.5).permuted(0, 2, 3, 1))
        let encoded: Latent = try await bench.output(of: "VAEEncode", given: ["pixels": pixels, "vae": vae])
        #expect(relativeError(encoded.samples, golden["encoded"] / 0.18215) < Tolerance.f32.block)
    }
}

/// What a run showed and told, from any thread.
private final class Seen: Sendable {
    let previews = Mutex<[Preview]>([])
    let notices = Mutex<[String]>([])
}
