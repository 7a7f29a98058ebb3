import DioramaModels
import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Testing

/// The sample model with adapters, against diffusers and PEFT (`tools/golden/lora.py`).
@Suite struct AdapterTests {
    let runs: Fixture
    let checkpoint: Checkpoint
    let prompt: String

    init() throws {
        runs = try Fixture("lora/runs.safetensors")
        prompt = try #require(runs.metadata["prompt"])
        checkpoint = try ModelCatalog.builtin.load(
            Repository.url("samples/models/diorama-tiny"), on: runs.device)
    }

    private func file(_ name: String) throws -> AdapterFile {
        try AdapterFile(contentsOf: Golden.url("lora/\(name).safetensors"))
    }

    /// The sample model with these adapters, one after another, each of which must be for it throughout.
    private func adapted(
        _ adapters: [(AdapterFile, Double)]
    ) throws -> (model: any DiffusionModel, encoder: any TextEncoder) {
        var (model, encoder) = (checkpoint.model, checkpoint.textEncoder)
        for (file, strength) in adapters {
            var adapter = AdapterApplication(file)
            model = try model.adapted(by: &adapter, strength: strength)
            encoder = try encoder.adapted(by: &adapter, strength: strength)
            try adapter.finish()
            #expect(adapter.unplaced.map(\.name) == [])
        }
        return (model, encoder)
    }

    private func velocity(_ model: any DiffusionModel, _ context: TextContext) throws -> Tensor {
        try model(runs["initial"], timestep: Tensor([Float(600)], [1], on: runs.device), context: context)
    }

    /// How far the model with these adapters is from the run `name`: velocity, prompt, pooled prompt.
    private func errors(_ adapters: [(AdapterFile, Double)], from name: String) throws -> [Float] {
        let (model, encoder) = try adapted(adapters)
        let context = try encoder.encode(prompt).context
        var errors = [relativeError(try velocity(model, context), runs["\(name).velocity"])]
        if runs.keys.contains("\(name).tokens") {
            let expected = runs["\(name).tokens"]
            let tokens = context.tokens.narrowed(axis: 1, 0..<expected.shape[1])
            errors.append(relativeError(tokens, expected))
            errors.append(relativeError(context.pooled, runs["\(name).pooled"]))
        }
        return errors
    }

    @Test func withoutAdaptersTheModelAgrees() throws {
        #expect(try errors([], from: "none").allSatisfy { $0 < Tolerance.f32.block })
    }

    @Test("diffusers' LoRA agrees at each strength", arguments: [("1", 1.0), ("0.5", 0.5), ("-1", -1)])
    func strengths(name: String, strength: Double) throws {
        let errors = try errors([(file("peft"), strength)], from: "peft@\(name)")
        #expect(errors.count == 3 && errors.allSatisfy { $0 < Tolerance.f32.block }, "\(errors)")
        // The reference differs from the plain model enough to tell.
        #expect(try self.errors([], from: "peft@\(name)").allSatisfy { $0 > 0.01 })
    }

    @Test func twoAdaptersAddUp() throws {
        let errors = try errors([(file("peft"), 0.8), (file("second"), -0.5)], from: "both")
        #expect(errors.allSatisfy { $0 < Tolerance.f32.block }, "\(errors)")
    }

    @Test(
        "PEFT's other kinds agree",
        arguments: [
            ("loha", "1", 1), ("loha", "0.5", 0.5), ("lokr", "1", 1), ("lokr", "0.5", 0.5),
            ("dora", "1", 1.0),
        ])
    func kinds(kind: String, name: String, strength: Double) throws {
        let errors = try errors([(file(kind), strength)], from: "\(kind)@\(name)")
        #expect(errors.allSatisfy { $0 < Tolerance.f32.block }, "\(errors)")
        #expect(try self.errors([], from: "\(kind)@\(name)")[0] > 0.01)
    }

    @Test("kohya's and ComfyUI's spellings mean the same", arguments: ["kohya", "comfyui"])
    func spellings(name: String) throws {
        let errors = try errors([(file(name), 1)], from: "peft@1")
        #expect(errors.count == 3 && errors.allSatisfy { $0 < Tolerance.f32.block }, "\(errors)")
    }

