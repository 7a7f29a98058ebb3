import Diorama
import DioramaImage
import DioramaTestSupport
import FoundationEssentials

/// Renders graphs into a folder of their own with the sample model.
struct Render {
    let output: TemporaryFolder
    let session: Session

    init(threads: Int? = nil, models: URL? = nil) throws {
        output = try TemporaryFolder()
        let folders = Folders(
            models: [models ?? Repository.url("samples/models")], input: Repository.url("samples/input"),
            output: output.url, temp: output.url.appending(path: "temp"))
        session = Session(nodes: try .builtin, options: SessionOptions(folders: folders, threads: threads))
    }

    /// The files that a graph writes.
    func callAsFunction(_ file: GraphFile) async throws -> [URL] {
        try await session.render(session.graph(file))
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

    /// The pixels of a picture, red, green and blue.
    static func pixels(_ file: URL) throws -> [UInt8] {
        try ImageFile.decode(Array(Data(contentsOf: file))).converted(to: .rgb).pixels
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
