import DioramaBatch
import DioramaTestSupport
import Foundation
import Synchronization

/// A folder for batches of the toy graph.
struct Workshop {
    let log = Log()
    private let temporary: TemporaryFolder

    init() throws { temporary = try TemporaryFolder() }

    var url: URL { temporary.url.appending(path: "out") }
    var folder: BatchFolder { BatchFolder(url) }

    func session() throws -> Session {
        let place = temporary.url
        var options = SessionOptions(
            folders: Folders(models: [], input: place, output: place.appending(path: "out"), temp: place),
            threads: 1)
        options.resources = Resources().with(log)
        return Session(nodes: try Toy.catalog, options: options, cacheBytes: 1 << 20)
    }

    func batch(_ changes: String = "{}", _ options: BatchOptions = BatchOptions()) throws -> Batch {
        try Batch(graph: Toy.graph(changes), session: session(), options: options)
    }

    /// The pictures in the folder, sorted.
    var pictures: [String] {
        files.filter { $0.hasSuffix(".png") || $0.hasSuffix(".jpg") }
    }

    /// All files in the folder and below, hidden ones too, sorted.
    var files: [String] {
        let names = (try? FileManager.default.subpathsOfDirectory(atPath: url.path)) ?? []
        return names.filter { name in
            var isFolder: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: url.path + "/" + name, isDirectory: &isFolder)
            return !isFolder.boolValue
        }.sorted()
    }

    func entries() throws -> [ManifestEntry] {
        var entries: [ManifestEntry] = []
        try folder.forEachEntry { entries.append($0) }
        return entries
    }

    /// The lines of the manifest.
    var manifest: [String] {
        get throws {
            try String(contentsOf: url.appending(path: "manifest.jsonl"), encoding: .utf8)
                .split(separator: "\n").map(String.init)
        }
    }
}

/// Remembers the events of a batch.
final class Events: Sendable {
    private let list = Mutex<[BatchEvent]>([])

    var all: [BatchEvent] { list.withLock { $0 } }

    func note(_ event: BatchEvent) { list.withLock { $0.append(event) } }

    /// The names of the events about items and lines.
    var names: [String] {
        all.compactMap { event in
            switch event {
            case .started: "started"
            case .itemStarted: "item started"
            case .node: nil
            case .retrying: "retrying"
            case .itemDone: "done"
            case .itemSkipped: "skipped"
            case .itemFailed: "failed"
            case .lineFailed: "line failed"
            }
        }
    }
}
