import DioramaGraph
import DioramaModels
import DioramaWeights

// What models a file holds, what they need, and how they are stored.
extension WeightsReport {
    /// `diffusion model FLUX.1, text encoder T5-XXL`.
    static func holds(_ contents: ModelFileContents) -> String {
        guard contents.parts.isEmpty else {
            return contents.parts.map { "\($0.role.rawValue) \($0.name)" }.joined(separator: ", ")
        }
        return contents.guess ?? "no model that is known here"
    }

    /// One model: where it is, its sizes, and what it needs.
    static func rows(_ part: ModelFileContents.Part) -> [String] {
        var lines = [
            "", "\(part.role.rawValue) \(part.name)" + (part.prefix.isEmpty ? "" : " under \(part.prefix)"),
        ]
        if let problem = part.problem { lines.append(row("problem", problem)) }
        let column = max((part.config.map(\.key.count).max() ?? 0) + 2, 14)
        lines += part.config.map { "  " + padded($0.key, to: column) + $0.value.text() }
        for need in part.needs {
            lines.append("  " + padded("needs", to: column) + text(need))
        }
        return lines
    }

    /// `text encoder CLIP-L: text_encoders/clip_l.safetensors, by DualCLIPLoader, type flux`.
    private static func text(_ need: ModelNeed) -> String {
        let file = need.file.map { file in ": " + (need.folder.map { "\($0)/\(file)" } ?? file) }
        let folder = need.folder.map { ": a file in \($0)" }
        return need.what + (file ?? folder ?? "") + (need.loader.map { ", by \($0)" } ?? "")
    }

    /// What no model uses.
    static func rows(_ unused: ModelFileContents.Unused) -> [String] {
        let head =
            unused.keys.isEmpty ? "every tensor is used" : "\(counted(unused.keys.count, "tensor")) not used"
        return unused.problems + [head] + unused.keys.map { "  " + $0 } + [""]
    }

    /// The tensors with values that are no finite numbers.
    static func rows(damaged keys: [String]) -> [String] {
        let head =
            keys.isEmpty
            ? "all values are finite numbers"
            : "\(counted(keys.count, "tensor")) with values that are not finite numbers"
        return [head] + keys.map { "  " + $0 } + [""]
    }

    /// `BF16 780 (99.9 %), F32 2 (0.1 %)`: tensors, and their share of the bytes.
    var storedTypesText: String {
        let types = summary.storedTypes
        guard types.count > 1 else { return typesText(summary) }
        return types.map { "\($0.type.rawValue) \($0.tensors) (\(fixed(100 * $0.share, 1)) %)" }.joined(
            separator: ", ")
    }

    /// How tensors are stored and what they take.
    var storageJSON: JSON.Object {
        let memory = summary.memory
        return [
            "storage": .array(
                summary.storedTypes.map {
                    [
                        "dtype": .string($0.type.rawValue), "tensors": .integer($0.tensors),
                        "bytes": .integer($0.bytes), "share": .double($0.share),
                    ]
                }),
            "quantised": .object(JSON.Object(summary.layouts.map { ($0.name, .integer($0.layers)) })),
            "memory": [
                "stored": .integer(memory.stored), "f32": .integer(memory.f32), "bf16": .integer(memory.bf16),
                "int8": .integer(memory.int8),
            ],
        ]
    }

    /// One model for programs.
    static func json(_ part: ModelFileContents.Part) -> JSON {
        let needs = part.needs.map { need -> JSON in
            var members: JSON.Object = ["what": .string(need.what)]
            members["file"] = need.file.map { .string($0) }
            members["folder"] = need.folder.map { .string($0) }
            members["loader"] = need.loader.map { .string($0) }
            return .object(members)
        }
        var members: JSON.Object = [
            "role": .string(part.role.rawValue), "name": .string(part.name), "prefix": .string(part.prefix),
            "config": .object(part.config), "needs": .array(needs),
        ]
        members["problem"] = part.problem.map { .string($0) }
        return .object(members)
    }
}
