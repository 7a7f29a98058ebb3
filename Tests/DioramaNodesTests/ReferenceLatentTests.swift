import Diorama
import DioramaModels
import DioramaTensor
import DioramaTestSupport
import Synchronization
import Testing

/// ReferenceLatent and FluxKontextMultiReferenceLatentMethod: what reaches the model.
@Suite struct ReferenceLatentTests {
    private let bench: Workbench
    private let prompt: Conditioning

    init() throws {
        bench = try Workbench()
        prompt = Conditioning([ToyNetwork.prompt(1, on: bench.device)])
    }

    private func shown(_ numbers: [Float], method: String? = nil) async throws -> Conditioning {
        var conditioning = prompt
        for number in numbers {
            let latent = Latent(samples: .full(number, [1, 4, 2, 4], on: bench.device))
            conditioning = try await bench.output(
                of: "ReferenceLatent", given: ["conditioning": conditioning, "latent": latent])
        }
        guard let method else { return conditioning }
        return try await bench.output(
            of: "FluxKontextMultiReferenceLatentMethod", ["reference_latents_method": .string(method)],
            given: ["conditioning": conditioning])
    }

    /// Pictures in the order of the nodes, scaled as the model's own latent is; each latent of a batch is shown them.
    @Test func picturesReachTheModelScaledAndInTheirOrder() async throws {
        let network = ReferenceLog()
        let model = Model(
            network: network, sampling: try .flow(shift: 1), latentFormat: LatentFormat(scale: 0.5, shift: 1))
        let start = Latent(samples: .zeros([2, 4, 2, 2], on: bench.device))
        try await bench.run(
            "KSampler", ["steps": 1, "cfg": 1],
            given: [
                "model": model, "positive": shown([3, 7, 5], method: "index"), "negative": prompt,
                "latent_image": start,
            ])
        let seen = try #require(network.seen.withLock { $0 }.first)
        #expect(seen.references.map(\.shape) == Array(repeating: [2, 4, 2, 4], count: 3))
        #expect(seen.references.map { $0.floats()[0] } == [1, 3, 2])
        #expect(seen.referenceMethod == .index)
    }

    @Test func withoutAPictureThePromptStaysAsItIs() async throws {
        let same: Conditioning = try await bench.output(
            of: "ReferenceLatent", given: ["conditioning": prompt])
        #expect(same.entries[0].references.isEmpty && same.entries[0].referenceMethod == nil)
    }

    /// The names of ComfyUI's node.
    @Test(arguments: [
        ("offset", ReferenceMethod.offset), ("index", .index), ("uxo/uno", .uxo),
        ("index_timestep_zero", .indexTimestepZero),
    ])
    func methods(name: String, method: ReferenceMethod) async throws {
        let chosen = try await shown([1], method: name)
        #expect(chosen.entries[0].referenceMethod == method && chosen.entries[0].references.count == 1)
    }

    /// FluxKVCache: every run has a cache of its own, and pictures are seen at time 0 where no node chose otherwise.
    @Test(arguments: [nil, "index"]) func keptPictures(method: String?) async throws {
        let network = ReferenceLog(keepsReferences: true)
        let plain = Model(
            network: network, sampling: try .flow(shift: 1), latentFormat: LatentFormat(scale: 1, shift: 0))
        let model: Model = try await bench.output(of: "FluxKVCache", given: ["model": plain])
        let start = Latent(samples: .zeros([1, 4, 2, 2], on: bench.device))
        for _ in 0..<2 {
            try await bench.run(
                "KSampler", ["steps": 3, "cfg": 1, "sampler_name": "euler", "scheduler": "simple"],
                given: [
                    "model": model, "positive": shown([3], method: method), "negative": prompt,
                    "latent_image": start,
                ])
        }
        let seen = network.seen.withLock { $0 }
        let caches = try seen.map { ObjectIdentifier(try #require($0.referenceCache)) }
        #expect(seen.count == 6 && Set(caches[..<3]).count == 1 && Set(caches).count == 2)
        #expect(seen.allSatisfy { $0.referenceMethod == (method == nil ? .indexTimestepZero : .index) })
    }

    /// A prompt without pictures needs nothing kept; a model that cannot keep them is told.
    @Test func nothingIsKeptWithoutPicturesOrByOtherModels() async throws {
        let network = ReferenceLog(keepsReferences: true)
        let model: Model = try await bench.output(
            of: "FluxKVCache",
            given: [
                "model": Model(
                    network: network, sampling: try .flow(shift: 1),
                    latentFormat: LatentFormat(scale: 1, shift: 0))
            ])
        try await bench.run(
            "KSampler", ["steps": 1, "cfg": 1],
            given: [
                "model": model, "positive": prompt, "negative": prompt,
                "latent_image": Latent(samples: .zeros([1, 4, 2, 2], on: bench.device)),
            ])
        #expect(
            network.seen.withLock { $0.allSatisfy { $0.referenceCache == nil && $0.referenceMethod == nil } })
        let message = await bench.failure(
            of: "FluxKVCache",
            given: [
                "model": Model(
                    network: ReferenceLog(), sampling: try .flow(shift: 1),
                    latentFormat: LatentFormat(scale: 1, shift: 0))
            ])
        #expect(message?.contains("keeps no keys of reference pictures; FLUX.1 and FLUX.2 do") == true)
    }

    @Test func anotherNameIsRefused() async throws {
        let message = await bench.failure(
            of: "FluxKontextMultiReferenceLatentMethod", ["reference_latents_method": "beside"],
            given: ["conditioning": prompt])
        #expect(message?.contains("beside") == true)
    }
}

/// Notes what it is shown.
private final class ReferenceLog: DiffusionModel {
    let seen = Mutex<[TextContext]>([])
    let latentChannels = 4
    let keepsReferences: Bool

    init(keepsReferences: Bool = false) { self.keepsReferences = keepsReferences }

    func check(latent: Shape, context: TextContext) throws {}

    func callAsFunction(
        _ latent: Tensor, timestep: Tensor, context: TextContext, through runner: BlockRunner
    ) throws -> Tensor {
        seen.withLock { $0.append(context) }
        return latent
    }
}
