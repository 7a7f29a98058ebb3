import Diorama
import DioramaTestSupport
import Foundation
import Testing

/// Nodes that change guidance, on the sample model.
@Suite struct GuidanceNodeTests {
    let bench: Workbench
    private let sample: Model
    private let clip: CLIP

    init() async throws {
        bench = try Workbench()
        let loaded = try await bench.run("CheckpointLoaderSimple", ["ckpt_name": "diorama-tiny"])
        sample = try #require(loaded.value("node", output: 0, as: Model.self))
        clip = try #require(loaded.value("node", output: 1, as: CLIP.self))
    }

    private func patched(_ className: String, _ literals: JSON.Object) async throws -> Model {
        try await bench.output(of: className, literals, given: ["model": sample])
    }

    /// What some steps with a model lead to.
    private func latent(
        _ model: Model, _ literals: JSON.Object = [:], prompt: String = "a red boat on the sea",
        shape: Shape = [1, 8, 8, 8]
    ) async throws -> Tensor {
        var inputs: JSON.Object = ["steps": 4, "cfg": 4, "scheduler": "normal"]
        for (key, value) in literals { inputs[key] = value }
        let latent: Latent = try await bench.output(
            of: "KSampler", inputs,
            given: [
                "model": model, "positive": Conditioning([try clip.encoder.encode(prompt).context]),
                "negative": Conditioning([try clip.encoder.encode("").context]),
                "latent_image": Latent(samples: .zeros(shape, on: bench.device)),
            ])
        return model.latentFormat.toModel(latent.samples)
    }

