import DioramaFiles
import DioramaGraph
import DioramaWeights
import FoundationEssentials

/// What a model folder holds, for people and for programs.
struct ModelReport {
    let place: String
    let summary: ModelSummary
    /// The scheduler's own settings; empty when there is none.
    let scheduler: JSON.Object

    /// Reads the index of the folder at `url`, the headers of its weights and its scheduler's configuration.
    init(contentsOf url: URL) throws {
        place = url.path
        summary = try ModelSummary(contentsOf: url)
        let config = url.appending(path: "scheduler/scheduler_config.json")
        guard FileManager.default.fileExists(atPath: config.path) else {
            scheduler = JSON.Object()
            return
        }
        let bytes = try InputFile.read(config.path, limit: ModelConfig.largestFile)
        do {
            scheduler = try JSON(parsing: bytes).object ?? JSON.Object()
        } catch {
            throw CommandError.data("\(config.path): not valid JSON: \(error)")
        }
    }

    /// The figures, then the parts, then the scheduler; with `all` also every tensor.
    func text(listingAll all: Bool) -> String {
        var lines = ["\(place): \(summary.className)", ""]
        lines.append(row("parameters", grouped(summary.parameterCount)))
        lines.append(row("size", byteSize(summary.byteCount)))
        lines.append("")
        let names = (summary.parts.map(\.name.count).max() ?? 0) + 2
        let classes = (summary.parts.map(\.className.count).max() ?? 0) + 2
        for part in summary.parts {
            let head = "  " + padded(part.name, to: names)
            guard let weights = part.weights else {
                lines.append(head + part.className)
                continue
            }
            lines.append(
                head + padded(part.className, to: classes)
                    + padded(grouped(weights.parameterCount) + " parameters", to: 24)
                    + padded(byteSize(weights.byteCount), to: 11) + typesText(weights))
        }
        let settings = scheduler.filter { !$0.key.hasPrefix("_") }
        if !settings.isEmpty {
            let column = (settings.map(\.key.count).max() ?? 0) + 2
            lines += ["", "scheduler"]
            lines += settings.map { "  " + padded($0.key, to: column) + $0.value.text() }
        }
        if all {
            for part in summary.parts {
                if let weights = part.weights {
                    lines += ["", WeightsReport(weights).text(listingAll: true)]
                }
            }
        }
        return lines.joined(separator: "\n")
    }

    var json: JSON {
        let parts = summary.parts.map { part -> JSON in
            var members = JSON.Object([("name", .string(part.name)), ("class", .string(part.className))])
            if let weights = part.weights {
                members["path"] = .string(weights.place)
                members["tensors"] = .integer(weights.tensors.count)
                members["parameters"] = .integer(weights.parameterCount)
                members["bytes"] = .integer(weights.byteCount)
                members["types"] = typesJSON(weights)
            }
            return .object(members)
        }
        return [
            "kind": "model", "path": .string(place), "class": .string(summary.className),
            "parameters": .integer(summary.parameterCount), "bytes": .integer(summary.byteCount),
            "parts": .array(parts), "scheduler": .object(scheduler),
        ]
    }
}
