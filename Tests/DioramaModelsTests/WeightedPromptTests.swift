import DioramaJSON
import DioramaModels
import DioramaTestSupport
import FoundationEssentials
import Testing

/// Weights in prompts, against ComfyUI's own `token_weights`.
@Suite struct WeightedPromptTests {
    @Test func readsWeightsAsComfyUIDoes() throws {
        let bytes = try Data(contentsOf: Golden.url("comfyui/prompt_weights.json"))
        let cases = try #require(JSON(parsing: Array(bytes)).object?["prompts"]?.array)
        #expect(cases.count > 30)
        for entry in cases {
            let text = try #require(entry.object?["text"]?.string)
            let expected = try #require(entry.object?["pieces"]?.array)
            let pieces = WeightedPrompt(text).pieces
            #expect(pieces.map(\.text) == expected.map { $0.array?[0].string }, "\(text)")
            for (piece, row) in zip(pieces, expected) {
                #expect(abs(piece.weight - (row.array?[1].double ?? .nan)) < 1e-12, "\(text)")
            }
        }
    }

    @Test func deepAndLongTextsAreReadInTime() {
        let deep = String(repeating: "(", count: 100_000) + "x" + String(repeating: ")", count: 100_000)
        #expect(WeightedPrompt(deep).pieces.count == 1)
        let wide = String(repeating: "(a:1.5) b ", count: 50_000)
        #expect(WeightedPrompt(wide).pieces.count == 100_000)
    }
}
