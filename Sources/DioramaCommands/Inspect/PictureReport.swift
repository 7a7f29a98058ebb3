import DioramaGraph
import DioramaImage

/// What a picture's file says, for people and for programs.
struct PictureReport {
    let name: String
    let byteCount: Int
    let info: ImageInfo
    let metadata: ImageMetadata
    /// The graph it carries, where that can be read.
    let graph: GraphFile?

    /// Reads the header and the texts of `bytes`, a PNG or JPEG.
    init(_ bytes: [UInt8], name: String) throws {
        self.name = name
        byteCount = bytes.count
        do {
            info = try ImageFile.info(bytes)
            metadata = try ImageFile.readMetadata(bytes)
        } catch {
            throw CommandError.data("\(name): \(error)")
        }
        graph = metadata.prompt.flatMap { try? GraphFile($0) }
    }

    func text() -> String {
        var lines = ["\(name): \(info.format.name)", ""]
        lines.append(row("size", "\(info.width) x \(info.height) pixels"))
        lines.append(
            row(
                "color",
                "\(info.colorType.rawValue), \(info.bitDepth) bit\(info.isProgressive ? ", progressive" : "")"
            ))
        lines.append(row("file", byteSize(byteCount)))
        if let graph {
            lines += ["", "graph of \(counted(graph.nodes.count, "node"))"]
            lines += graph.nodes.map { "  \($0.id): \($0.className)" }
            let settings = GraphSettings(graph).summary
            if !settings.isEmpty {
                lines += ["", "settings"] + settings.map { row($0.name, shortened(bare($0.value))) }
            }
        }
        let texts = metadata.entries.filter { graph == nil || $0.key != "prompt" }
        if !texts.isEmpty {
            lines += ["", "texts"] + texts.map { row($0.key, shortened($0.text)) }
        }
        return lines.joined(separator: "\n")
    }

    var json: JSON {
        let texts = metadata.entries.map { entry -> JSON in
            ["key": .string(entry.key), "text": .string(entry.text)]
        }
        var members = JSON.Object([
            ("kind", .string(info.format.rawValue)), ("path", .string(name)), ("width", .integer(info.width)),
            ("height", .integer(info.height)), ("bit_depth", .integer(info.bitDepth)),
            ("color_type", .string(info.colorType.rawValue)), ("bytes", .integer(byteCount)),
        ])
        members["graph"] = graph?.json
        if let graph {
            members["settings"] = .object(
                JSON.Object(GraphSettings(graph).summary.map { ($0.name, $0.value) }))
        }
        members["texts"] = .array(texts)
        return .object(members)
    }
}
