import Diorama
import DioramaSampling
import DioramaTensor
import DioramaTestSupport
import Testing

/// Whole runs of every family, from files, against ComfyUI's own: noise levels, what the model is told, guidance, every step, and the picture.
@Suite struct FamilyRunTests {
    static let runs = [
        "flux-dev", "flux-image", "schnell", "kontext", "fill", "fill-nothing", "fill-masked", "klein",
        "klein-simple",
        "z-image", "z-image-turbo", "chroma", "pixart", "sd3",
    ]

    @Test("goes ComfyUI's way from prompts and seed to the picture", arguments: runs)
    func agrees(_ name: String) async throws {
        let run = try FamilyRun(name)
        let (bench, file) = (run.bench, JSON.string("\(name).safetensors"))
        var model: Model = try await bench.output(of: "UNETLoader", ["unet_name": file, "precision": "f32"])
        let vae: VAE = try await bench.output(of: "VAELoader", ["vae_name": file, "precision": "f32"])
        let network = ObservedNetwork(model.network)
        model.network = network

        let end = try await sampled(run, model, vae)
        let (calls, times) = (run.golden["calls"], run.golden.floats("times"))
        let seen = network.calls
        try #require(seen.count == times.count && times.count == run.steps)
        #expect(relativeError(seen.map(\.time), times) < Tolerance.f32.op)
        let steps = seen.indices.map { relativeError(seen[$0].latent, calls.narrowed(axis: 0, $0..<$0 + 1)) }
        let last: Float = relativeError(end.samples, run.golden["end"])
        let picture: ImageBatch = try await bench.output(
            of: "VAEDecode", given: ["samples": end, "vae": vae])
        let width = min(96, picture.width)
        let drawn: Float = relativeError(
            picture.pixels.narrowed(axis: 2, 0..<width), run.golden["picture"])
        figure("\(name): steps \(steps), end \(last), picture \(drawn)")
        for (step, error) in steps.enumerated() {
            #expect(error < Tolerance.f32.block, "before step \(step)")
        }
        #expect(last < Tolerance.f32.block)
        // Stored as float16.
        #expect(drawn < Tolerance.f32.model)
    }

    /// What the sampler node gives.
    private func sampled(_ run: FamilyRun, _ model: Model, _ vae: VAE) async throws -> Latent {
        let bench = run.bench
        var (positive, negative, latent) = (run.prompt("context"), run.prompt("negative"), run.latent)
        if let guidance = run.guidance {
            positive = try await bench.output(
                of: "FluxGuidance", ["guidance": .double(guidance)], given: ["conditioning": positive])
        }
        for reference in run.references {
            positive = try await bench.output(
                of: "ReferenceLatent", given: ["conditioning": positive, "latent": reference])
        }
        if run.inpaints {
            let given: [String: any PortValue] = [
                "positive": positive, "negative": negative, "vae": vae, "pixels": run.picture,
                "mask": Mask(coverage: run.golden["mask"]),
            ]
            positive = try await bench.output(0, of: "InpaintModelConditioning", given: given)
            negative = try await bench.output(1, of: "InpaintModelConditioning", given: given)
            let encoded: Latent = try await bench.output(2, of: "InpaintModelConditioning", given: given)
            #expect(relativeError(encoded.samples, latent.samples) < Tolerance.f32.block)
            latent = encoded
        }
        let common: [String: any PortValue] = [
            "model": model, "positive": positive, "negative": negative, "latent_image": latent,
        ]
        guard run.hasOwnLevels else {
            return try await bench.output(
                of: "KSampler",
                [
                    "seed": .integer(run.seed), "steps": .integer(run.steps), "cfg": .double(run.cfg),
                    "sampler_name": "euler", "scheduler": "simple", "denoise": .double(run.denoise),
                ], given: common)
        }
        let levels: Sigmas = try await bench.output(
            of: "Flux2Scheduler",
            [
                "steps": .integer(run.steps), "width": .integer(16 * run.latentShape[3]),
                "height": .integer(16 * run.latentShape[2]),
            ])
        let sampler: any PortValue = try Sampler.named("euler")
        return try await bench.output(
            of: "SamplerCustom", ["noise_seed": .integer(run.seed), "cfg": .double(run.cfg)],
            given: common.merging(["sampler": sampler, "sigmas": levels]) { $1 })
    }
}
