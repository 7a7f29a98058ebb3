import Diorama
import DioramaImage
import DioramaTestSupport
import FoundationEssentials

/// Renders graphs into a folder of their own with the sample model.
struct Render {
    let output: TemporaryFolder
    let session: Session

    init(threads: Int? = nil, input: URL? = nil, precision: Precision? = nil) throws {
        output = try TemporaryFolder()
        let folders = Folders(
            models: [Repository.url("samples/models")], input: input ?? Repository.url("samples/input"),
            output: output.url, temp: output.url.appending(path: "temp"))
        session = Session(
            nodes: .builtin,
            options: SessionOptions(folders: folders, threads: threads, precision: precision))
    }

    /// A file that a graph wrote.
    struct Picture {
        let name: String
        let bytes: [UInt8]

        var fileExtension: String { name.split(separator: ".").last.map(String.init) ?? "" }

        /// Red, green and blue.
        var pixels: [UInt8] {
            get throws { try ImageFile.decode(bytes).converted(to: .rgb).pixels }
        }
    }

    /// The files that a graph writes, read before their folder goes.
    func callAsFunction(_ file: GraphFile) async throws -> [Picture] {
        try await session.render(session.graph(file)).map {
            Picture(name: $0.lastPathComponent, bytes: Array(try Data(contentsOf: $0)))
        }
    }

    /// A graph of `graphs/`.
    static func graph(_ name: String) throws -> GraphFile {
        try GraphFile(data: Data(contentsOf: Repository.url("graphs/\(name).json")))
    }

    /// Every graph of `graphs/`, by name.
    static func graphNames() throws -> [String] {
        let folder = Repository.url("graphs").path(percentEncoded: false)
        return try FileManager.default.contentsOfDirectory(atPath: folder)
            .filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }.sorted()
    }

    /// A picture of the repository.
    static func picture(_ file: URL) throws -> Picture {
        Picture(name: file.lastPathComponent, bytes: Array(try Data(contentsOf: file)))
    }
}

extension GraphFile {
    /// The graph with other literals, each told by node, input and value.
    func with(_ changes: [(node: String, input: String, value: JSON)]) throws -> GraphFile {
        var changed = self
        for change in changes { try changed.set(change.input, of: change.node, to: .literal(change.value)) }
        return changed
    }
}