    @Test(
        "agrees with diffusers' skip-layer guidance",
        arguments: ["SkipLayerGuidanceSD3", "SkipLayerGuidanceDiT"])
    func agreesWithDiffusers(className: String) async throws {
        let run = try PipelineRun(PipelineRun.skipLayers, on: bench.device)
        let settings = run.settings
        let layers = try #require(settings.skipLayers).map(String.init).joined(separator: ", ")
        let name = className == "SkipLayerGuidanceSD3" ? "layers" : "double_layers"
        let model = try await patched(
            className,
            [
                name: .string(layers), "scale": .double(try #require(settings.skipScale)),
                "start_percent": .double(try #require(settings.skipStartPercent)),
                "end_percent": .double(try #require(settings.skipEndPercent)),
            ])
        let steps = run.tensors["latents_after_step"]
        let literals: JSON.Object = [
            "steps": .integer(settings.steps), "seed": JSON(settings.seed), "cfg": .double(settings.guidance),
        ]
        let shape = run.tensors["initial_latents"].shape
        let found = try await latent(model, literals, prompt: settings.prompt, shape: shape)
        let last = steps[steps.shape[0] - 1].reshaped(shape)
        let error = relativeError(found, last)
        figure("\(PipelineRun.skipLayers): last latents by \(className): relative error \(error)")
        #expect(error < Tolerance.f32.model)
        // It is the guidance that is compared: without it the picture is another one.
        let plain = try await latent(sample, literals, prompt: settings.prompt, shape: shape)
        #expect(relativeError(plain, last) > 50 * Tolerance.f32.model)
    }

    @Test func theGraphsPictureAgreesWithDiffusers() async throws {
        let settings = try PipelineRun(PipelineRun.skipLayers).settings
        let layers = try #require(settings.skipLayers).map(String.init).joined(separator: " ")
        let graph = try Render.graph("skip-layer-guidance").with([
            ("positive", "text", .string(settings.prompt)), ("sampler", "seed", JSON(settings.seed)),
            ("sampler", "steps", .integer(settings.steps)), ("sampler", "cfg", .double(settings.guidance)),
            ("guidance", "layers", .string(layers)),
            ("guidance", "scale", .double(try #require(settings.skipScale))),
            ("guidance", "start_percent", .double(try #require(settings.skipStartPercent))),
            ("guidance", "end_percent", .double(try #require(settings.skipEndPercent))),
        ])
        let picture = try #require(try await Render()(graph).first)
        let expected = try Render.picture(Golden.url("pipeline/\(PipelineRun.skipLayers).png"))
        let difference = PixelDifference(try picture.pixels, try expected.pixels)
        figure("skip: picture: \(difference)")
        #expect(difference.isSamePicture)
    }

    @Test(
        "what changes nothing gives the same bits",
        arguments: ["SkipLayerGuidanceSD3", "SkipLayerGuidanceDiT"])
    func changesNothing(className: String) async throws {
        let plain = try await latent(sample).floats()
        let double = className == "SkipLayerGuidanceSD3" ? "layers" : "double_layers"
        for literals in [
            [double: "2", "scale": 0], [double: "none at all", "single_layers": "", "end_percent": 1],
            [double: "2", "start_percent": 1, "end_percent": 1],
            [double: "2", "start_percent": 0.6, "end_percent": 0.4],
        ] as [JSON.Object] {
            var literals = literals
            if className == "SkipLayerGuidanceSD3" { literals["single_layers"] = nil }
            let model = try await patched(className, literals)
            #expect(try await latent(model).floats() == plain, "\(literals)")
        }
    }

    @Test func makingWhatThePromptAddsLargerIsALargerScale() async throws {
        let model: Model = try await bench.output(
            of: "LatentApplyOperationCFG",
            given: ["model": sample, "operation": LatentOperation { $0 * 1.5 }])
        let larger = try await latent(sample, ["cfg": 6])
        #expect(relativeError(try await latent(model, ["cfg": 4]), larger) < Tolerance.f32.model)
        #expect(relativeError(try await latent(sample, ["cfg": 4]), larger) > 50 * Tolerance.f32.model)
        // At cfg 1 there is only the prediction with the prompt.
        let halved: Model = try await bench.output(
            of: "LatentApplyOperationCFG",
            given: ["model": sample, "operation": LatentOperation { $0 * 0 }])
        let black = try await latent(halved, ["cfg": 1, "steps": 1])
        #expect(black.floats().allSatisfy { abs($0) < 1e-5 })
    }

    @Test func layersAreRunsOfDigits() async throws {
        let commas = try await patched("SkipLayerGuidanceSD3", ["layers": "2, 4", "end_percent": 1])
        let words = try await patched("SkipLayerGuidanceSD3", ["layers": "x2y-04..2", "end_percent": 1])
        #expect(try await latent(commas).floats() == latent(words).floats())
        #expect(try await latent(commas).floats() != latent(sample).floats())
    }

    @Test func layersThatTheModelDoesNotHaveAreASentence() async throws {
        func failure(_ className: String, _ literals: JSON.Object) async -> String? {
            await bench.failure(of: className, literals, given: ["model": sample])
        }
        #expect(
            await failure("SkipLayerGuidanceSD3", [:])
                == "node (SkipLayerGuidanceSD3): layers cannot be skipped: block 7 is asked for, but this model has 7 blocks, 0 to 6"
        )
        #expect(
            await failure("SkipLayerGuidanceDiT", ["double_layers": "99999999999999999999"])
                == "node (SkipLayerGuidanceDiT): double_layers cannot be skipped: block 9223372036854775807 is asked for, "
                + "but this model has 7 blocks, 0 to 6")
        // The model has no single-stream blocks, so the default of single_layers means none.
        #expect(await failure("SkipLayerGuidanceDiTSimple", ["double_layers": "6"]) == nil)
    }

    /// The simple node is guidance against a negative prediction without the layers.
    @Test func theSimpleNodeSkipsForTheNegativePromptAlone() async throws {
        let simple = try await patched("SkipLayerGuidanceDiTSimple", ["double_layers": "3 5"])
        var asked = sample
        asked.guidance.before.append { step, model in
            step.unconditional = try model.unconditional(adding: [.skip(.double([3...3, 5...5]))])
        }
        let found = try await latent(simple)
        #expect(relativeError(found, try await latent(asked)) < Tolerance.f32.block)
        #expect(relativeError(found, try await latent(sample)) > Tolerance.f32.model)
        // Without guidance there is no negative prediction.
        #expect(try await latent(simple, ["cfg": 1]).floats() == latent(sample, ["cfg": 1]).floats())
    }

    /// The formulas themselves are compared with PyTorch in DioramaSampling's tests.
    @Test func theNodesUseTheirFormulas() async throws {
        let golden = try Fixture("guidance/formulas.safetensors", on: bench.device)
        let step = Guidance.Step(
            x: golden["x"], sigma: try #require(golden.metadata["sigma"].flatMap(Float.init)),
            conditional: golden["conditional"], unconditional: golden["unconditional"])
        let guidance = Guidance(scale: try #require(golden.metadata["cfg"].flatMap(Double.init)))

        func combined(by model: Model) throws -> Tensor {
            let function = try #require(model.guidance.function)
            return try function(step, guidance)
        }

        let rescale = try await patched("RescaleCFG", [:])
        let rescaled = try combined(by: rescale)
        #expect(relativeError(rescaled, golden["rescale.flow.0.7"]) < Tolerance.f32.op)
        var discrete = sample
        discrete.sampling = try .epsilon()
        let epsilon: Model = try await bench.output(
            of: "RescaleCFG", ["multiplier": 1], given: ["model": discrete])
        let whole = try combined(by: epsilon)
        #expect(relativeError(whole, golden["rescale.epsilon.1.0"]) < Tolerance.f32.op)

        let pre = try await patched("CFGNorm", ["pre_cfg": true, "strength": 0.5])
        let lengthened = try combined(by: pre)
        #expect(relativeError(lengthened, golden["norm.pre.0.5"]) < Tolerance.f32.op)
        let norm = try await patched("CFGNorm", ["strength": 1.5])
        #expect(norm.guidance.function == nil && norm.guidance.after.count == 1)
        #expect(sample.guidance.function == nil && sample.guidance.after.isEmpty)
    }

    @Test func rescalingAndNormingChangeWhatIsSampled() async throws {
        let plain = try await latent(sample)
        for (className, literals) in [
            ("RescaleCFG", [:]), ("CFGNorm", [:]), ("CFGNorm", ["pre_cfg": true]),
        ] as [(String, JSON.Object)] {
            let model = try await patched(className, literals)
            #expect(relativeError(try await latent(model), plain) > Tolerance.f32.model, "\(className)")
            // Without guidance there is nothing to bring back.
            let alone = try await latent(model, ["cfg": 1])
            #expect(
                relativeError(alone, try await latent(sample, ["cfg": 1])) < Tolerance.f32.block,
                "\(className)")
        }
        let none = try await patched("RescaleCFG", ["multiplier": 0])
        #expect(relativeError(try await latent(none), plain) < Tolerance.f32.block)
    }

    /// Hooks in ComfyUI's order, each seeing what the ones before it did.
    @Test func guidanceHooksRunBeforeInPlaceAndAfter() async throws {
        var model = sample
        let order = Recorder()
        model.guidance.before.append { step, query in
            order.append("before \(query.percent)")
            let again = try query.conditional()
            #expect(relativeError(again, step.conditional) < Tolerance.f32.op)
        }
        model.guidance.function = { step, guidance in
            order.append("function \(guidance.scale)")
            return guidance.combined(step)
        }
        model.guidance.after.append { guided, step, query in
            order.append("after \(step.sigma)")
            return guided
        }
        let found = try await latent(model, ["steps": 1])
        #expect(order.ids == ["before 0.0", "function 4.0", "after 1.0"])
        #expect(relativeError(found, try await latent(sample, ["steps": 1])) < Tolerance.f32.op)
    }

    @Test func aHookMayAskForTheNegativePredictionAtScaleOne() async throws {
        var model = sample
        let seen = Recorder()
        model.guidance.after.append { guided, step, query in
            seen.append("\(step.unconditional == nil) \(try query.unconditional() == nil)")
            return guided
        }
        _ = try await latent(model, ["steps": 1, "cfg": 1])
        model.guidance.needsUnconditional = true
        _ = try await latent(model, ["steps": 1, "cfg": 1])
        #expect(seen.ids == ["true true", "false false"])
    }

    @Test func auraFlowsTimeIsTheLevelItself() async throws {
        let network = ToyNetwork(bench.noise([1, 8, 8, 8]), timesPerSigma: 1)
        var toy = sample
        toy.network = network
        let model: Model = try await bench.output(
            of: "ModelSamplingAuraFlow", ["shift": 3.5], given: ["model": toy])
        _ = try await latent(model, ["steps": 4, "cfg": 1, "scheduler": "simple"])
        let times = [1, 0.75, 0.5, 0.25].map { (time: Float) -> Float in 3.5 * time / (1 + 2.5 * time) }
        #expect(relativeError(network.calls.flatMap(\.times), times) < Tolerance.f32.op)
        #expect(
            await bench.failure(of: "ModelSamplingAuraFlow", ["shift": 0], given: ["model": sample])
                == "node (ModelSamplingAuraFlow): shift is 0, which leaves no noise to remove; use 0.01 or more"
        )
    }

    /// mu lies on a line through 0.5 at 256 tokens and 1.15 at 4096; sigma = e^mu / (e^mu + 1/t - 1).
    @Test(
        "Flux's shift follows the size",
        arguments: [(256, 256, 0.5), (1024, 1024, 1.15), (768, 512, 0.7166667)])
    func fluxShift(width: Int, height: Int, mu: Double) async throws {
        let network = ToyNetwork(bench.noise([1, 8, 8, 8]), timesPerSigma: 1)
        var toy = sample
        toy.network = network
        let model: Model = try await bench.output(
            of: "ModelSamplingFlux", ["width": .integer(width), "height": .integer(height)],
            given: ["model": toy])
        _ = try await latent(model, ["steps": 4, "cfg": 1, "scheduler": "simple"])
        let times = [1, 0.75, 0.5, 0.25].map { (time: Double) -> Float in
            Float(exp(mu) / (exp(mu) + 1 / time - 1))
        }
        #expect(relativeError(network.calls.flatMap(\.times), times) < Tolerance.f32.op)
    }
}
