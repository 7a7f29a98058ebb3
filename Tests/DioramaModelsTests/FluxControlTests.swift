import DioramaModels
import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Testing

/// FLUX.1's models for control, and adapters that make a model one, against ComfyUI's own code (`tools/golden/flux_control.py`).
@Suite struct FluxControlTests {
    private let golden: Fixture
    private let spelled: Fixture
    private let tensors: [(String, Tensor)]
    private let context: TextContext

    init() throws {
        golden = try Fixture("comfyui/flux_control.safetensors")
        let model = try SpelledModel("flux", "float16")
        spelled = try model.golden(on: golden.device)
        context = model.context(spelled)
        let (folder, url) = try model.file.write()
        let file = try WeightsFile(url).open()
        tensors = try file.keys.map { ($0, try file.tensor($0, on: .cpu())) }
        withExtendedLifetime(folder) {}
    }

    private func model(_ changes: [(String, Tensor)] = []) throws -> any DiffusionModel {
        let source = GivenTensors(tensors.map { ($0.0, $0.1.to(golden.device)) } + changes)
        return try DiffusionFile(source).load(on: golden.device, precision: .f32).model
    }

    private func velocity(_ model: any DiffusionModel) throws -> Tensor {
        var context = context
        let latent = spelled["latent"]
        context.concatenated = try model.concatenated(
            InpaintingInput(latent: golden["picture"]), for: latent.shape, on: golden.device)
        return try model(latent, timestep: spelled["timestep"], context: context)
    }

    @Test func aModelWithTwiceTheInputsIsShownThePicture() throws {
        let model = try model([("img_in.weight", golden["wide.img_in"])])
        #expect(model.latentChannels == 4)
        #expect(relativeError(try velocity(model), golden["wide.velocity"]) < Tolerance.f32.block)
        let nothing = try #require(
            try model.concatenated(nil, for: spelled["latent"].shape, on: golden.device))
        #expect(nothing.shape == spelled["latent"].shape && nothing.floats().allSatisfy { $0 == 0 })
    }

    @Test(
        "an adapter widens the first layer, in both spellings", arguments: ["bfl", "comfy"], [1.0, 0.6])
    func adapters(_ spelling: String, _ strength: Double) throws {
        var adapter = AdapterApplication(AdapterFile(try adapterFile(spelling)))
        let plain = try model()
        let adapted = try plain.adapted(by: &adapter, strength: strength)
        try adapter.finish()
        #expect(adapter.unplaced.isEmpty && adapter.file.otherKeys.isEmpty)
        #expect(
            relativeError(try velocity(adapted), golden["bfl.velocity.\(strength)"]) < Tolerance.f32.block)
        // The model that was adapted takes no picture still.
        #expect(try plain.concatenated(nil, for: spelled["latent"].shape, on: golden.device) == nil)
    }

    /// In fp8 the first layer is unpacked for it; a second adapter finds the layer as the first has left it.
    @Test func aCompressedLayerIsWidenedToo() throws {
        let spelled = try SpelledModel("flux", "scaled_fp8")
        let (folder, url) = try spelled.file.write()
        let plain = try DiffusionFile(WeightsFile(url).open()).load(on: golden.device, precision: .f32).model
        withExtendedLifetime(folder) {}
        var first = AdapterApplication(AdapterFile(try adapterFile("comfy")))
        let once = try plain.adapted(by: &first, strength: 1)
        var second = AdapterApplication(AdapterFile(try adapterFile("bfl")))
        let twice = try once.adapted(by: &second, strength: -1)
        try second.finish()
        // What was added is taken away again; only the replaced norms and the width stay.
        var norms = AdapterApplication(
            AdapterFile(
                try adapterFile("comfy") {
                    $0.contains("norm.scale") || $0.hasSuffix("reshape_weight")
                }))
        let expected = try plain.adapted(by: &norms, strength: 1)
        #expect(relativeError(try velocity(twice), try velocity(expected)) < Tolerance.f32.block)
        #expect(relativeError(try velocity(once), try velocity(expected)) > Tolerance.f32.model)
    }

    private func adapterFile(
        _ spelling: String, where isWanted: (String) -> Bool = { _ in true }
    ) throws -> GivenTensors {
        let start = spelling + "."
        let keys = golden.keys.filter { $0.hasPrefix(start) && !$0.contains("velocity") && isWanted($0) }
        return GivenTensors(keys.map { (String($0.dropFirst(start.count)), golden[$0]) })
    }

    @Test func aLayerIsNotMadeSmaller() throws {
        let device = golden.device
        let file = GivenTensors([
            ("img_in.lora_A.weight", .zeros([2, 8], on: device)),
            ("img_in.lora_B.weight", golden["bfl.img_in.lora_B.weight"].narrowed(axis: 1, 0..<2)),
            ("img_in.reshape_weight", Tensor([Float(64), 8], [2], on: device)),
        ])
        var adapter = AdapterApplication(AdapterFile(file))
        _ = try? model().adapted(by: &adapter, strength: 1)
        #expect {
            try adapter.finish()
        } throws: {
            "\($0)".contains("img_in shall have the shape [64, 8], expected one that [")
        }
    }

    @Test("a picture of another aspect is cut around the middle", arguments: ["control", "fill"])
    func shown(_ name: String) throws {
        for hasMask in [true, false] {
            let input = InpaintingInput(
                latent: golden["shown.picture"], mask: hasMask ? golden["shown.mask"] : nil)
            let expected = golden["shown.\(name)" + (hasMask ? "" : ".alone")]
            let model = try wide(inputs: name == "control" ? 128 : 384)
            let found = try model.concatenated(input, for: [1, 16, 6, 8], on: golden.device)
            #expect(relativeError(found, expected) < Tolerance.f32.op)
        }
    }

    /// A model of latents of 16 channels, without blocks.
    private func wide(inputs: Int) throws -> FluxTransformer {
        let config = try FluxConfig(
            ModelConfig(
                """
                {"in_channels": \(inputs), "out_channels": 64, "num_layers": 0, "num_single_layers": 0, "num_attention_heads": 1,
                 "attention_head_dim": 8, "axes_dims_rope": [2, 2, 4], "joint_attention_dim": 4, "pooled_projection_dim": 4}
                """, place: "test"))
        func layer(_ name: String, _ input: Int, _ output: Int) -> [(String, Tensor)] {
            [
                (name + ".weight", .zeros([output, input], on: golden.device)),
                (name + ".bias", .zeros([output], on: golden.device)),
            ]
        }
        let conditions = "time_text_embed."
        let all =
            layer("x_embedder", inputs, 8) + layer("context_embedder", 4, 8)
            + layer(conditions + "timestep_embedder.linear_1", 256, 8)
            + layer(conditions + "timestep_embedder.linear_2", 8, 8)
            + layer(conditions + "text_embedder.linear_1", 4, 8)
            + layer(conditions + "text_embedder.linear_2", 8, 8) + layer("norm_out.linear", 8, 16)
            + layer("proj_out", 8, 64)
        return try FluxTransformer(Weights(GivenTensors(all), on: golden.device), config)
    }
}
