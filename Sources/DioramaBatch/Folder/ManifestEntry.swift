public import DioramaGraph

/// What became of one item: a line of the manifest.
public struct ManifestEntry: Sendable, Hashable {
    /// A file that an item made.
    public struct File: Sendable, Hashable {
        /// Its path from the batch's folder.
        public let path: String
        /// Its size.
        public let bytes: Int
        /// 32 hexadecimal digits over its content: SipHash-2-4 with 128 bits and a zero key.
        public let hash: String

        /// A file.
        ///
        /// - Parameters:
        ///   - path: from the batch's folder.
        ///   - bytes: its size.
        ///   - hash: 32 hexadecimal digits over its content.
        public init(path: String, bytes: Int, hash: String) {
            self.path = path
            self.bytes = bytes
            self.hash = hash
        }
    }

    /// The item's name by content, 16 hexadecimal digits.
    public let id: String
    /// The item's line in the list, from 1.
    public let line: Int
    /// The item's place among those of its line, from 0.
    public let index: Int
    /// The texts as the encoders got them.
    public let prompt, negative: String?
    /// The seed of the starting noise.
    public let seed: UInt64?
    /// The other settings.
    public let settings: JSON.Object
    /// What was made; empty when it failed.
    public let files: [File]
    /// How long the item took, from its start to its last file; nil when it was found made.
    public let seconds: Double?
    /// Why it failed; nil when it is done.
    public let error: String?

    /// Whether the item is made.
    public var isDone: Bool { error == nil }
}

extension ManifestEntry {
    /// What became of an item.
    init(_ planned: PlannedItem, files: [File] = [], seconds: Double? = nil, error: String? = nil) {
        let item = planned.item
        self.init(
            id: planned.id, line: item.line, index: item.index, prompt: item.prompt, negative: item.negative,
            seed: item.seed, settings: item.settings, files: files, seconds: seconds, error: error)
    }

    /// The entry as an object.
    public var json: JSON {
        var members: JSON.Object = ["id": .string(id), "line": .integer(line), "index": .integer(index)]
        members["prompt"] = prompt.map(JSON.string)
        members["negative"] = negative.map(JSON.string)
        members["seed"] = seed.map { JSON($0) }
        members["settings"] = .object(settings)
        members["files"] = .array(
            files.map { ["file": .string($0.path), "bytes": .integer($0.bytes), "hash": .string($0.hash)] })
        members["seconds"] = seconds.map { .double(($0 * 1000).rounded() / 1000) }
        members["error"] = error.map(JSON.string)
        return .object(members)
    }

    /// Reads a line of a manifest; nil comes back for one that a crash tore, and for anything else.
    init?(line: some Collection<UInt8>) {
        guard let json = try? JSON(parsing: line) else { return nil }
        self.init(json)
    }

    /// The number that the id stands for; nil for an id that no batch gives.
    var number: UInt64? { UInt64(id, radix: 16) }

    /// Reads an entry.
    ///
    /// - Parameter json: what ``json`` gives; nil comes back for anything else.
    public init?(_ json: JSON) {
        guard let id = json["id"]?.string, let line = json["line"]?.integer,
            let files = json["files"]?.array?.map(File.init(json:)), !files.contains(nil)
        else { return nil }
        let seed: UInt64? =
            switch json["seed"] {
            case .integer(let value): UInt64(exactly: value)
            case .unsigned(let value): value
            default: nil
            }
        self.init(
            id: id, line: line, index: json["index"]?.integer ?? 0, prompt: json["prompt"]?.string,
            negative: json["negative"]?.string, seed: seed, settings: json["settings"]?.object ?? [:],
            files: files.compactMap(\.self), seconds: json["seconds"]?.double, error: json["error"]?.string)
    }
}

extension ManifestEntry.File {
    fileprivate init?(json: JSON) {
        guard let path = json["file"]?.string, let bytes = json["bytes"]?.integer,
            let hash = json["hash"]?.string
        else { return nil }
        self.init(path: path, bytes: bytes, hash: hash)
    }
}
