import Diorama
import DioramaGraph

/// How much memory a render would take, found by going through it without computing.
///
/// Models are opened and every node runs on a device that only takes the memory for its ops; nothing is written.
struct MemoryForecast {
    /// The moment at which the render takes most.
    let peak: MemoryPlan.Moment
    /// What it cannot do with less of, under a budget that weights give way to.
    let leastBytes: Int
    /// What there is now, as far as the system tells.
    let freeBytes: Int?

    /// Goes through a graph.
    ///
    /// - Parameters:
    ///   - graph: checked by a session whose device plans.
    ///   - session: that session.
    /// - Throws: what a render would throw: for models that cannot be read, and inputs that do not fit them.
    init(_ graph: Graph, by session: Session) async throws {
        guard let plan = session.device.memoryPlan else {
            preconditionFailure("the session's device does not plan memory")
        }
        try await session.render(graph) { event in
            switch event {
            case .nodeStarted(let node, _, _): plan.begin("\(node)")
            case .nodeFinished(let node, _, _): plan.end("\(node)")
            default: break
            }
        }
        peak = plan.peak
        leastBytes = plan.leastBytes
        freeBytes = freeMemory()
    }

    /// Rows of a report.
    var rows: [(name: String, text: String)] {
        let place = peak.work.map { ", reached in \($0)" } ?? ""
        let parts = [
            ("program", peak.program, "with vocabularies and the graph"),
            ("weights", peak.weights, "mapped files, which give way to a budget"),
            ("packed", peak.packed, "weights as products take them, which give way too"),
            ("tensors", peak.tensors, ""),
            ("scratch", peak.scratch, "what operations work in"),
            ("kept", peak.kept, "given back, for the next step"),
            ("pictures", peak.pictures, "being encoded"),
        ].filter { $0.1 > 0 }
        let width = parts.map { byteSize($0.1).count }.max() ?? 0
        var rows = [("peak memory", byteSize(peak.total) + place)]
        rows += parts.map { name, bytes, meaning in
            let size = String(repeating: " ", count: width - byteSize(bytes).count) + byteSize(bytes)
            return ("  \(name)", meaning.isEmpty ? size : "\(size)  \(meaning)")
        }
        rows.append(("least", "\(byteSize(leastBytes)), with render --memory and weights read again"))
        return rows
    }

    /// What keeps this machine from it now; nil where nothing does.
    var warning: String? {
        guard let freeBytes, peak.total > freeBytes else { return nil }
        let advice =
            leastBytes < freeBytes ? "render with --memory" : "ask for smaller pictures or fewer at once"
        return "only \(byteSize(freeBytes)) are free now; \(advice)"
    }

    var json: JSON {
        var object = JSON.Object()
        object["peak_memory_bytes"] = .integer(peak.total)
        object["node"] = peak.work.map { .string($0) } ?? .null
        let parts = [
            ("program", peak.program), ("weights", peak.weights), ("packed", peak.packed),
            ("tensors", peak.tensors), ("scratch", peak.scratch), ("kept", peak.kept),
            ("pictures", peak.pictures),
            ("least", leastBytes),
        ]
        for (name, bytes) in parts { object["\(name)_bytes"] = .integer(bytes) }
        object["free_memory_bytes"] = freeBytes.map { .integer($0) } ?? .null
        return .object(object)
    }
}

extension Graph {
    /// The nodes to run for a forecast, by id.
    ///
    /// Our own output nodes write nothing then; in place of others, which may, stand the nodes that they take something from.
    func forecastTargets() -> [String] {
        let known = Set(NodeCatalog.builtin.classNames)
        var ids: [String] = []
        for node in nodes where targetIDs.contains(node.label.id) {
            let writes = node.schema.spec.isOutput && !known.contains(node.label.className)
            ids += writes ? file.wires(into: node.label.id).map(\.link.nodeID) : [node.label.id]
        }
        return ids.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }
}
