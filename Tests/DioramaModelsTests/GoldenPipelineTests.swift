import DioramaModels
import DioramaTensor
import DioramaTestSupport
import Foundation
import Testing

/// The sample model, part by part, against whole runs of diffusers' pipeline (`tools/golden/pipeline.py`).
@Suite struct GoldenPipelineTests {
    let device = Device.cpu()
    let checkpoint: Checkpoint
    let encoder: SD3PromptEncoder

    init() throws {
        checkpoint = try ModelCatalog.builtin.load(Repository.url("samples/models/diorama-tiny"), on: device)
        encoder = try #require(checkpoint.textEncoder as? SD3PromptEncoder)
    }

    private func run(_ name: String) throws -> (golden: Fixture, settings: PipelineRun.Settings) {
        let run = try PipelineRun(name, on: device)
        return (run.tensors, run.settings)
    }

    @Test func everyWeightIsUsed() {
        #expect(checkpoint.notes == [])
        #expect(checkpoint.schedule == .flow(shift: 2, timeScale: 1000))
        #expect(checkpoint.model.latentChannels == 8)
    }

    private func clipIDs(_ text: String) -> [[Int]] {
        encoder.clipSections(of: text).map { $0.sections.flatMap { $0.map(\.id) } }
    }

    @Test("token ids are equal", arguments: PipelineRun.textToImage)
    func tokenIDs(_ name: String) throws {
        let (golden, settings) = try run(name)
        let ids = clipIDs(settings.prompt)
        #expect(ids == [golden.ints("prompt_ids_1"), golden.ints("prompt_ids_2")])
        guard golden.keys.contains("negative_ids_1") else { return }
        let negative = clipIDs(settings.negativePrompt)
        #expect(negative == [golden.ints("negative_ids_1"), golden.ints("negative_ids_2")])
    }

    @Test("embeddings agree", arguments: PipelineRun.textToImage)
    func embeddings(_ name: String) throws {
        let (golden, settings) = try run(name)
        var pairs = [("", settings.prompt)]
        if golden.keys.contains("negative_prompt_embeds") {
            pairs.append(("negative_", settings.negativePrompt))
        }
        for (prefix, text) in pairs {
            let encoded = try encoder.encode(text)
            #expect(encoded.truncatedTokens == 0)
            #expect(encoded.context.tokens.shape == [1, 33, 256])
            let tokens = relativeError(encoded.context.unfolded, golden["\(prefix)prompt_embeds"])
            let pooled = relativeError(encoded.context.pooled, golden["\(prefix)pooled_prompt_embeds"])
            #expect(
                tokens < Tolerance.f32.block && pooled < Tolerance.f32.block, "\(name): \(tokens), \(pooled)")
        }
    }

    @Test("the first velocity agrees", arguments: PipelineRun.textToImage)
    func firstVelocity(_ name: String) throws {
        let (golden, settings) = try run(name)
        let velocity = try velocities(
            golden["initial_latents"], golden.floats("timesteps")[0], settings, golden)
        let error = relativeError(velocity, golden["first_velocity"])
        #expect(error < Tolerance.f32.block, "\(name): \(error)")
    }

    @Test("Euler's steps agree", arguments: PipelineRun.textToImage)
    func steps(_ name: String) throws {
        let (golden, settings) = try run(name)
        let sigmas = golden.floats("sigmas")
        let after = golden["latents_after_step"]
        var x = golden["initial_latents"]
        var worst: Float = 0
        for (step, time) in golden.floats("timesteps").enumerated() {
            let v = try velocities(x, time, settings, golden)
            let guided = v.shape[0] == 1 ? v : v[0..<1] + (v[1..<2] - v[0..<1]) * Float(settings.guidance)
            x = x + guided * (sigmas[step + 1] - sigmas[step])
            worst = max(worst, relativeError(x, after[step..<step + 1]))
        }
        #expect(worst < Tolerance.f32.model, "\(name): \(worst)")
    }

    @Test("the picture of the last latent agrees", arguments: PipelineRun.textToImage)
    func picture(_ name: String) throws {
        let (golden, _) = try run(name)
        let after = golden["latents_after_step"]
        let last = after[after.shape[0] - 1..<after.shape[0]]
        let autoencoder = checkpoint.autoencoder
        let image = try autoencoder.decode(autoencoder.config.latentFormat.toAutoencoder(last))
        let error = relativeError(image, golden["image"])
        #expect(error < Tolerance.f32.block, "\(name): \(error)")
    }

    /// The velocities of one step: [unconditional, conditional] where the run is guided, else the conditional alone.
    private func velocities(
        _ latent: Tensor, _ time: Float, _ settings: PipelineRun.Settings, _ golden: Fixture
    ) throws -> Tensor {
        let isGuided = golden["first_velocity"].shape[0] == 2
        let texts = isGuided ? [settings.negativePrompt, settings.prompt] : [settings.prompt]
        let context = try #require(TextContext.batch(try texts.map { try encoder.encode($0).context }))
        let timestep = Tensor([Float](repeating: time, count: texts.count), [texts.count], on: device)
        return try checkpoint.model(
            latent.repeated(texts.count, axis: 0), timestep: timestep, context: context)
    }
}
