import DioramaFiles
package import DioramaGraph
import DioramaImage
package import FoundationEssentials

/// A graph as a command was given it.
package struct GraphSource: Sendable {
    /// What the user called it, for messages.
    package let name: String
    /// The folder it lies in; nil for standard input.
    package let folder: URL?
    /// The graph.
    package let file: GraphFile

    /// Reads a graph from a JSON file, a picture that carries one, or standard input; a workflow is converted.
    ///
    /// - Parameters:
    ///   - argument: a path, or `-` for standard input.
    ///   - catalog: the nodes there are, which name the widgets of a workflow.
    ///   - workingFolder: where relative paths count from.
    /// - Throws: ``CommandError`` of status `wrongData` when there is no graph, or a wrong one.
    package init(_ argument: String, catalog: NodeCatalog, workingFolder: URL) throws {
        if argument == "-" {
            name = "standard input"
            folder = nil
            file = try Self.graph(in: try InputFile.readStream("/dev/stdin"), name: name, catalog)
        } else {
            let url = fileURL(argument, in: workingFolder)
            name = argument
            folder = url.deletingLastPathComponent()
            guard !isFolder(url) else { throw CommandError.data("'\(argument)' is a folder, not a graph") }
            file = try Self.graph(in: try InputFile.readStream(url.path), name: name, catalog)
        }
    }

    private static func graph(
        in bytes: [UInt8], name: String, _ catalog: NodeCatalog
    ) throws -> GraphFile {
        guard !bytes.isEmpty else { throw CommandError.data("\(name): it has 0 bytes, not a graph") }
        guard let format = ImageFormat(detecting: bytes) else {
            return try read(bytes, name: name, catalog)
        }
        let metadata: ImageMetadata
        do {
            metadata = try ImageFile.readMetadata(bytes)
        } catch {
            throw CommandError.data("\(name): \(error)")
        }
        // The graph in API form is what made the picture; a workflow alone is converted.
        guard let text = metadata.prompt ?? metadata.workflow else {
            throw CommandError.data(
                "\(name): this \(format.name) carries no graph; pictures that Diorama or ComfyUI saved do, unless metadata was off"
            )
        }
        return try read(Array(text.utf8), name: name, catalog)
    }

    private static func read(
        _ bytes: [UInt8], name: String, _ catalog: NodeCatalog
    ) throws -> GraphFile {
        do {
            return try GraphFile(data: bytes, catalog: catalog)
        } catch {
            throw CommandError(graph: name, error)
        }
    }
}

extension CommandError {
    /// How many problems of a graph are listed; programs are told of all.
    private static let mostListed = 100

    /// Everything wrong with the graph called `name`: one sentence, or a numbered list.
    ///
    /// - Parameters:
    ///   - name: what the user called the graph.
    ///   - error: what is wrong.
    ///   - folders: where its files were looked for, told where one had to be chosen and none was found.
    package init(graph name: String, _ error: GraphError, in folders: Folders? = nil) {
        let errors = error.issues.filter { $0.severity == .error }.map(\.description)
        let warnings = error.issues.filter { $0.severity == .warning }.map { "  warning: \($0.description)" }
        var lines: [String]
        if errors.count == 1 {
            lines = ["\(name): \(errors[0])"]
        } else {
            let width = String(min(errors.count, Self.mostListed)).count
            lines = ["\(name) has \(errors.count) problems:"]
            lines += errors.prefix(Self.mostListed).enumerated().map { index, text in
                let number = String(index + 1)
                return "  " + String(repeating: " ", count: width - number.count) + number + ". " + text
            }
            if errors.count > Self.mostListed { lines.append("  and \(errors.count - Self.mostListed) more") }
        }
        lines += warnings.prefix(Self.mostListed)
        if let folders, error.issues.contains(where: \.hasNoChoice) {
            let searched = folders.models + folders.extraModels.map(\.url)
            let places = searched.map(\.path).joined(separator: ", ")
            lines.append(
                searched.isEmpty
                    ? "  no folder of models was found; name one with --models or DIORAMA_MODELS"
                    : "  models were looked for in \(places); other folders can be named with --models or DIORAMA_MODELS"
            )
        }
        self.init(.wrongData, lines.joined(separator: "\n"), detail: error.json)
    }
}
