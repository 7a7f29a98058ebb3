import Diorama
import DioramaModels
import DioramaTensor
import DioramaTestSupport
import Testing

/// UNETLoader and VAELoader on single files, against diffusers.
@Suite struct ModelFileNodeTests {
    /// Weights are used as they are stored, whatever is asked for.
    @Test(
        "a diffusion model", arguments: ["default", "fp8_e4m3fn", "fp8_e4m3fn_fast", "fp8_e5m2"],
        ["float32", "bfloat16"])
    func diffusionModel(type: String, variant: String) async throws {
        let spelled = try SpelledModel("flux", variant)
        let models = try TemporaryFolder()
        try models.write(spelled.file.bytes, to: "diffusion_models/flux.safetensors")
        let bench = try Workbench(models: [models.url])
        let model: Model = try await bench.output(
            of: "UNETLoader",
            ["unet_name": "flux.safetensors", "weight_dtype": .string(type), "precision": "f32"])
        let golden = try spelled.golden(on: bench.device)
        var context = TextContext(tokens: golden["context"], pooled: golden["pooled"])
        context.guidance = .scale(2.5)
        let output = try model.network(golden["latent"], timestep: golden["timestep"], context: context)
        #expect(relativeError(output, golden[variant]) < Tolerance.f32.block)
        // FLUX.1's numbers: (x - 0.1159) * 0.3611.
        let latent = Tensor.full(1, [1, 4, 2, 2], on: bench.device)
        #expect(abs(model.latentFormat.toModel(latent).floats()[0] - (1 - 0.1159) * 0.3611) < 1e-6)
    }

    @Test("an autoencoder", arguments: ["", "vae.", "original", "first_stage_model."])
    func autoencoder(prefix: String) async throws {
        let models = try TemporaryFolder()
        let bench = try Workbench(models: [models.url])
        let golden = try Fixture("models/vae-file.safetensors", on: bench.device)
        let text = try #require(golden.metadata["tensors"])
        let isOriginal = prefix != "" && prefix != "vae."
        let start = prefix == "original" ? "" : prefix
        // The bytes follow from diffusers' names, whatever the file calls the tensors.
        let tensors = try #require(JSON(parsing: Array(text.utf8)).array).map { row in
            let row = try #require(row.array)
            let (name, shape) = (try #require(row[0].string), try #require(row[1].array))
            let source = try SpeltFile(entries: [(name, shape.compactMap(\.integer), "F32")]).write()
            defer { withExtendedLifetime(source.folder) {} }
            let tensor = try WeightsFile(source.url).open().tensor(name, on: golden.device)
            let other = try #require(row[isOriginal ? 3 : 1].array).compactMap(\.integer)
            return (
                name: start + (try #require(row[isOriginal ? 2 : 0].string)),
                tensor: tensor.reshaped(Shape(other))
            )
        }
        try models.write(SafetensorsWriter.encode(tensors), to: "vae/ae.safetensors")
        let vae: VAE = try await bench.output(of: "VAELoader", ["vae_name": "ae.safetensors"])
        #expect(vae.autoencoder.latentChannels == 16)

        // Pixels are 0...1, channels last; latents are as the autoencoder gives them.
        let pixels = ((golden["image"] + 1) / 2).transposed(1, 2).transposed(2, 3)
        let latent: Latent = try await bench.output(
            of: "VAEEncode", given: ["pixels": ImageBatch(pixels: pixels), "vae": vae])
        #expect(relativeError(latent.samples, golden["mean"]) < Tolerance.f32.block)
        let images: ImageBatch = try await bench.output(
            of: "VAEDecode", given: ["samples": Latent(samples: golden["latent"]), "vae": vae])
        let decoded = golden["decoded"].transposed(1, 2).transposed(2, 3).floats()
        let expected = decoded.map { min(max($0 / 2 + 0.5, 0), 1) }
        #expect(relativeError(images.pixels.floats(), expected) < Tolerance.f32.block)
    }
}
