import Diorama
import DioramaModels
import DioramaNodes
import DioramaSampling
import DioramaTensor
import DioramaTestSupport
import FoundationEssentials
import Testing

/// diffusers' own pipeline over the sample model in float32, written by `tools/golden/pipeline.py`.
@Suite struct GoldenRunTests {
    @Test(
        "agrees with diffusers from the noise to the picture",
        arguments: PipelineRun.all)
    func agrees(run: String) async throws {
        let reference = try PipelineRun(run)
        let (golden, settings) = (reference.tensors, reference.settings)
        let device = golden.device
        let checkpoint = try ModelCatalog.builtin.load(
            Repository.url("samples/models/diorama-tiny"), on: device)
        let format = checkpoint.autoencoder.config.latentFormat
        let model = Model(
            network: checkpoint.model, sampling: try ModelSampling(checkpoint.schedule),
            latentFormat: format)
        var report: [(String, Float)] = []

        let positive = try checkpoint.textEncoder.encode(settings.prompt).context
        let negative = try checkpoint.textEncoder.encode(settings.negativePrompt).context
        if golden.keys.contains("prompt_embeds") {
            report.append(("embeddings", relativeError(positive.unfolded, golden["prompt_embeds"])))
            report.append(("pooled", relativeError(positive.pooled, golden["pooled_prompt_embeds"])))
        }

        let noise = try NoiseSource.start(
            seed: settings.seed, shape: golden["initial_latents"].shape, on: device)
        #expect(noise.floats().map(\.bitPattern) == golden.floats("initial_latents").map(\.bitPattern))

        let sigmas = Scheduler.normal.sigmas(
            for: model.sampling, steps: settings.steps, denoise: settings.denoise ?? 1)
        report.append(("sigmas", relativeError(sigmas, golden.floats("sigmas"))))

        let start = golden.keys.contains("init_latents") ? golden["init_latents"] : noise * 0
        let guided = try GuidedModel(
            Guider(
                model, positive: Conditioning([positive]), negative: Conditioning([negative]),
                scale: settings.guidance), latent: start.shape, needsUnconditional: false)
        let expected = golden["latents_after_step"]
        var worst: Float = 0
        let end = try Sampler.named("euler").sample(
            latent: start, noise: noise, sigmas: sigmas, model: model.sampling, seed: settings.seed
        ) {
            try guided($0, sigma: $1)
        } onStep: { step in
            worst = max(worst, relativeError(step.x, expected[step.index].reshaped(step.x.shape)))
        }
        report.append(("latents, worst step", worst))

        let image = try checkpoint.autoencoder.decode(format.toAutoencoder(end))
        report.append(("image", relativeError(image, golden["image"])))
        for (what, error) in report {
            figure("\(run): \(what): relative error \(error)")
            #expect(error <= (what == "sigmas" ? Tolerance.f32.op : Tolerance.f32.model), "\(run): \(what)")
        }

        let difference = try await difference(from: run, settings)
        figure("\(run): picture: \(difference)")
        #expect(difference.isSamePicture)
    }

    /// How the picture that the graph saves differs from the one that diffusers saved.
    private func difference(
        from run: String, _ settings: PipelineRun.Settings
    ) async throws -> PixelDifference {
        let render = try Render(input: Golden.url("pipeline"))
        let picture = try #require(try await render(graph(settings)).first)
        return PixelDifference(
            try picture.pixels, try Render.picture(Golden.url("pipeline/\(run).png")).pixels)
    }

    /// The graph of the run's kind with the run's settings.
    private func graph(_ settings: PipelineRun.Settings) throws -> GraphFile {
        let shared: [(String, String, JSON)] = [
            ("positive", "text", .string(settings.prompt)),
            ("negative", "text", .string(settings.negativePrompt)),
            ("sampler", "seed", JSON(settings.seed)), ("sampler", "steps", .integer(settings.steps)),
            ("sampler", "cfg", .double(settings.guidance)),
        ]
        if let image = settings.image, let denoise = settings.denoise {
            return try Render.graph("image-to-image").with(
                shared + [("photo", "image", .string(image)), ("sampler", "denoise", .double(denoise))])
        }
        return try Render.graph("text-to-image").with(
            shared + [
                ("latent", "width", .integer(settings.width)),
                ("latent", "height", .integer(settings.height)),
            ])
    }
}
