import DioramaJSON
import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Testing

/// A tiny model with random weights, with its configuration and the reference's results; written by `tools/golden/models.py` and
/// `encoders.py`.
struct GoldenModel {
    let fixture: Fixture
    let config: ModelConfig

    init(_ name: String, on device: Device) throws {
        fixture = try Fixture("models/\(name).safetensors", on: device)
        config = try ModelConfig(try #require(fixture.metadata["config"]), place: name)
    }

    /// The configuration as it is read.
    var configuration: JSON.Object {
        get throws {
            let text = try #require(fixture.metadata["config"])
            return try #require(JSON(parsing: Array(text.utf8)).object)
        }
    }

    /// The model's weights.
    var weights: Weights { fixture.weights("model") }

    subscript(_ key: String) -> Tensor { fixture[key] }

    /// The sequences of ids under `key`, [B, L].
    func rows(_ key: String) -> [[Int]] {
        let ids = self[key]
        return (0..<ids.shape[0]).map { ids[$0].ints() }
    }

    /// Other names of the model's tensors, a table in the metadata.
    func names(_ key: String) throws -> [String: String] {
        let table = try ModelConfig(try #require(fixture.metadata[key]), place: key)
        return try Dictionary(uniqueKeysWithValues: table.keys.map { ($0, try table.string($0)) })
    }

    /// A file of the model's tensors alone, by other names than they have under `model.`; those that get none are left out.
    func renamed(_ name: (String) throws -> String?) throws -> GivenTensors {
        let start = "model."
        return try GivenTensors(
            fixture.keys.filter { $0.hasPrefix(start) }.compactMap { key in
                try name(String(key.dropFirst(start.count))).map { ($0, fixture[key]) }
            })
    }

    /// The configuration with one key's JSON replaced, or added.
    func config(changing key: String, to json: String) throws -> ModelConfig {
        let text = try #require(fixture.metadata["config"])
        let others = try #require(text.wholeMatch(of: /\{(.*)\}/)).output.1
        let kept = others.replacing(try Regex("\"\(key)\": (\\[[^\\]]*\\]|[^,\\[]*)(, )?"), with: "")
        let comma = kept.isEmpty || kept.hasSuffix(", ") ? "" : ", "
        return try ModelConfig("{\(kept)\(comma)\"\(key)\": \(json)}", place: "config.json")
    }
}