    @Test(
        "other prefixes and endings mean the same",
        arguments: [
            ["transformer.": "base_model.model."], ["transformer.": ""],
            ["transformer.": "transformer.base_model.model."],
            [".lora_A.": ".lora_A.default.", ".lora_B.": ".lora_B.default."],
            [".lora_A.": ".lora.down.", ".lora_B.": ".lora.up."],
            [
                ".lora_A.": "_lora.down.", ".lora_B.": "_lora.up.", ".attn.": ".attn.processor.",
                ".to_out.0": ".to_out",
            ],
            [".lora_A.": ".lora_down.", ".lora_B.": ".lora_up."],
        ])
    func renamed(changes: [String: String]) throws {
        let second = try Fixture("lora/second.safetensors")
        let source = try GivenTensors(second.file, on: runs.device) { key in
            changes.reduce(key) { $0.replacing($1.key, with: $1.value) }
        }
        #expect(source.keys != second.keys)
        let context = try checkpoint.textEncoder.encode(prompt).context
        let expected = try velocity(adapted([(file("second"), 1)]).model, context)
        let found = try velocity(adapted([(AdapterFile(source), 1)]).model, context)
        #expect(found.floats() == expected.floats())
    }

    @Test func strengthZeroChangesNoBit() throws {
        let (model, encoder) = try adapted([(file("peft"), 0)])
        let plain = try checkpoint.textEncoder.encode(prompt).context
        let context = try encoder.encode(prompt).context
        #expect(context.tokens.floats() == plain.tokens.floats())
        #expect(context.pooled?.floats() == plain.pooled?.floats())
        #expect(try velocity(model, plain).floats() == velocity(checkpoint.model, plain).floats())
    }

    @Test func anAdaptedCopyLeavesTheModelAndSharesItsWeights() throws {
        let context = try checkpoint.textEncoder.encode(prompt).context
        let before = try velocity(checkpoint.model, context).floats()
        let held = runs.device.memory.total
        let changed = try adapted([(file("peft"), 1)])
        // The convolution's small kernel is made anew; linear weights, 18 megabytes of them, are not.
        #expect(runs.device.memory.total - held < 500_000)
        #expect(try velocity(checkpoint.model, context).floats() == before)
        #expect(try velocity(changed.model, context).floats() != before)
    }

    @Test(
        "a file that is for nothing here says what it looks like",
        arguments: [
            ("lora_unet_double_blocks_0_img_attn_qkv.lora_down.weight", "it looks like an adapter for FLUX"),
            (
                "lora_unet_down_blocks_0_attentions_0_proj_in.lora_down.weight",
                "it looks like an adapter for Stable Diffusion 1, 2 or XL"
            ),
            ("diffusion_model.blocks.0.cross_attn.q.lora_A.weight", "it looks like an adapter for Wan"),
        ])
    func otherFamilies(key: String, expected: String) throws {
        let source = GivenTensors([(key, .zeros([4, 4], on: runs.device))])
        let error = #expect(throws: WeightsError.self) { try adapted([(AdapterFile(source), 1)]) }
        let layer = key.split(separator: ".lora")[0]
        #expect(
            error?.description
                == "given.safetensors: has no layer of this model, Stable Diffusion 3: \(expected). It has 1 layer, such as \(layer); "
                + "the model's are such as transformer_blocks.0.ff.net.2 and text_model.encoder.layers.0.mlp.fc1"
        )
    }

    @Test("what is wrong with many layers is said once")
    func misfits() throws {
        let tensors = ["to_q", "to_k", "to_v"].flatMap { layer in
            [("lora_A", [4, 9] as Shape), ("lora_B", [9, 4])].map { part, shape in
                (
                    "transformer.transformer_blocks.0.attn.\(layer).\(part).weight",
                    Tensor.zeros(shape, on: runs.device)
                )
            }
        }
        let error = #expect(throws: WeightsError.self) {
            try adapted([(AdapterFile(GivenTensors(tensors)), 1)])
        }
        let text = try #require(error?.description)
        #expect(
            text.contains("does not fit the model") && text.contains(" (the same of 2 others)")
                && text.count(where: { $0 == ";" }) == 0, "\(text)")
    }

    @Test func aCheckpointIsNoAdapter() throws {
        let file = try AdapterFile(
            contentsOf: Repository.url("samples/models/diorama-tiny/vae/diffusion_pytorch_model.safetensors"))
        let error = #expect(throws: WeightsError.self) { try adapted([(file, 1)]) }
        #expect(
            error?.problem.hasPrefix("has no layers of a LoRA, LoHa or LoKr, only tensors such as ") == true)
        #expect(error?.problem.contains("it may be a checkpoint") == true)
    }
}
