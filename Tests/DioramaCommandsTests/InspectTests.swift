import DioramaCommands
import DioramaGraph
import DioramaNodes
import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import FoundationEssentials
import Testing

/// `diorama inspect` on files of the repository, of which their scripts say what is in them.
@Suite struct InspectTests {
    private func inspect(_ arguments: String...) async throws -> String {
        let outcome = await diorama(
            ["inspect"] + arguments, in: Repository.root, catalog: NodeCatalog.builtin)
        #expect(outcome.status == .done, "\(outcome.errors)")
        return outcome.output
    }

    @Test func aLoRASaysWhatItIsAndForWhat() async throws {
        let text = try await inspect("Tests/Golden/lora/kohya.safetensors")
        #expect(text.contains("\n  adapter       LoRA (20 layers)\n  rank          2, 6, 8\n"))
        #expect(
            text.contains(
                "\n  for           lora_unet (12 layers), lora_te1 (4 layers), lora_te2 (4 layers)\n"))
    }

    @Test("kinds and ranks for programs", arguments: [("loha", "LoHa"), ("lokr", "LoKr"), ("dora", "DoRA")])
    func kinds(name: String, kind: String) async throws {
        let report = try JSON(
            parsing: try await inspect("Tests/Golden/lora/\(name).safetensors", "--json").utf8)
        #expect(
            report["adapter"] == [
                "layers": 3, "kinds": .object([kind: 3]), "parts": ["transformer": 3], "ranks": [2],
            ])
    }

    @Test func otherWeightsAreNoAdapter() async throws {
        let file = "samples/models/diorama-tiny/text_encoder/model.safetensors"
        #expect(try await !inspect(file).contains("adapter"))
        #expect(try JSON(parsing: try await inspect(file, "--json").utf8)["adapter"] == nil)
    }

    @Test func valuesThatAreNoNumbersAreListed() async throws {
        let folder = try TemporaryFolder()
        let device = Device.cpu()
        let url = try folder.write(
            SafetensorsWriter.encode([
                (name: "a.weight", tensor: .full(1, [2, 3], on: device)),
                (name: "b.weight", tensor: Tensor([0, .nan, 1], [3], on: device)),
                (name: "c.weight", tensor: Tensor([0, -.infinity], [2], on: device).asType(.f16)),
            ]), to: "model.safetensors")
        let text = try await inspect(url.path, "--damaged")
        #expect(
            text.contains("\n2 tensors with values that are not finite numbers\n  b.weight\n  c.weight\n"))
        let report = try JSON(parsing: try await inspect(url.path, "--damaged", "--json").utf8)
        #expect(report["damaged"] == ["b.weight", "c.weight"])
        let whole = "samples/models/diorama-tiny/text_encoder/model.safetensors"
        #expect(try await inspect(whole, "--damaged").contains("\nall values are finite numbers\n"))
        #expect(try JSON(parsing: try await inspect(whole, "--json").utf8)["damaged"] == nil)
    }

    @Test func aGGUFSaysWhatIsInIt() async throws {
        let file = "Tests/Golden/models/mmdit-blocks.gguf"
        let text = try await inspect(file)
        #expect(
            text.hasPrefix(
                "\(Repository.url(file).path): GGUF\n\n  holds         diffusion model Stable Diffusion 3\n"))
        #expect(
            text.contains(
                "needs                  text encoder CLIP-L: text_encoders/clip_l.safetensors, by TripleCLIPLoader\n"
            ))
        let report = try JSON(parsing: try await inspect(file, "--json", "--unused").utf8)
        #expect(report["kind"] == "gguf")
        #expect(report["parts"]?[0]?["role"] == "diffusion model")
        #expect(report["parts"]?[0]?["config"]?["num_layers"]?.integer == 2)
        #expect(report["parts"]?[0]?["needs"]?.array?.count == 4)
        #expect(report["unused"] == [] && report["problems"] == [])
        let shares = try #require(report["storage"]?.array).compactMap { $0["share"]?.double }
        #expect(shares.count > 3 && abs(shares.reduce(0, +) - 1) < 1e-9 && shares == shares.sorted(by: >))
    }

    /// The layouts are those that `tools/golden/blocks.py` wrote.
    @Test(
        "how layers are quantised",
        arguments: [
            ("fp8-comfy", ["float8_e4m3fn": 1, "float8_e5m2": 1, "int8_tensorwise, rotated by 16": 1]),
            ("fp8-metadata", ["float8_e4m3fn": 1, "float8_e5m2": 1, "int8_tensorwise, rotated by 16": 1]),
            ("fp8-scaled", ["F8_E4M3 with scales": 2]), ("fp8-plain", [:]), ("fp8-unknown", ["future4": 1]),
            ("microscaled", ["nvfp4": 3, "mxfp8": 3]),
        ])
    func layouts(_ name: String, _ layouts: [String: Int]) async throws {
        let file = "Tests/Golden/weights/\(name).safetensors"
        let report = try JSON(parsing: try await inspect(file, "--json").utf8)
        #expect(
            report["quantised"]
                == .object(
                    JSON.Object(layouts.sorted { $0.key < $1.key }.map { ($0.key, .integer($0.value)) })))
    }

    /// fp8-scaled has 96 + 48 elements of weights in a byte each, three scales of 4 bytes and a mark of 2.
    @Test func memoryCountsWeightsNotTheirScales() async throws {
        let file = "Tests/Golden/weights/fp8-scaled.safetensors"
        let text = try await inspect(file)
        #expect(
            text.contains(
                "  memory        158 B as stored, 576 B f32, 288 B bf16, 216 B with int8 matrices\n"))
        #expect(text.contains("  types         F8_E4M3 3 (92.4 %), F32 3 (7.6 %)\n"))
        #expect(text.contains("  quantised     F8_E4M3 with scales (2 layers)\n"))
        #expect(text.contains("  holds         no model that is known here\n"))
    }

    @Test func whatNoModelUsesIsListed() async throws {
        let file = "Tests/Golden/models/mmdit-fp8.safetensors"
        let text = try await inspect(file, "--unused")
        #expect(text.contains("\ndiffusion model Stable Diffusion 3 under model.\n"))
        #expect(text.contains("5 tensors not used\n  context\n  latent\n"))
    }
}
