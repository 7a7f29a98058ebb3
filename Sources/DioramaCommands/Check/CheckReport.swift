import Diorama
import DioramaGraph
import FoundationEssentials

/// What a graph that can run would do.
struct CheckReport {
    let name: String
    let graph: Graph
    let schedule: Schedule
    let folders: Folders
    /// What a render would take; nil where no one asked.
    var memory: MemoryForecast?

    /// Checks `file`, which the user calls `name`, for its output nodes or for the nodes of these ids.
    ///
    /// - Throws: ``CommandError`` of status `wrongData` with everything that is wrong.
    init(
        _ file: GraphFile, named name: String, catalog: NodeCatalog, folders: Folders,
        only nodes: [String]? = nil
    ) throws {
        self.name = name
        self.folders = folders
        do {
            let session = Session(nodes: catalog, options: SessionOptions(folders: folders))
            graph = try session.graph(file, only: nodes)
        } catch {
            throw CommandError(graph: name, error, in: folders)
        }
        schedule = Schedule(graph)
    }

    func text() -> String {
        let all = graph.nodes.count
        let needed = graph.nodes.filter(\.isNeeded).count
        var lines = ["ok: \(name)"]
        lines.append(row("nodes", "\(all), " + (needed == all ? "all needed" : "\(needed) needed")))
        lines.append(row("runs", schedule.steps.map(\.label.id).joined(separator: ", ")))
        lines.append(row("outputs", outputs.map(\.label.description).joined(separator: ", ")))
        lines += GraphSettings(graph.file).summary.map {
            row($0.name, shortened(bare($0.value)))
        }
        lines += files.map { row("file", "\($0.name) is \($0.url.path)") }
        lines += memory?.rows.map { row($0.name, $0.text) } ?? []
        lines += graph.warnings.map { "  warning: \($0)" }
        if let warning = memory?.warning { lines.append("  warning: \(warning)") }
        return lines.joined(separator: "\n")
    }

    var json: JSON {
        var object: JSON.Object = [
            "ok": true, "nodes": .integer(graph.nodes.count),
            "runs": .array(schedule.steps.map { .string($0.label.id) }),
            "outputs": .array(outputs.map { .string($0.label.id) }),
            "settings": .object(JSON.Object(GraphSettings(graph.file).summary.map { ($0.name, $0.value) })),
            "files": .array(files.map { ["name": .string($0.name), "path": .string($0.url.path)] }),
            "warnings": .array(graph.warnings.map(\.json)),
        ]
        object["memory"] = memory?.json
        return .object(object)
    }

    private var outputs: [Graph.Node] {
        let ids = Set(graph.targetIDs)
        return graph.nodes.filter { ids.contains($0.label.id) }
    }

    /// The files that needed nodes choose from a folder, each once.
    private var files: [(name: String, url: URL)] {
        var names: [String] = []
        for node in graph.nodes where node.isNeeded {
            for input in node.schema.inputs {
                guard case .computed? = input.options,
                    case .literal(.string(let name))? = graph.file[node.label.id]?.value(of: input.name),
                    !names.contains(name)
                else { continue }
                names.append(name)
            }
        }
        return names.compactMap { name in location(of: name).map { (name, $0) } }
    }

    /// Where a model or input picture is.
    private func location(of name: String) -> URL? {
        let kinds =
            folders.models.flatMap { (try? FileManager.default.contentsOfDirectory(atPath: $0.path)) ?? [] }
            + folders.extraModels.map(\.kind)
        if let model = try? folders.model(name, in: kinds, includingRoots: true) { return model }
        return try? folders.inputFile(name)
    }
}
