import Diorama
import DioramaModels
import DioramaNN
import DioramaSampling
import DioramaTensor
import DioramaTestSupport
import Synchronization
import Testing

/// ControlNets on prompts, with the sample model and one whose changes are known.
@Suite struct ControlNetNodeTests {
    private let bench: Workbench
    private let model: Model
    private let vae: VAE
    private let positive, negative: Conditioning

    init() async throws {
        bench = try Workbench()
        let loaded = try await bench.run("CheckpointLoaderSimple", ["ckpt_name": "diorama-tiny"])
        model = try #require(loaded.value("node", output: 0, as: Model.self))
        vae = try #require(loaded.value("node", output: 2, as: VAE.self))
        let clip = try #require(loaded.value("node", output: 1, as: CLIP.self))
        positive = Conditioning([try clip.encoder.encode("a red boat on the sea").context])
        negative = Conditioning([try clip.encoder.encode("").context])
    }

    private typealias Pair = (positive: Conditioning, negative: Conditioning)
    private var plain: Pair { (positive, negative) }

    /// Both prompts with a ControlNet, by a node of this class.
    private func steered(
        _ control: any ControlNetwork, _ literals: JSON.Object = [:], _ prompts: Pair? = nil,
        image: ImageBatch? = nil, by className: String = "ControlNetApplyAdvanced"
    ) async throws -> Pair {
        let prompts = prompts ?? plain
        let result = try await bench.run(
            className, literals,
            given: [
                "positive": prompts.positive, "negative": prompts.negative,
                "control_net": ControlNet(network: control), "vae": vae,
                "image": image ?? ImageBatch(pixels: bench.noise([1, 40, 56, 3])),
            ])
        return (
            try #require(result.value("node", output: 0, as: Conditioning.self)),
            try #require(result.value("node", output: 1, as: Conditioning.self))
        )
    }

    /// The bits of what a few steps lead to.
    private func bits(
        _ prompts: Pair, _ model: Model? = nil, steps: Int = 3, batch: Int = 1
    ) async throws -> [UInt32] {
        let latent: Latent = try await bench.output(
            of: "KSampler", ["steps": .integer(steps), "cfg": 3, "scheduler": "normal"],
            given: [
                "model": model ?? self.model, "positive": prompts.positive, "negative": prompts.negative,
                "latent_image": Latent(samples: .zeros([batch, 8, 6, 8], on: bench.device)),
            ])
        return latent.samples.floats().map(\.bitPattern)
    }

    /// The model whose blocks have a number added to each image token.
    private func adding(_ amount: Float) throws -> Model {
        var model = model
        try model.add(
            BlockHook(.all) { state, _, block in
                var next = try block(state)
                next.image = next.image + amount
                return next
            })
        return model
    }

    @Test(
        "what it gives is added to both prompts",
        arguments: ["ControlNetApplyAdvanced", "ControlNetApplySD3"])
    func added(by className: String) async throws {
        let control = ToyControl(adding: 0.5)
        let steered = try await steered(control, ["strength": 0.25], by: className)
        #expect(try await bits(steered) == bits(plain, adding(0.125)))
        // Both prompts in one batch, once a step.
        #expect(control.calls.map(\.latent.dims) == Array(repeating: [2, 8, 6, 8], count: 3))
        #expect(control.calls.allSatisfy { $0.hint.shape == [2, 8, 6, 8] })
    }

