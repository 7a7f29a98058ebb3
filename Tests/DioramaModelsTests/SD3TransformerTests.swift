import DioramaModels
import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Testing

@Suite struct SD3TransformerTests {
    static let names = ["mmdit-dual", "mmdit-plain"]

    private func context(_ golden: GoldenModel, tailCount: Int = 1) -> TextContext {
        let tokens = golden["context"]
        return TextContext(
            tokens: tokens.narrowed(axis: 1, 0..<tokens.shape[1] - tailCount + 1), pooled: golden["pooled"],
            tailCount: tailCount)
    }

    @Test("one block agrees with diffusers", arguments: names, Device.available)
    func blockAgrees(_ name: String, on device: Device) throws {
        let golden = try GoldenModel(name, on: device)
        let model = try SD3Transformer(golden.weights, SD3Config(golden.config))
        let time = golden["block.time"]
        let output = model.blocks[0](
            BlockState(image: golden["block.image"], context: golden["block.context"]),
            BlockConditions(time: silu(time).reshaped(time.shape[0], 1, time.shape[1])))
        #expect(relativeError(output.image, golden["block.image_out"]) < Tolerance.f32.block)
        #expect(
            relativeError(try #require(output.context), golden["block.context_out"]) < Tolerance.f32.block)
    }

    /// With dual attention and qk-norm; with neither.
    @Test("agrees with diffusers", arguments: names, Device.available)
    func agrees(_ name: String, on device: Device) throws {
        let golden = try GoldenModel(name, on: device)
        let weights = golden.weights
        let model = try SD3Transformer(weights, SD3Config(golden.config))
        let velocity = try model(golden["latent"], timestep: golden["timestep"], context: context(golden))
        #expect(relativeError(velocity, golden["velocity"]) < Tolerance.f32.block)
        #expect(weights.unusedKeys.allSatisfy { !$0.hasPrefix("model.") })
    }

    @Test("equal tokens at the end may be folded into one", arguments: names, Device.available)
    func folds(_ name: String, on device: Device) throws {
        let golden = try GoldenModel(name, on: device)
        let model = try SD3Transformer(golden.weights, SD3Config(golden.config))
        let folded = context(golden, tailCount: 5)
        #expect(folded.tokens.shape == [2, 5, 20])
        #expect(maxError(folded.unfolded, golden["context"]) == 0)
        let velocity = try model(golden["latent"], timestep: golden["timestep"], context: folded)
        #expect(relativeError(velocity, golden["velocity"]) < Tolerance.f32.block)
    }

    @Test func aPictureOfABatchIsThatPictureAlone() throws {
        let golden = try GoldenModel("mmdit-dual", on: .cpu())
        let model = try SD3Transformer(golden.weights, SD3Config(golden.config))
        let whole = context(golden)
        let alone = TextContext(tokens: whole.tokens[1..<2], pooled: whole.pooled?[1..<2])
        let velocity = try model(golden["latent"][1..<2], timestep: golden["timestep"][1..<2], context: alone)
        #expect(relativeError(velocity, golden["velocity"][1..<2]) < Tolerance.f32.block)
    }

    @Test func sidesThatArePartsOfAPatchAreContinuedFromTheOtherEdge() throws {
        let golden = try GoldenModel("mmdit-plain", on: .cpu())
        let model = try SD3Transformer(golden.weights, SD3Config(golden.config))
        let odd = golden["latent"].narrowed(axis: 2, 0..<11).narrowed(axis: 3, 0..<15)
        let even = Tensor.concatenated([odd, odd.narrowed(axis: 2, 0..<1)], axis: 2)
        let whole = Tensor.concatenated([even, even.narrowed(axis: 3, 0..<1)], axis: 3)
        let expected = try model(whole, timestep: golden["timestep"], context: context(golden))
        let velocity = try model(odd, timestep: golden["timestep"], context: context(golden))
        #expect(velocity.shape == odd.shape)
        #expect(maxError(velocity, expected.narrowed(axis: 2, 0..<11).narrowed(axis: 3, 0..<15)) == 0)
    }

    @Test func whatTheModelCannotTakeIsSaid() throws {
        let golden = try GoldenModel("mmdit-plain", on: .cpu())
        let device = golden.fixture.device
        let model = try SD3Transformer(golden.weights, SD3Config(golden.config))
        let good = context(golden)
        func complaint(_ latent: Shape, _ context: TextContext) -> String {
            do {
                try model.check(latent: latent, context: context)
                return "none"
            } catch {
                return "\(error)"
            }
        }
        #expect(complaint([2, 4, 24, 24], good) == "none")
        #expect(
            complaint([2, 4, 24, 26], good)
                == "the latent is 26 wide and 24 high; this model takes 1 to 24 each way, so pictures of at most 192 pixels"
        )
        #expect(
            complaint([2, 16, 24, 24], good) == "the latent is [2, 16, 24, 24]; this model takes [B, 4, H, W]"
        )
        #expect(complaint([2, 4, 0, 8], good).contains("takes 1 to 24"))
        let narrow = TextContext(tokens: .zeros([2, 9, 21], on: device), pooled: good.pooled)
        #expect(complaint([2, 4, 8, 8], narrow).contains("this model takes [2, L, 20] with [2, 12]"))
        #expect(complaint([1, 4, 8, 8], good).contains("this model takes [1, L, 20]"))
    }

    @Test(
        "configurations that contradict themselves",
        arguments: [
            (
                "caption_projection_dim", "24",
                "caption_projection_dim, 24, is not num_attention_heads × attention_head_dim, 16"
            ),
            ("qk_norm", "\"layer_norm\"", "qk_norm: \"layer_norm\" is not supported; known here: rms_norm"),
            (
                "dual_attention_layers", "[7]",
                "dual_attention_layers: expected a list of whole numbers in 0...1, found 7"
            ),
            ("out_channels", "8", "out_channels, 8, differs from in_channels, 4"),
        ])
    func refusesConfigurations(key: String, json: String, expected: String) throws {
        let golden = try GoldenModel("mmdit-plain", on: .cpu())
        let error = #expect(throws: WeightsError.self) {
            try SD3Config(golden.config(changing: key, to: json))
        }
        #expect(error?.description == "config.json: " + expected)
    }

    @Test func contextsOfOneLengthMakeABatch() throws {
        let device = Device.cpu()
        let a = TextContext(
            tokens: .zeros([1, 3, 4], on: device), pooled: .zeros([1, 2], on: device), tailCount: 256)
        let b = TextContext(
            tokens: .full(1, [1, 3, 4], on: device), pooled: .zeros([1, 2], on: device), tailCount: 256)
        let longer = TextContext(tokens: .zeros([1, 5, 4], on: device), pooled: a.pooled, tailCount: 256)
        let single = TextContext(tokens: a.tokens, pooled: a.pooled)
        #expect(TextContext.batch([a, b])?.unfolded.shape == [2, 258, 4])
        #expect(
            TextContext.batch([a, b])?.tokens.floats() == [Float](repeating: 0, count: 12)
                + [Float](repeating: 1, count: 12))
        #expect(TextContext.batch([a, longer])?.tokens.shape == nil)
        #expect(TextContext.batch([a, single])?.tokens.shape == nil)
        #expect(b.repeated(3).tokens.shape == [3, 3, 4])
    }
}
