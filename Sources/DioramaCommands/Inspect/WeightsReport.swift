import DioramaGraph
import DioramaModels
import DioramaTensor
import DioramaWeights

/// What a weights file holds, for people and for programs.
struct WeightsReport {
    let summary: WeightsSummary
    /// The models in it; nil for a part of a model folder, whose class is known.
    var contents: ModelFileContents?
    /// What no model uses; nil where nobody asked.
    var unused: ModelFileContents.Unused?
    /// The tensors that hold what is no finite number; nil where nobody asked.
    var damaged: [String]?

    init(_ summary: WeightsSummary) { self.summary = summary }

    /// Looks at a file of its own; finds what no model uses, and what is no finite number, where that is asked for.
    ///
    /// - Throws: `WeightsError` for tensors that cannot be read.
    init(_ source: any TensorSource, listingUnused: Bool, listingDamaged: Bool) throws {
        summary = WeightsSummary(source)
        let contents = ModelFileContents(source)
        unused = listingUnused && !contents.parts.isEmpty ? contents.unused(on: .cpu()) : nil
        self.contents = contents
        if listingDamaged { damaged = try source.nonFiniteKeys(on: .cpu()) }
    }

    /// The figures, then groups of tensors by the first part of their keys, or every tensor.
    func text(listingAll all: Bool) -> String {
        var lines = ["\(summary.place): \(summary.format)", ""]
        if let contents, summary.adapter == nil { lines.append(row("holds", Self.holds(contents))) }
        lines.append(row("tensors", grouped(summary.tensors.count)))
        lines.append(row("parameters", grouped(summary.parameterCount)))
        lines.append(row("size", byteSize(summary.byteCount)))
        lines.append(row("types", storedTypesText))
        if !summary.layouts.isEmpty {
            let layouts = summary.layouts.map { "\($0.name) (\(counted($0.layers, "layer")))" }
            lines.append(row("quantised", layouts.joined(separator: ", ")))
        }
        let memory = summary.memory
        lines.append(
            row(
                "memory",
                "\(byteSize(memory.stored)) as stored, \(byteSize(memory.f32)) f32, \(byteSize(memory.bf16)) bf16, "
                    + "\(byteSize(memory.int8)) with int8 matrices"))
        if let adapter = summary.adapter { lines += rows(of: adapter) }
        for (key, value) in summary.metadata.sorted(by: { $0.key < $1.key }) {
            lines.append(row(key, shortened(value)))
        }
        if let contents { lines += contents.parts.flatMap(Self.rows) }
        lines.append("")
        if let unused { lines += Self.rows(unused) }
        if let damaged { lines += Self.rows(damaged: damaged) }
        return (lines + (all ? tensorLines : groupLines)).joined(separator: "\n")
    }

    var json: JSON {
        let tensors = summary.tensors.map { tensor -> JSON in
            [
                "name": .string(tensor.name), "dtype": .string(tensor.type.rawValue),
                "shape": .array(tensor.shape.dims.map { .integer($0) }), "bytes": .integer(tensor.byteCount),
            ]
        }
        let metadata = summary.metadata.sorted { $0.key < $1.key }.map { ($0.key, JSON.string($0.value)) }
        var members: JSON.Object = [
            "kind": .string(summary.format.lowercased()), "path": .string(summary.place),
            "parameters": .integer(summary.parameterCount),
            "bytes": .integer(summary.byteCount), "types": typesJSON(summary),
            "metadata": .object(JSON.Object(metadata)), "tensors": .array(tensors),
        ]
        members["adapter"] = summary.adapter.map(adapterJSON)
        for (key, value) in storageJSON { members[key] = value }
        if let contents {
            members["guess"] = contents.guess.map { .string($0) }
            members["parts"] = .array(contents.parts.map(Self.json))
        }
        if let unused {
            members["unused"] = .array(unused.keys.map { .string($0) })
            members["problems"] = .array(unused.problems.map { .string($0) })
        }
        if let damaged { members["damaged"] = .array(damaged.map { .string($0) }) }
        return .object(members)
    }

    /// What adapter it is: kinds, ranks, and the parts that it is for.
    private func rows(of adapter: AdapterSummary) -> [String] {
        func text(_ counts: [(name: String, layers: Int)]) -> String {
            counts.map { "\($0.name) (\(counted($0.layers, "layer")))" }.joined(separator: ", ")
        }
        var lines = [row("adapter", text(adapter.kinds))]
        if !adapter.ranks.isEmpty {
            lines.append(row("rank", adapter.ranks.map(String.init).joined(separator: ", ")))
        }
        return lines + [row("for", text(adapter.parts))]
    }

    private func adapterJSON(_ adapter: AdapterSummary) -> JSON {
        func object(_ counts: [(name: String, layers: Int)]) -> JSON {
            .object(JSON.Object(counts.map { ($0.name, .integer($0.layers)) }))
        }
        return [
            "layers": .integer(adapter.layerCount), "kinds": object(adapter.kinds),
            "parts": object(adapter.parts),
            "ranks": .array(adapter.ranks.map { .integer($0) }),
        ]
    }

    private var tensorLines: [String] {
        let column = (summary.tensors.map(\.name.count).max() ?? 0) + 2
        return summary.tensors.map { tensor in
            "  " + padded(tensor.name, to: column) + padded(tensor.type.rawValue, to: 6)
                + padded("\(tensor.shape)", to: 20) + " " + byteSize(tensor.byteCount)
        }
    }

    private var groupLines: [String] {
        var order: [String] = []
        var groups: [String: (count: Int, parameters: Int, bytes: Int)] = [:]
        for tensor in summary.tensors {
            let name = tensor.name.split(separator: ".", maxSplits: 1).first.map(String.init) ?? tensor.name
            if groups[name] == nil { order.append(name) }
            let group = groups[name] ?? (0, 0, 0)
            groups[name] = (
                group.count + 1, group.parameters + tensor.shape.count, group.bytes + tensor.byteCount
            )
        }
        let column = (order.map(\.count).max() ?? 0) + 2
        return order.sorted().compactMap { name in
            groups[name].map { group in
                "  " + padded(name, to: column) + padded(counted(group.count, "tensor"), to: 14)
                    + padded(grouped(group.parameters) + " parameters", to: 28) + byteSize(group.bytes)
            }
        }
    }
}

/// `F16 300, F32 12`.
func typesText(_ summary: WeightsSummary) -> String {
    summary.types.map { "\($0.type.rawValue) \($0.count)" }.joined(separator: ", ")
}

/// The number of tensors of each type.
func typesJSON(_ summary: WeightsSummary) -> JSON {
    .object(JSON.Object(summary.types.map { ($0.type.rawValue, .integer($0.count)) }))
}

/// A name and its value, in two columns.
func row(_ name: String, _ value: String) -> String {
    "  " + padded(name, to: max(14, name.count + 2)) + value
}

/// `1234567` as `1,234,567`.
func grouped(_ value: Int) -> String {
    let digits = Array(String(value.magnitude))
    let parts = stride(from: digits.count, to: 0, by: -3).map { String(digits[max(0, $0 - 3)..<$0]) }
    return (value < 0 ? "-" : "") + parts.reversed().joined(separator: ",")
}

/// `text` on one line of at most 200 characters.
func shortened(_ text: String) -> String {
    let line = String(text.prefix(200)).replacing("\n", with: " ")
    return text.count > 200 ? line + "…" : line
}
