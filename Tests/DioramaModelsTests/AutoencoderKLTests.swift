import DioramaModels
import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Testing

@Suite struct AutoencoderKLTests {
    /// With quant convolutions and attention in the middle; three levels with neither.
    static let names = ["vae-quant", "vae-plain"]

    @Test("encoder and decoder agree with diffusers", arguments: names, Device.available)
    func agrees(_ name: String, on device: Device) throws {
        let golden = try GoldenModel(name, on: device)
        let weights = golden.weights
        let model = try AutoencoderKL(weights, AutoencoderKLConfig(golden.config))
        let posterior = try model.encode(golden["image"])
        #expect(relativeError(posterior.mean, golden["mean"]) < Tolerance.f32.block)
        #expect(relativeError(posterior.logVariance, golden["logvar"]) < Tolerance.f32.block)
        #expect(relativeError(try model.decode(golden["latent"]), golden["decoded"]) < Tolerance.f32.block)
        #expect(weights.unusedKeys.allSatisfy { !$0.hasPrefix("model.") })
    }

    @Test func whatItCannotTakeIsSaid() throws {
        let golden = try GoldenModel("vae-plain", on: .cpu())
        let model = try AutoencoderKL(golden.weights, AutoencoderKLConfig(golden.config))
        let device = golden.fixture.device
        #expect(model.config.factor == 4)
        let odd = #expect(throws: ModelInputError.self) {
            try model.encode(.zeros([1, 3, 8, 10], on: device))
        }
        #expect(odd?.description.contains("multiples of 4") == true)
        #expect(throws: ModelInputError.self) { try model.encode(.zeros([1, 4, 8, 8], on: device)) }
        #expect(throws: ModelInputError.self) { try model.encode(.zeros([1, 3, 0, 8], on: device)) }
        #expect(throws: ModelInputError.self) { try model.decode(.zeros([1, 8, 8, 8], on: device)) }
    }

    @Test func latentsAreScaledForTheModelAndBack() throws {
        let golden = try GoldenModel("vae-plain", on: .cpu())
        let format = try AutoencoderKLConfig(golden.config).latentFormat
        let latent = golden["latent"]
        // Stable Diffusion 3's numbers: (x - 0.0609) * 1.5305.
        let first = latent.floats()[0]
        #expect(abs(format.toModel(latent).floats()[0] - (first - 0.0609) * 1.5305) < 1e-6)
        #expect(relativeError(format.toAutoencoder(format.toModel(latent)), latent) < Tolerance.f32.op)
    }

    @Test func latentsWithStatisticsAreScaledByChannel() throws {
        let config = try ModelConfig(
            #"{"block_out_channels": [4], "norm_num_groups": 2, "latent_channels": 2, "scaling_factor": 2, "latents_mean": [1, 2], "latents_std": [4, 0.5]}"#,
            place: "config.json")
        let format = try AutoencoderKLConfig(config).latentFormat
        let latent = Tensor([3, 3] as [Float], [1, 2, 1, 1], on: .cpu())
        #expect(format.toModel(latent).floats() == [1, 4])
        #expect(format.toAutoencoder(format.toModel(latent)).floats() == [3, 3])
    }

    @Test(
        "configurations that contradict themselves",
        arguments: [
            ("norm_num_groups", "5", "norm_num_groups, 5, does not divide block_out_channels, [8, 8, 12]"),
            ("block_out_channels", "[]", "block_out_channels: expected 1 to 8 levels, found 0"),
            (
                "up_block_types", "[\"AttnUpBlock2D\"]",
                "up_block_types: \"AttnUpBlock2D\" is not supported; known here: UpDecoderBlock2D"
            ),
            (
                "down_block_types", "[\"DownEncoderBlock2D\"]",
                "down_block_types has 1 entries, block_out_channels has 3"
            ),
            ("scaling_factor", "0", "scaling_factor is 0"),
        ])
    func refusesConfigurations(key: String, json: String, expected: String) throws {
        let golden = try GoldenModel("vae-plain", on: .cpu())
        let error = #expect(throws: WeightsError.self) {
            try AutoencoderKLConfig(golden.config(changing: key, to: json))
        }
        #expect(error?.description == "config.json: " + expected)
    }
}
