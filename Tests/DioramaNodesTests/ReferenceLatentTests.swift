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

    /// ComfyUI's models take names that they do not know as `offset`.
    @Test(arguments: [
        ("offset", ReferenceMethod.offset), ("index", .index), ("uxo/uno", .uxo),
        ("index_timestep_zero", .offset),
    ])
    func methods(name: String, method: ReferenceMethod) async throws {
        let chosen = try await shown([1], method: name)
        #expect(chosen.entries[0].referenceMethod == method && chosen.entries[0].references.count == 1)
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

    func check(latent: Shape, context: TextContext) throws {}

    func callAsFunction(
        _ latent: Tensor, timestep: Tensor, context: TextContext, through runner: BlockRunner
    ) throws -> Tensor {
        seen.withLock { $0.append(context) }
        return latent
    }
}
