import Diorama
import DioramaTensor
import DioramaTestSupport
import Testing

/// VAEEncodeForInpaint and InpaintModelConditioning, against ComfyUI's nodes with an autoencoder that keeps the pixels.
@Suite struct InpaintingNodeTests {
    let bench: Workbench
    private let vae: VAE
    private let golden: Fixture

    init() async throws {
        bench = try Workbench()
        vae = try await bench.checkpoint().vae
        golden = try Fixture("comfyui/inpainting.safetensors", on: bench.device)
    }

    private func given(_ name: String) -> [String: any PortValue] {
        [
            "pixels": ImageBatch(pixels: golden["\(name).pixels"]), "vae": vae,
            "mask": Mask(coverage: golden["\(name).mask"]),
        ]
    }

    private func encoded(_ pixels: Tensor) async throws -> Tensor {
        let latent: Latent = try await bench.output(
            of: "VAEEncode", given: ["pixels": ImageBatch(pixels: pixels), "vae": vae])
        return latent.samples
    }

    @Test("what is to be made anew is gray and may change", arguments: ["one", "each", "scaled"])
    func forInpainting(name: String) async throws {
        let gray = try await encoded(golden["\(name).gray"])
        for grow in [0, 1, 5, 6] {
            let latent: Latent = try await bench.output(
                of: "VAEEncodeForInpaint", ["grow_mask_by": .integer(grow)], given: given(name))
            let mask = try #require(latent.noiseMask).coverage
            let expected = golden["\(name).grown.\(grow)"]
            #expect(mask.shape == expected.shape && mask.floats() == expected.floats(), "\(grow)")
            #expect(relativeError(latent.samples, gray) < Tolerance.f32.block)
        }
    }

    @Test("the mask comes with the latent", arguments: ["one", "each", "scaled"])
    func conditioning(name: String) async throws {
        let prompts = (1...2).map { Conditioning([ToyNetwork.prompt(Float($0), on: bench.device)]) }
        var values = given(name)
        (values["positive"], values["negative"]) = (prompts[0], prompts[1])
        let result = try await bench.run("InpaintModelConditioning", given: values)
        let latent = try #require(result.value("node", output: 2, as: Latent.self))
        let mask = try #require(latent.noiseMask).coverage
        #expect(relativeError(mask, golden["\(name).noise_mask"]) < Tolerance.f32.op)
        let plain = try await encoded(golden["\(name).pixels"])
        #expect(relativeError(latent.samples, plain) < Tolerance.f32.op)
        for output in 0..<2 {
            let prompt = try #require(result.value("node", output: output, as: Conditioning.self))
            #expect(prompt.entries[0].context.tokens.floats()[0] == Float(output + 1))
        }
        let without: Latent = try await bench.output(
            2, of: "InpaintModelConditioning", ["noise_mask": false], given: values)
        #expect(without.noiseMask == nil)
    }

    @Test(
        "masks are one for all or one for each",
        arguments: ["VAEEncodeForInpaint", "InpaintModelConditioning"])
    func counts(className: String) async throws {
        let prompt = Conditioning([ToyNetwork.prompt(1, on: bench.device)])
        var values: [String: any PortValue] = [
            "pixels": ImageBatch(pixels: bench.noise([1, 16, 16, 3])), "vae": vae,
            "mask": Mask(coverage: bench.noise([2, 16, 16])),
        ]
        if className == "InpaintModelConditioning" {
            (values["positive"], values["negative"]) = (prompt, prompt)
        }
        #expect(
            await bench.failure(of: className, given: values)
                == "node (\(className)): mask holds 2 masks, and there is 1 picture; give one mask for all, or one for each"
        )
        values["pixels"] = ImageBatch(pixels: bench.noise([2, 7, 90, 3]))
        #expect(
            await bench.failure(of: className, given: values)
                == "node (\(className)): pixels is 90x7; the autoencoder needs at least 8x8")
    }

    @Test func alphaIsLeftOut() async throws {
        let pixels = bench.noise([1, 16, 24, 4])
        let mask = Mask(coverage: bench.noise([1, 16, 24], seed: 2))
        let latents: [Latent] = [
            try await bench.output(
                of: "VAEEncodeForInpaint",
                given: ["pixels": ImageBatch(pixels: pixels), "vae": vae, "mask": mask]),
            try await bench.output(
                of: "VAEEncodeForInpaint",
                given: [
                    "pixels": ImageBatch(pixels: pixels.narrowed(axis: 3, 0..<3)), "vae": vae, "mask": mask,
                ]),
        ]
        #expect(latents[0].samples.floats() == latents[1].samples.floats())
    }
}
