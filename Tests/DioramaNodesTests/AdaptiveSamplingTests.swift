import Diorama
import DioramaSampling
import DioramaTensor
import DioramaTestSupport
import Synchronization
import Testing

/// The samplers that choose their own steps, in graphs.
@Suite struct AdaptiveSamplingTests {
    /// All samplers of this equation lead to one picture; these end at the last level above 0, which many steps make low.
    @Test("the small model's picture is the one of Heun's method", arguments: ["dpm_adaptive", "dpm_fast"])
    func picture(name: String) async throws {
        let graph = try Render.graph("text-to-image")
        let steps = name == "dpm_fast" ? 100 : 500
        let told = Mutex<[(step: Int, total: Int)]>([])
        let render = try Render()
        let file = try graph.with([
            ("sampler", "sampler_name", .string(name)), ("sampler", "steps", .integer(steps)),
        ])
        let pictures = try await render.session.render(render.session.graph(file)) { event in
            if case .progress(let node, let step, let total) = event, node.id == "sampler" {
                told.withLock { $0.append((step, total)) }
            }
        }
        let made = try Render.picture(try #require(pictures.first))
        let other = try #require(
            try await Render()(graph.with([("sampler", "sampler_name", "heun"), ("sampler", "steps", 50)]))
                .first)
        let error = relativeError(try made.pixels.map(Float.init), try other.pixels.map(Float.init))
        figure("\(name) beside heun: picture: relative error \(error)")
        #expect(error < 0.02)

        let progress = told.withLock { $0.map(\.step) }
        #expect(progress.first == 0)
        #expect(progress.last == steps)
        #expect(progress == progress.sorted())
        #expect(progress.count > 8)
        #expect(told.withLock { $0.allSatisfy { $0.total == steps } })
    }

    private func custom(_ options: JSON.Object, steps: Int = 8) async throws -> (latent: Latent, calls: Int) {
        let bench = try Workbench()
        var model = try await bench.checkpoint().model
        let network = ToyNetwork(bench.noise([1, 16, 4, 6], seed: 9))
        model.network = network
        let sampler: Sampler = try await bench.output(of: "SamplerDPMAdaptative", options)
        let prompt = Conditioning([ToyNetwork.prompt(1, on: bench.device)])
        let given: [String: any PortValue] = [
            "model": model, "positive": prompt, "negative": prompt,
            "latent_image": Latent(samples: .zeros([1, 16, 4, 6], on: bench.device)), "sampler": sampler,
            "sigmas": Sigmas(Scheduler.normal.sigmas(for: model.sampling, steps: steps)),
        ]
        let latent: Latent = try await bench.output(
            of: "SamplerCustom", ["noise_seed": 7, "cfg": 1], given: given)
        return (latent, network.calls.count)
    }

    @Test func theNodesOptionsReachTheSampler() async throws {
        let usual = try await custom([:])
        #expect(usual.calls.isMultiple(of: 3))
        // The toy's error is 0, so each step wants to be longer by the same factor, the largest.
        let longer = try await custom(["h_init": 10])
        #expect(longer.calls == 3)
        #expect(relativeError(longer.latent.samples, usual.latent.samples) < Tolerance.f32.block)
        #expect(try await custom(["h_init": 10, "order": 2]).calls == 2)
        let noisy = try await custom(["eta": 1]).latent
        #expect(relativeError(noisy.samples, usual.latent.samples) > 0.01)
        let silent = try await custom(["eta": 1, "s_noise": 0]).latent
        #expect(silent.samples.floats() != noisy.samples.floats())
    }

    @Test func aRunThatCannotEndIsASentenceAtItsNode() async throws {
        for options: JSON.Object in [["h_init": 0], ["accept_safety": 100]] {
            await #expect {
                try await custom(options)
            } throws: { error in
                "\(error)".hasPrefix(
                    "node (SamplerCustom): The sampler “dpm_adaptive” has come no farther than")
            }
        }
    }
}
