import DioramaSampling
import DioramaTensor
import DioramaTestSupport
import Testing

/// What diffusers' whole pipeline used and made, over the sample model.
@Suite struct PipelineTests {
    private func load(_ name: String) throws -> (PipelineRun.Settings, Fixture) {
        let run = try PipelineRun(name, on: .reference())
        return (run.settings, run.tensors)
    }

    @Test(arguments: PipelineRun.all)
    func normalIsTheScheduleOfDiffusers(name: String) throws {
        let (settings, golden) = try load(name)
        let model = try ModelSampling.flow(shift: settings.schedulerShift)
        let sigmas = Scheduler.normal.sigmas(
            for: model, steps: settings.steps, denoise: settings.denoise ?? 1)
        let difference = largestRelativeDifference(sigmas, golden.floats("sigmas"))
        let timesteps = sigmas.dropLast().map { model.timestep(of: $0) }
        #expect(difference <= 1e-5)
        #expect(largestRelativeDifference(timesteps, golden.floats("timesteps")) <= 1e-5)
        figure("normal against the run \(name): largest relative difference \(difference)")
    }

    @Test(arguments: PipelineRun.all)
    func theSeedGivesItsStartingNoise(name: String) throws {
        let (settings, golden) = try load(name)
        let expected = golden["initial_latents"]
        let noise = try NoiseSource.start(seed: settings.seed, shape: expected.shape, on: expected.device)
        #expect(noise.floats() == expected.floats())
    }

    /// Guidance on pictures and Euler's method do what diffusers does on velocities.
    @Test(arguments: PipelineRun.all)
    func theFirstStepIsEulers(name: String) throws {
        struct Enough: Error {}
        let (settings, golden) = try load(name)
        let model = try ModelSampling.flow(shift: settings.schedulerShift)
        let guidance = Guidance(scale: settings.guidance)
        let velocity = golden["first_velocity"]
        let noise = golden["initial_latents"]
        let latent = golden.keys.contains("init_latents") ? golden["init_latents"] : noise * 0
        var first: Tensor?
        #expect(throws: Enough.self) {
            try Sampler.named("euler").sample(
                latent: latent, noise: noise, sigmas: golden.floats("sigmas"), model: model,
                seed: settings.seed,
                denoise: { x, sigma in
                    // Rows: negative, positive when guided.
                    let predictions = velocity.chunked(into: velocity.shape[0], axis: 0).map {
                        model.denoised(from: $0, x: x, sigma: sigma)
                    }
                    return try guidance.denoised(
                        Guidance.Step(
                            x: x, sigma: sigma, conditional: predictions[predictions.count - 1],
                            unconditional: predictions.count > 1 ? predictions[0] : nil))
                },
                onStep: {
                    first = $0.x
                    throw Enough()
                })
        }
        let error = relativeError(try #require(first).floats(), golden["latents_after_step"][0].floats())
        #expect(error <= Tolerance.f32.op)
    }
}