    @Test func withoutStrengthNothingChanges() async throws {
        let control = ToyControl(adding: 0.5)
        let unchanged = try await bits(plain)
        #expect(try await bits(steered(control, ["strength": 0])) == unchanged)
        // Where it holds at no step the network is asked as without it.
        #expect(
            try await bits(steered(control, ["start_percent": 0.9, "end_percent": 0.1])) == unchanged)
        #expect(control.calls.isEmpty)
        #expect(try await bits(steered(control)) != unchanged)
    }

    @Test func itHoldsForItsPartOfTheWay() async throws {
        let all = ToyControl(adding: 0)
        _ = try await bits(steered(all), steps: 6)
        let times = all.calls.map(\.time)
        #expect(times.count == 6 && times == times.sorted(by: >))
        // ComfyUI: from percent_to_sigma(start) down to percent_to_sigma(end), both of which belong to it.
        let (start, end) = (0.25, 0.75)
        let window = model.sampling.window(fromPercent: start, to: end)
        let expected = times.filter {
            (model.sampling.timestep(of: window.end)...model.sampling.timestep(of: window.start)).contains($0)
        }
        let some = ToyControl(adding: 0)
        _ = try await bits(
            steered(some, ["start_percent": .double(start), "end_percent": .double(end)]), steps: 6)
        #expect(some.calls.map(\.time) == expected)
        #expect(!expected.isEmpty && expected.count < 6)
    }

    @Test func severalAddUp() async throws {
        let first = try await steered(ToyControl(adding: 0.5), ["strength": 0.5])
        let both = try await steered(ToyControl(adding: 1), ["strength": 0.125], first)
        #expect(try await bits(both) == bits(plain, adding(0.375)))
    }

    @Test func promptsThatAreSteeredOtherwiseAreAskedOneByOne() async throws {
        let control = ToyControl(adding: 0.5)
        let pair = try await steered(control)
        _ = try await bits((pair.positive, negative))
        #expect(control.calls.map(\.latent.dims) == Array(repeating: [1, 8, 6, 8], count: 3))
    }

    @Test func cachesAndGuidanceHooksStandAroundIt() async throws {
        let pair = try await steered(ToyControl(adding: 0.5), ["strength": 0.25])
        let cached: Model = try await bench.output(
            of: "FirstBlockCache", ["residual_diff_threshold": 0], given: ["model": model])
        #expect(try await bits(pair, cached) == bits(pair))
    }

    @Test func thePictureIsScaledAndEncoded() async throws {
        let pixels = bench.noise([1, 40, 56, 3])
        let whole = resized(
            pixels.permuted(0, 3, 1, 2), height: 48, width: 64, by: .nearestExact, crop: .center)
        for (values, prepared) in [
            (ControlHint.Values.asTheyAre, whole), (.edges, whole * 127.5 + 0.5), (.inverted, whole * -1 + 1),
        ] {
            let control = ToyControl(adding: 0, values)
            _ = try await bits(steered(control, image: ImageBatch(pixels: pixels)), steps: 1)
            let expected = (try vae.autoencoder.latents(of: prepared * 2 - 1) - 0.5) * 2
            let hint = try #require(control.calls.first?.hint)
            #expect(relativeError(hint[0..<1], expected) < Tolerance.f32.model)
            #expect(maxError(hint[0..<1], hint[1..<2]) == 0)
        }
    }

    @Test func aPictureForEachLatent() async throws {
        let control = ToyControl(adding: 0)
        let images = bench.noise([3, 48, 64, 3])
        _ = try await bits(
            steered(control, image: ImageBatch(pixels: images)), steps: 1, batch: 4)
        let hint = try #require(control.calls.first?.hint)
        #expect(hint.shape == [8, 8, 6, 8])
        // Of three for four latents the first comes again, and both prompts have the same.
        #expect(maxError(hint[0..<1], hint[1..<2]) > 0)
        for (a, b) in [(0, 3), (0, 4), (1, 5), (2, 6), (3, 7)] {
            #expect(maxError(hint[a..<a + 1], hint[b..<b + 1]) == 0, "\(a) \(b)")
        }
    }

    @Test func mistakesAreSentences() async throws {
        let control = ControlNet(network: ToyControl(adding: 0))
        let image = ImageBatch(pixels: bench.noise([1, 8, 8, 3]))
        var given: [String: any PortValue] = [
            "positive": positive, "negative": negative, "control_net": control, "image": image,
        ]
        #expect(
            await bench.failure(of: "ControlNetApplyAdvanced", given: given)
                == "node (ControlNetApplyAdvanced): vae is not connected, and this ControlNet looks at latents: connect the model's "
                + "autoencoder")
        given["vae"] = vae
        given["control_net"] = ControlNet(network: ToyControl(adding: 0, channels: 16))
        #expect(
            await bench.failure(of: "ControlNetApplyAdvanced", given: given)
                == "node (ControlNetApplyAdvanced): vae gives latents of 8 channels, and this ControlNet looks at latents of 16: connect "
                + "the autoencoder of the model that it was made for")
        let steered = try await steered(ToyControl(adding: 0, refusing: "it is for another model"))
        let failure = await bench.failure(
            of: "KSampler", ["steps": 1],
            given: [
                "model": model, "positive": steered.positive, "negative": steered.negative,
                "latent_image": Latent(samples: .zeros([1, 8, 6, 8], on: bench.device)),
            ])
        #expect(failure == "node (KSampler): it is for another model")
    }
}

/// A ControlNet that adds a number to each image token of the sample model, and notes how it is asked.
private struct ToyControl: ControlNetwork {
    struct Call: Sendable {
        let latent: Shape
        let hint: Tensor
        let time: Float
    }

    let amount: Float
    let hint: ControlHint
    private let refusal: String?
    private let log = Log()

    init(
        adding amount: Float, _ values: ControlHint.Values = .asTheyAre, channels: Int = 8,
        refusing refusal: String? = nil
    ) {
        self.amount = amount
        self.refusal = refusal
        hint = ControlHint(
            channels: channels, latentFormat: LatentFormat(scale: 2, shift: 0.5), values: values)
    }

    var calls: [Call] { log.calls.withLock { $0 } }

    func check(steers model: any DiffusionModel) throws {
        if let refusal { throw ModelInputError(refusal) }
    }

    func residuals(
        _ latent: Tensor, hint: Tensor, timestep: Tensor, context: TextContext,
        steering model: any DiffusionModel, through runner: BlockRunner
    ) throws -> ControlResiduals {
        log.calls.withLock { $0.append(Call(latent: latent.shape, hint: hint, time: timestep.floats()[0])) }
        let tokens = Tensor.full(
            amount, [latent.shape[0], latent.shape[2] * latent.shape[3] / 4, 192], on: latent.device)
        return ControlResiduals(
            from: BlockState(image: tokens), place: { $0 }, block: { _, state, _ in state },
            output: { $1 })
    }

    private final class Log: Sendable {
        let calls = Mutex<[Call]>([])
    }
}
