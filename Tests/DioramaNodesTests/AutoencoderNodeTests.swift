import Diorama
import DioramaTensor
import DioramaTestSupport
import Testing

/// VAEEncode, VAEDecode and VAEDecodeTiled with the sample model, against diffusers' runs.
@Suite struct AutoencoderNodeTests {
    let bench: Workbench

    init() throws { bench = try Workbench(input: Golden.url("pipeline")) }

    /// A latent of a golden run after its last step, as the autoencoder has it, and its picture as IMAGE has it.
    private func lastStep(of run: String, _ model: Model) throws -> (latent: Latent, picture: Tensor) {
        let golden = try Fixture("pipeline/\(run).safetensors", on: bench.device)
        let steps = golden["latents_after_step"]
        let last = steps[steps.shape[0] - 1..<steps.shape[0]]
        return (
            Latent(samples: model.latentFormat.toAutoencoder(last)),
            ((golden["image"] + 1) * 0.5).clamped(0, 1).permuted(0, 2, 3, 1)
        )
    }

    @Test func encodesAPictureAsDiffusersDoes() async throws {
        let (model, vae) = try await bench.checkpoint()
        let picture: ImageBatch = try await bench.output(of: "LoadImage", ["image": "boat.png"])
        let latent: Latent = try await bench.output(
            of: "VAEEncode", given: ["pixels": picture, "vae": vae])
        let expected = try Fixture("pipeline/img2img.safetensors")["init_latents"]
        // The node gives the autoencoder's own latents; the sampler scales them.
        #expect(relativeError(model.latentFormat.toModel(latent.samples), expected) < Tolerance.f32.model)
    }

    @Test("a side that is no multiple of eight is cut around the middle, and alpha is left out")
    func crops() async throws {
        let (_, vae) = try await bench.checkpoint()
        let whole = bench.noise([1, 45, 38, 4])
        // ComfyUI's offsets: (45 mod 8) / 2 = 2 and (38 mod 8) / 2 = 3.
        let cut = whole.narrowed(axis: 1, 2..<42).narrowed(axis: 2, 3..<35).narrowed(axis: 3, 0..<3)
        let latents: [Latent] = [
            try await bench.output(
                of: "VAEEncode", given: ["pixels": ImageBatch(pixels: whole), "vae": vae]),
            try await bench.output(of: "VAEEncode", given: ["pixels": ImageBatch(pixels: cut), "vae": vae]),
        ]
        #expect(latents[0].samples.shape == [1, 8, 5, 4])
        #expect(latents[0].samples.floats() == latents[1].samples.floats())
    }

    @Test func aPictureSmallerThanACellIsASentence() async throws {
        let (_, vae) = try await bench.checkpoint()
        let small = ImageBatch(pixels: bench.noise([1, 7, 90, 3]))
        #expect(
            await bench.failure(of: "VAEEncode", given: ["pixels": small, "vae": vae])
                == "node (VAEEncode): pixels is 90x7; the autoencoder needs at least 8x8")
    }

    @Test func decodesALatentAsDiffusersDoes() async throws {
        let (model, vae) = try await bench.checkpoint()
        for run in ["boat", "wide"] {
            let (latent, expected) = try lastStep(of: run, model)
            let picture: ImageBatch = try await bench.output(
                of: "VAEDecode", given: ["samples": latent, "vae": vae])
            #expect(relativeError(picture.pixels, expected) < Tolerance.f32.model, "\(run)")
            #expect(picture.pixels.floats().allSatisfy { 0...1 ~= $0 })
        }
    }

    @Test("decoding by tiles is decoding", arguments: [64, 96, 512])
    func tiles(size: Int) async throws {
        let (model, vae) = try await bench.checkpoint()
        let (latent, _) = try lastStep(of: "wide", model)
        let whole: ImageBatch = try await bench.output(
            of: "VAEDecode", given: ["samples": latent, "vae": vae])
        let tiled: ImageBatch = try await bench.output(
            of: "VAEDecodeTiled", ["tile_size": .integer(size)], given: ["samples": latent, "vae": vae])
        #expect(relativeError(tiled.pixels, whole.pixels) < Tolerance.f32.block)
    }

    @Test("encoding by tiles is encoding", arguments: [64, 128])
    func encodedTiles(size: Int) async throws {
        let (_, vae) = try await bench.checkpoint()
        let pictures = ImageBatch(pixels: bench.noise([2, 75, 150, 4]))
        let whole: Latent = try await bench.output(of: "VAEEncode", given: ["pixels": pictures, "vae": vae])
        let tiled: Latent = try await bench.output(
            of: "VAEEncodeTiled", ["tile_size": .integer(size)], given: ["pixels": pictures, "vae": vae])
        #expect(tiled.samples.shape == [2, 8, 9, 18])
        #expect(relativeError(tiled.samples, whole.samples) < Tolerance.f32.block)
        #expect(
            await bench.failure(
                of: "VAEEncodeTiled",
                given: ["pixels": ImageBatch(pixels: bench.noise([1, 7, 90, 3])), "vae": vae])
                == "node (VAEEncodeTiled): pixels is 90x7; the autoencoder needs at least 8x8")
    }

    @Test func eachItemOfABatchIsCodedAlone() async throws {
        let (_, vae) = try await bench.checkpoint()
        let pictures = bench.noise([3, 16, 24, 3])
        let batch: Latent = try await bench.output(
            of: "VAEEncode", given: ["pixels": ImageBatch(pixels: pictures), "vae": vae])
        let decoded: ImageBatch = try await bench.output(
            of: "VAEDecode", given: ["samples": batch, "vae": vae])
        #expect(decoded.pixels.shape == [3, 16, 24, 3])
        for item in 0..<3 {
            let latent: Latent = try await bench.output(
                of: "VAEEncode", given: ["pixels": ImageBatch(pixels: pictures[item..<item + 1]), "vae": vae])
            #expect(latent.samples.floats() == batch.samples[item].floats())
            let picture: ImageBatch = try await bench.output(
                of: "VAEDecode", given: ["samples": latent, "vae": vae])
            #expect(picture.pixels.floats() == decoded.pixels[item].floats())
        }
    }

    @Test("a latent of another model is a sentence", arguments: ["VAEDecode", "VAEDecodeTiled"])
    func foreignLatents(className: String) async throws {
        let (_, vae) = try await bench.checkpoint()
        let latent = Latent(samples: bench.noise([1, 4, 8, 8]))
        let message = await bench.failure(of: className, given: ["samples": latent, "vae": vae])
        #expect(
            message?.hasSuffix(
                "the latent is [1, 4, 8, 8]; this autoencoder takes [B, 8, H, W]: it may be another model's")
                == true)
    }
}
