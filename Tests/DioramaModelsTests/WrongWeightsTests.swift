import DioramaModels
import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Testing

/// Weights that contradict their model: cases 27, 28 and 31 of the project's list of hostile files, with the weights of tiny models.
///
/// Every family by its shapes alone is in `WrongShapesTests`, `HostileConfigurationTests` and `MissingTensorsTests`. Case 29, ids beyond the
/// vocabulary, is in `TokensBeyondTableTests`, and `<0xZZ>` in the tests of the tokenizers; case 30, weights that are no numbers, is here
/// and in `DamagedWeightsTests`.
@Suite struct WrongWeightsTests {
    /// Heads of the others' tiny models are too narrow for what is read off shapes alone.
    static let models = ["flux2", "pixart-sigma", "mmdit-dual"]
    private let device = Device.cpu()

    private func problem(_ source: any TensorSource) -> String {
        do {
            _ = try DiffusionFile(source).load(on: device)
            return ""
        } catch { return "\(error)" }
    }

    /// Every matrix, one after another, is a row higher, or is missing.
    @Test("cases 27 and 31: a tensor of another shape, or none", arguments: models)
    func shapes(_ name: String) throws {
        let file = try OriginalFile(GoldenModel(name, on: device))
        #expect(problem(file) == "")
        for key in file.keys {
            guard let shape = file.info(key)?.shape, shape.rank == 2, !key.hasPrefix("y_embedder.y_embedding")
            else { continue }
            let higher = TamperedFile(file, [key: .zeros([shape[0] + 1, shape[1]], on: device)])
            let wrong = problem(higher)
            #expect(wrong.contains("original.safetensors: "), "\(key): \(wrong)")
            let missing = problem(TamperedFile(file, [key: nil]))
            #expect(missing.contains("original.safetensors: "), "\(key): \(missing)")
        }
    }

    @Test("case 31: a tensor too many is told, and the model is loaded", arguments: models)
    func extra(_ name: String) throws {
        let file = try OriginalFile(GoldenModel(name, on: device))
        let extra = TamperedFile(file, ["surplus.weight": .zeros([2], on: device)])
        #expect(
            try DiffusionFile(extra).load(on: device).notes == [
                "1 tensor is not used, such as surplus.weight"
            ])
    }

    /// The width of a head is that of the norm of queries.
    @Test(
        "case 28: heads that do not divide the width",
        arguments: [
            ("flux2", "double_blocks.0.img_attn.norm.query_norm.scale"),
            ("mmdit-dual", "joint_blocks.0.x_block.attn.ln_q.weight"),
        ])
    func heads(_ name: String, _ norm: String) throws {
        let file = try OriginalFile(GoldenModel(name, on: device))
        for width in [1, 3, 5, 7, 1_000_003] {
            let wrong = problem(TamperedFile(file, [norm: .zeros([width], on: device)]))
            #expect(!wrong.isEmpty, "\(width)")
        }
    }

    @Test(
        "case 28: heads that do not divide the width of a text encoder",
        arguments: [
            ("clip-gelu", "num_attention_heads", "5"), ("t5", "num_heads", "1000000000"),
            ("qwen3", "num_key_value_heads", "3"),
        ])
    func encoderHeads(_ name: String, _ key: String, _ value: String) throws {
        let golden = try GoldenModel(name, on: device)
        let config = try golden.config(changing: key, to: value)
        #expect(throws: WeightsError.self) {
            switch name {
            case "t5": _ = try T5Config(config)
            case "qwen3": _ = try Qwen3Config(config)
            default: _ = try CLIPTextConfig(config)
            }
        }
    }

    @Test("case 30: weights that are no numbers are found", arguments: [Float.nan, .infinity])
    func numbers(_ value: Float) throws {
        let file = try OriginalFile(GoldenModel("mmdit-dual", on: device))
        let key = try #require(file.keys.first { $0.hasSuffix("x_block.mlp.fc1.weight") })
        let shape = try #require(file.info(key)?.shape)
        let broken = TamperedFile(file, [key: .full(value, shape, on: device)])
        #expect(try broken.nonFiniteKeys(on: device) == [key])
        #expect(problem(broken) == "")
    }
}
