import Diorama
import DioramaImage
import DioramaTestSupport
import FoundationEssentials
import Testing

/// A second render over the real nodes runs only what depends on what changed.
@Suite struct CacheTests {
    private let scratch: TemporaryFolder
    private let session: Session
    private let graph: GraphFile

    init() throws {
        scratch = try TemporaryFolder()
        let model = Repository.url("samples/models/diorama-tiny")
        try FileManager.default.createDirectory(
            at: scratch.url.appending(path: "models"), withIntermediateDirectories: true)
        try FileManager.default.copyItem(at: model, to: scratch.url.appending(path: "models/diorama-tiny"))
        try scratch.write(Self.picture(30), to: "input/photo.png")
        session = Session(
            nodes: .builtin,
            options: SessionOptions(
                folders: Folders(
                    models: [scratch.url.appending(path: "models")],
                    input: scratch.url.appending(path: "input"),
                    output: scratch.url.appending(path: "output"), temp: scratch.url.appending(path: "temp")))
        )
        graph = try Render.graph("image-to-image").with([
            ("photo", "image", "photo.png"), ("sampler", "steps", 1), ("sampler", "denoise", 0.5),
        ])
    }

    private static func picture(_ light: UInt8) throws -> [UInt8] {
        try PNG.encode(
            Bitmap(width: 16, height: 16, channels: .gray, pixels: [UInt8](repeating: light, count: 256)))
    }

    /// The nodes that run in a render.
    private func ran(_ graph: GraphFile, force: Bool = false) async throws -> Set<String> {
        let log = Recorder()
        try await session.render(session.graph(graph), force: force) { event in
            if case .nodeStarted(let node, _, _) = event { log.append(node.id) }
        }
        return Set(log.ids)
    }

    private static let all: Set = [
        "photo", "checkpoint", "positive", "negative", "encode", "sampler", "decode", "save",
    ]

    @Test func everythingRunsOnce() async throws {
        #expect(try await ran(graph) == Self.all)
        #expect(try await ran(graph) == [])
        #expect(try await ran(graph, force: true) == ["save"])
    }

    @Test(
        "a changed literal runs its node and what depends on it",
        arguments: [
            ("positive", "text", "a tree", ["positive", "sampler", "decode", "save"]),
            ("negative", "text", "a tree", ["negative", "sampler", "decode", "save"]),
            ("sampler", "seed", 99, ["sampler", "decode", "save"]),
            ("save", "filename_prefix", "other", ["save"]),
        ] as [(String, String, JSON, Set<String>)])
    func literals(node: String, input: String, value: JSON, expected: Set<String>) async throws {
        _ = try await ran(graph)
        #expect(try await ran(graph.with([(node, input, value)])) == expected)
        // What was made first is still kept.
        #expect(try await ran(graph) == [])
    }

    @Test func aReplacedPictureIsNoticed() async throws {
        _ = try await ran(graph)
        try scratch.write(Self.picture(200), to: "input/photo.png")
        #expect(try await ran(graph) == ["photo", "encode", "sampler", "decode", "save"])
    }

    @Test func aReplacedModelFileIsNoticed() async throws {
        _ = try await ran(graph)
        let config = scratch.url.appending(path: "models/diorama-tiny/scheduler/scheduler_config.json")
        let text = String(decoding: try Data(contentsOf: config), as: UTF8.self)
        try Data((text + "\n").utf8).write(to: config)
        #expect(try await ran(graph) == Self.all.subtracting(["photo"]))
    }
}
