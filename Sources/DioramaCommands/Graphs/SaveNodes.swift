package import DioramaGraph
package import DioramaImage

/// The nodes that save pictures, one for each format.
package enum SaveNodes {
    /// The classes that write a format; the first stands in for those that do not.
    private static func classNames(_ format: ImageFormat) -> [String] {
        switch format {
        case .png: ["SaveImage", "SaveImageAdvanced"]
        case .jpeg: ["SaveImageJPEG"]
        }
    }

    /// `file` with every save node of the class that writes `format`; inputs that class does not have are dropped.
    ///
    /// - Throws: ``CommandError`` of status `usage` when the graph saves nothing.
    package static func converted(
        _ file: GraphFile, to format: ImageFormat, catalog: NodeCatalog
    ) throws -> GraphFile {
        let fitting = classNames(format)
        let saving = file.nodes.filter { node in
            ImageFormat.allCases.contains { classNames($0).contains(node.className) }
        }
        guard !saving.isEmpty else {
            throw CommandError.usage(
                "--output: the graph saves no picture; it has no SaveImage and no SaveImageJPEG node")
        }
        guard let wanted = fitting.first, saving.contains(where: { !fitting.contains($0.className) }),
            case .object(var nodes) = file.json
        else { return file }
        let known = catalog[wanted]?.inputs.map(\.name) ?? []
        for node in saving where !fitting.contains(node.className) {
            guard case .object(var members)? = nodes[node.id] else { continue }
            members["class_type"] = .string(wanted)
            members["inputs"] = .object(
                JSON.Object(node.inputs.filter { known.contains($0.key) }.map { ($0.key, $0.value) }))
            nodes[node.id] = .object(members)
        }
        var converted = try GraphFile(.object(nodes))
        converted.extraPNGInfo = file.extraPNGInfo
        return converted
    }
}
