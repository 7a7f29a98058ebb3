import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Testing

/// A tiny model with random weights, with its configuration and the reference's results; written by `tools/golden/models.py`.
struct GoldenModel {
    let fixture: Fixture
    let config: ModelConfig

    init(_ name: String, on device: Device) throws {
        fixture = try Fixture("models/\(name).safetensors", on: device)
        config = try ModelConfig(try #require(fixture.metadata["config"]), place: name)
    }

    /// The model's weights.
    var weights: Weights { fixture.weights("model") }

    subscript(_ key: String) -> Tensor { fixture[key] }

    /// The configuration with one key's JSON replaced, or added.
    func config(changing key: String, to json: String) throws -> ModelConfig {
        let text = try #require(fixture.metadata["config"])
        let others = try #require(text.wholeMatch(of: /\{(.*)\}/)).output.1
        let kept = others.replacing(try Regex("\"\(key)\": (\\[[^\\]]*\\]|[^,\\[]*)(, )?"), with: "")
        let comma = kept.isEmpty || kept.hasSuffix(", ") ? "" : ", "
        return try ModelConfig("{\(kept)\(comma)\"\(key)\": \(json)}", place: "config.json")
    }
}
