import DioramaCommands
import DioramaGraph
import DioramaNodes
import DioramaTestSupport
import FoundationEssentials
import Testing

/// `diorama inspect` on files of the repository, of which their scripts say what is in them.
@Suite struct InspectTests {
    private func inspect(_ arguments: String...) async throws -> String {
        let outcome = await diorama(
            ["inspect"] + arguments, in: Repository.root, catalog: try NodeCatalog.builtin)
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
}
