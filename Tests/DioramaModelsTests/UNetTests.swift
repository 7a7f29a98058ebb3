import DioramaModels
import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Testing

/// The U-Net against diffusers: Stable Diffusion 2's as Lotus uses it, and one as in Stable Diffusion 1.
@Suite struct UNetTests {
    static let names = ["unet-lotus", "unet-plain"]

    private func model(_ golden: GoldenModel, original prefix: String? = nil) throws -> (UNet, Weights) {
        let source: any TensorSource =
            try prefix.map { try OriginalFile(golden, prefix: $0) } ?? golden.fixture.file
        let config = try UNetConfig(golden.config)
        let weights = Weights(
            source, on: golden.fixture.device, names: UNet.names(config, prefix: prefix ?? "model."))
        return (try UNet(weights, config), weights)
    }

    private func context(_ golden: GoldenModel) -> TextContext { TextContext(tokens: golden["context"]) }

    @Test("agrees with diffusers", arguments: names, Device.available)
    func agrees(_ name: String, on device: Device) throws {
        let golden = try GoldenModel(name, on: device)
        let (model, weights) = try model(golden)
        let result = try model(golden["latent"], timestep: golden["timestep"], context: context(golden))
        #expect(relativeError(result, golden["output"]) < Tolerance.f32.block)
        #expect(weights.unusedKeys.isEmpty)
    }

    @Test("sides that are rounded up on the way down are cut on the way up", arguments: names)
    func oddSides(_ name: String) throws {
        let golden = try GoldenModel(name, on: .cpu())
        let latent = golden["latent"].narrowed(axis: 2, 0..<7).narrowed(axis: 3, 0..<9)
        let result = try model(golden).0(latent, timestep: golden["timestep"], context: context(golden))
        #expect(relativeError(result, golden["odd"]) < Tolerance.f32.block)
    }

    @Test("original files give the same", arguments: names)
    func originalFiles(_ name: String) throws {
        let golden = try GoldenModel(name, on: .cpu())
        let whole = try model(golden).0(
            golden["latent"], timestep: golden["timestep"], context: context(golden))
        for prefix in ["", "model.diffusion_model."] {
            let (model, weights) = try model(golden, original: prefix)
            let result = try model(golden["latent"], timestep: golden["timestep"], context: context(golden))
            #expect(maxError(result, whole) == 0)
            #expect(weights.unusedKeys.isEmpty, "\(prefix)")
        }
    }

    @Test("each level agrees with diffusers", arguments: names, Device.available)
    func levels(_ name: String, on device: Device) throws {
        let golden = try GoldenModel(name, on: device)
        var seen: [String: Tensor] = [:]
        _ = try model(golden).0.evaluated(
            golden["latent"], timestep: golden["timestep"], context: context(golden)
        ) { seen[$0] = $1 }
        #expect(seen.count == 7)
        for (key, result) in seen {
            #expect(relativeError(result, golden[key]) < Tolerance.f32.block, "\(key)")
        }
    }

    @Test func whatDoesNotFitIsTold() throws {
        let golden = try GoldenModel("unet-lotus", on: .cpu())
        let model = try model(golden).0
        let time = golden["timestep"]
        #expect(throws: ModelInputError.self) {
            try model(.zeros([2, 5, 8, 8], on: .cpu()), timestep: time, context: context(golden))
        }
        let stranger = TextContext(tokens: .zeros([2, 2, 13], on: .cpu()))
        #expect(throws: ModelInputError.self) {
            try model(golden["latent"], timestep: time, context: stranger)
        }
        for (key, json) in [
            ("attention_head_dim", "[3, 2, 2]"), ("down_block_types", "[\"DownBlock2D\", \"DownBlock2D\"]"),
            ("class_embed_type", "\"timestep\""),
            ("up_block_types", "[\"UpBlock2D\", \"UpBlock2D\", \"CrossAttnUpBlock2D\"]"),
        ] {
            let config = try golden.config(changing: key, to: json)
            #expect(throws: WeightsError.self, "\(key)") { try UNetConfig(config) }
        }
    }
}
