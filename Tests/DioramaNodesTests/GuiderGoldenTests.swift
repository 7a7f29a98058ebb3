import Diorama
import DioramaModels
import DioramaSampling
import DioramaTensor
import DioramaTestSupport
import Testing

/// One step of guiders over prompts with areas, masks, strengths and times, against ComfyUI's own run of the same nodes
/// (`tools/golden/comfyui_runs.py`).
@Suite struct GuiderGoldenTests {
    let bench: Workbench
    private let golden: Fixture
    private let model: Model

    init() async throws {
        bench = try Workbench()
        golden = try Fixture("comfyui/guiders.safetensors", on: bench.device)
        var model = try await bench.checkpoint().model
        model.network = LocalNetwork()
        model.sampling = try .flow(shift: 3, multiplier: 1000)
        self.model = model
    }

    private static let cases: JSON.Object = {
        let text = try? Fixture("comfyui/guiders.safetensors").metadata["cases"]
        return text.flatMap { try? JSON(parsing: Array($0.utf8)).object } ?? [:]
    }()

    /// A prompt of the golden: for each entry its number and the nodes that change it.
    private func conditioning(_ prompts: JSON) async throws -> Conditioning {
        var entries: [Conditioning.Entry] = []
        for prompt in try #require(prompts.array) {
            let parts = try #require(prompt.array)
            let number = Float(try #require(parts[0].double))
            var conditioning = Conditioning([ToyNetwork.prompt(number, on: bench.device)])
            for change in parts.dropFirst() {
                var literals = try #require(change[1]?.object)
                var given: [String: any PortValue] = ["conditioning": conditioning]
                if let mask = literals["mask"]?.string {
                    given["mask"] = Mask(coverage: golden["mask.\(mask)"])
                    literals = JSON.Object(literals.filter { $0.key != "mask" }.map { ($0.key, $0.value) })
                }
                conditioning = try await bench.output(
                    of: try #require(change[0]?.string), literals, given: given)
            }
            entries += conditioning.entries
        }
        return Conditioning(entries: entries)
    }

    /// The guider of a case, made by its node.
    private func guider(_ settings: JSON) async throws -> Guider {
        let positive = try await conditioning(try #require(settings["positive"]))
        let negative = try await conditioning(try #require(settings["negative"]))
        var model = model
        if settings["hook"] == true {
            model.guidance.after.append { guided, step, _ in
                guided * 0.5 + step.conditional * 0.25 + (step.unconditional ?? step.x) * 0.125
            }
            // ComfyUI's guider of three prompts does not call what comes before guidance.
            model.guidance.before.append { step, _ in step.conditional = step.x }
        }
        guard let style = settings["style"] else {
            return try await bench.output(
                of: "CFGGuider", ["cfg": try #require(settings["cfg"])],
                given: ["model": model, "positive": positive, "negative": negative])
        }
        return try await bench.output(
            of: "DualCFGGuider",
            [
                "cfg_conds": try #require(settings["cfg1"]), "style": style,
                "cfg_cond2_negative": try #require(settings["cfg2"]),
            ],
            given: [
                "model": model, "cond1": positive, "negative": negative,
                "cond2": try await conditioning(try #require(settings["middle"])),
            ])
    }

    @Test("a step is ComfyUI's", arguments: cases.map(\.key).sorted())
    func agrees(name: String) async throws {
        let settings = try #require(Self.cases[name])
        let guided = try GuidedModel(
            try await guider(settings), latent: golden["x"].shape, needsUnconditional: false)
        let sigma = Float(try #require(settings["sigma"]?.double))
        let found = try guided(golden["x"], sigma: sigma).guided.narrowed(axis: 1, 0..<4)
        #expect(relativeError(found, golden[name]) < Tolerance.f32.op)
    }

    /// At scale 1 the prompts that cancel out are not asked, unless a hook or a sampler looks at them; nested asks all.
    @Test(
        "only what is needed is asked",
        arguments: [
            ("regular", 3.0, 2.0, [1, 2, 3]), ("regular", 3, 1, [1, 2]), ("regular", 1, 1, [1]),
            ("nested", 1, 1, [1, 2, 3]),
        ] as [(String, Double, Double, [Float])])
    func asked(style: String, first: Double, second: Double, prompts: [Float]) async throws {
        func asked(_ change: (inout Model) -> Void = { _ in }, _ needsUnconditional: Bool = false)
            async throws
            -> [Float]
        {
            let network = ToyNetwork(bench.noise([1, 16, 4, 6]))
            var model = model
            model.network = network
            change(&model)
            let three = [1, 2, 3].map { (number: Float) in
                Conditioning([ToyNetwork.prompt(number, on: bench.device)])
            }
            let guider: Guider = try await bench.output(
                of: "DualCFGGuider",
                [
                    "cfg_conds": .double(first), "cfg_cond2_negative": .double(second),
                    "style": .string(style),
                ],
                given: ["model": model, "cond1": three[0], "cond2": three[1], "negative": three[2]])
            let x = bench.noise([1, 16, 4, 6], seed: 2)
            _ = try GuidedModel(guider, latent: x.shape, needsUnconditional: needsUnconditional)(
                x, sigma: 0.5)
            return network.calls.flatMap(\.prompts).sorted()
        }
        #expect(try await asked() == prompts)
        #expect(try await asked({ _ in }, true) == [1, 2, 3])
        #expect(try await asked { $0.guidance.needsUnconditional = true } == [1, 2, 3])
        let seen = try await asked { $0.guidance.after.append { guided, _, _ in guided } }
        #expect(seen == (prompts == [1] ? [1, 2] : prompts))
    }

    @Test func aGuiderOfThreePromptsSamples() async throws {
        let three = [1, 2, 3].map { (number: Float) in
            Conditioning([ToyNetwork.prompt(number, on: bench.device)])
        }
        let target = bench.noise([1, 16, 4, 6])
        var toy = model
        toy.network = ToyNetwork(target)
        let guider: Guider = try await bench.output(
            of: "DualCFGGuider",
            given: ["model": toy, "cond1": three[0], "cond2": three[1], "negative": three[2]])
        // All three see the same picture, whatever the scales.
        let latent: Latent = try await bench.output(
            of: "SamplerCustomAdvanced",
            given: [
                "noise": Noise(seed: 7), "guider": guider, "sampler": try Sampler.named("euler"),
                "sigmas": Sigmas([1, 0.5, 0]),
                "latent_image": Latent(samples: .zeros([1, 16, 4, 6], on: bench.device)),
            ])
        #expect(relativeError(model.latentFormat.toModel(latent.samples), target) < Tolerance.f32.block)
    }

    @Test func thereAreCases() { #expect(Self.cases.count > 30) }

    @Test("an area that begins outside of the picture is a sentence")
    func outside() async throws {
        let prompt = Conditioning([ToyNetwork.prompt(1, on: bench.device)])
        let outside: Conditioning = try await bench.output(
            of: "ConditioningSetArea", ["x": 104], given: ["conditioning": prompt])
        let failure = await bench.failure(
            of: "KSampler", ["steps": 1],
            given: [
                "model": model, "positive": outside, "negative": prompt,
                "latent_image": Latent(samples: .zeros([1, 16, 9, 13], on: bench.device)),
            ])
        #expect(
            failure?.hasSuffix(
                "a prompt's area begins 13 cells from the left and 0 from the top, outside of the latent, which is 13 wide and 9 "
                    + "high; a cell has 8 by 8 pixels") == true, "\(failure ?? "")")
    }

    @Test func rectanglesOfAnySizeHaveBounds() {
        let beyond = CellRectangle(top: .min, left: .max, height: .max, width: .max)
        #expect(beyond == CellRectangle(top: 0, left: 1 << 30, height: 1 << 30, width: 1 << 30))
        #expect(beyond.contains(beyond) && beyond.within(height: 8, width: 8) == nil)
        let shares = ConditioningArea.shares(height: .nan, width: .infinity, top: -1, left: 0.5)
        #expect(
            shares.rectangle(ofHeight: 9, width: 13) == CellRectangle(top: 0, left: 6, height: 1, width: 13))
    }

    /// The sample model itself, whose patches have two by two cells, takes rectangles of odd sizes.
    @Test func theSampleModelTakesOddRectangles() async throws {
        let loaded = try await bench.run("CheckpointLoaderSimple", ["ckpt_name": "diorama-tiny"])
        let sample = try #require(loaded.value("node", output: 0, as: Model.self))
        let clip = try #require(loaded.value("node", output: 1, as: CLIP.self))
        let prompt = Conditioning([try clip.encode("a red boat on the sea").context])
        let placed: Conditioning = try await bench.output(
            of: "ConditioningSetArea", ["width": 72, "height": 88, "x": 24, "y": 8],
            given: ["conditioning": prompt])
        let latent: Latent = try await bench.output(
            of: "KSampler", ["steps": 2, "cfg": 3],
            given: [
                "model": sample, "positive": Conditioning(entries: prompt.entries + placed.entries),
                "negative": Conditioning([try clip.encode("").context]),
                "latent_image": Latent(samples: .zeros([1, 8, 16, 16], on: bench.device)),
            ])
        #expect(latent.samples.allFinite)
    }
}

/// A network whose velocity is half of what it is shown, its prompt's number, and a slope from the upper left corner.
private struct LocalNetwork: DiffusionModel {
    let latentChannels = 16

    func check(latent: Shape, context: TextContext) throws {}

    func callAsFunction(
        _ latent: Tensor, timestep: Tensor, context: TextContext, through runner: BlockRunner
    ) throws -> Tensor {
        let (height, width) = (latent.shape[2], latent.shape[3])
        let slope = Tensor(
            (0..<height * width).map { Float($0 / width) / 8 - Float($0 % width) / 32 },
            [1, 1, height, width],
            on: latent.device)
        let numbers = (0..<latent.shape[0]).map { context.tokens[$0].floats()[0] }
        return latent * 0.5 + Tensor(numbers, [latent.shape[0], 1, 1, 1], on: latent.device) + slope
    }
}
