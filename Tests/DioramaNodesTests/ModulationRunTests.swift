import Diorama
import DioramaModels
import DioramaSampling
import DioramaTensor
import DioramaTestSupport
import Synchronization
import Testing

/// Runs of samplers over the sample model, which compute modulations for all their steps at once.
@Suite(.timeLimit(.minutes(10))) struct ModulationRunTests {
    private let bench: Workbench

    init() throws { bench = try Workbench() }

    private func schedule(
        seed: Int = 1, prompt: String = "a red boat", steps: Int, sampler: String = "euler", cfg: Double = 4,
        in engine: Engine
    ) throws -> Schedule {
        let text = """
            {"checkpoint": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "diorama-tiny"}},
             "positive": {"class_type": "CLIPTextEncode", "inputs": {"text": "\(prompt)", "clip": ["checkpoint", 1]}},
             "negative": {"class_type": "CLIPTextEncode", "inputs": {"text": "", "clip": ["checkpoint", 1]}},
             "latent": {"class_type": "EmptySD3LatentImage", "inputs": {"width": 64, "height": 64}},
             "sampler": {"class_type": "KSampler", "inputs": {"model": ["checkpoint", 0], "seed": \(seed),
                "steps": \(steps), "cfg": \(cfg), "sampler_name": "\(sampler)", "scheduler": "normal",
                "positive": ["positive", 0], "negative": ["negative", 0], "latent_image": ["latent", 0]}}}
            """
        let graph = try Graph(
            GraphFile(JSON(parsing: text.utf8)), catalog: .builtin, environment: engine.environment,
            targets: ["sampler"])
        return Schedule(graph)
    }

    private func engine(on device: Device) -> Engine {
        Engine(
            RunEnvironment(folders: bench.folders, resources: Resources().with(device)), cacheBytes: 64 << 20)
    }

    private func latent(_ result: RunResult) throws -> [UInt32] {
        try #require(result.value("sampler", as: Latent.self)).samples.floats().map(\.bitPattern)
    }

    /// Every sampler asks at the run's noise levels; some between them too, where modulations are computed as before.
    @Test(
        "a run ends where it did", arguments: ["euler", "heun", "dpm_2", "dpmpp_2m", "dpmpp_sde", "uni_pc"])
    func sampled(by sampler: String) async throws {
        let model = try await bench.checkpoint().model
        func context(_ seed: UInt64) -> TextContext {
            TextContext(
                tokens: bench.noise([1, 20, 256], seed: seed), pooled: bench.noise([1, 256], seed: seed + 1))
        }
        let shape: Shape = [1, model.network.latentChannels, 8, 8]
        let sigmas = Scheduler.normal.sigmas(for: model.sampling, steps: 6)
        func end(_ known: [Float]) throws -> Tensor {
            let guided = try GuidedModel(
                Guider(
                    model, positive: Conditioning([context(1)]), negative: Conditioning([context(3)]),
                    scale: 4),
                latent: shape, sigmas: known, needsUnconditional: false)
            return try Sampler.named(sampler).sample(
                latent: .zeros(shape, on: bench.device),
                noise: try NoiseSource.start(seed: 3, shape: shape, on: bench.device), sigmas: sigmas,
                model: model.sampling, seed: 3
            ) {
                try guided($0, sigma: $1)
            } onStep: { _ in
            }
        }
        #expect(relativeError(try end(sigmas), try end([])) < Tolerance.f32.model)
    }

    @Test("each layer that modulates is multiplied once in a run", arguments: [4, 20])
    func onceInARun(steps: Int) async throws {
        let log = ProductLog()
        let engine = engine(on: .cpu(observer: log))
        _ = try await engine.run(try schedule(steps: steps, in: engine))
        // Two for each of the blocks, and the last norm's.
        let checkpoint = try ModelCatalog.builtin.load(
            Repository.url("samples/models/diorama-tiny"), on: bench.device)
        let blocks = checkpoint.model.blockGroups.reduce(0) { $0 + $1.count }
        #expect(log.products == 2 * blocks + 1)
    }

    /// What runs have in common does not reach from one to the other, and changes no bit of their latents.
    @Test("runs that are sampled together have the bits that each has alone", arguments: [2, 3, 11])
    func together(steps: Int) async throws {
        let engine = engine(on: bench.device)
        let prompts = ["a red boat", "a castle", "a hill", "a forest"]
        let schedules = try prompts.enumerated().map { index, prompt in
            try schedule(seed: index, prompt: prompt, steps: steps, in: engine)
        }
        var alone: [[UInt32]] = []
        for schedule in schedules { alone.append(try latent(try await engine.run(schedule))) }
        // Another engine, which has nothing in its cache.
        let other = self.engine(on: bench.device)
        let joint = JointSampling(size: 4)
        let members = schedules.map { _ in joint.enter() }
        let tasks = zip(members, schedules).map { member, schedule in
            Task {
                defer { member.leave() }
                return try await other.run(schedule, resources: member.resources)
            }
        }
        for (task, expected) in zip(tasks, alone) {
            #expect(try latent(try await task.value) == expected)
        }
    }

    /// How many products of a single row for each step or prompt there were.
    private final class ProductLog: OpObserver {
        private let count = Mutex(0)

        var products: Int { count.withLock { $0 } }

        func record(_ event: OpEvent) {
            guard event.name == "linear", event.shapes.prefixMatch(of: /\w+ \[\d+, 1, \d+\]/) != nil else {
                return
            }
            count.withLock { $0 += 1 }
        }
    }
}
