import DioramaJSON
public import DioramaTensor
public import FoundationEssentials

/// Safetensors shards listed by a `*.safetensors.index.json`, read as one source.
public struct ShardedSafetensors: TensorSource {
    /// Path of the index.
    public let place: String
    /// All keys, in the order of the shards' names and of the bytes within each.
    public let keys: [String]
    /// The shards, by their file names.
    public let shards: [String: SafetensorsFile]
    private let shardOfKey: [String: String]

    /// Opens the shards named by the index at `url`.
    ///
    /// Shards must be plain names of files that lie in the index's own folder, links followed (or in the blobs of the same
    /// repository in Hugging Face's cache): an index cannot reach elsewhere. Throws `WeightsError` where a shard is missing or lacks a tensor that the index promises.
    public init(contentsOf url: URL) throws {
        let index = try ModelConfig(contentsOf: url)
        guard let map = try index.stringMap("weight_map") else {
            throw index.problem("weight_map is missing")
        }
        place = url.path
        let folder = url.deletingLastPathComponent()
        var shards: [String: SafetensorsFile] = [:]
        for name in Set(map.values).sorted() {
            shards[name] = try SafetensorsFile(contentsOf: try Self.locate(name, in: folder, index: index))
        }
        for (key, shard) in map.sorted(by: { $0.key < $1.key }) where shards[shard]?.info(key) == nil {
            throw index.problem("says \(shard) holds \(quoted(key)), but it does not")
        }
        self.shards = shards
        shardOfKey = map
        keys = shards.keys.sorted().flatMap { shard in (shards[shard]?.keys ?? []).filter { map[$0] == shard }
        }
    }

    /// What the shard's header says of `key`.
    public func info(_ key: String) -> TensorInfo? { shard(of: key)?.info(key) }

    /// The tensor of `key`; throws when there is none or its shard cannot give it.
    public func tensor(_ key: String, on device: Device) throws -> Tensor {
        guard let shard = shard(of: key) else { throw WeightsError(place, "has no tensor \(quoted(key))") }
        return try shard.tensor(key, on: device)
    }

    /// The stored bytes of `key`; throws when there is none or its elements are more than a byte.
    public func bytes(_ key: String, on device: Device) throws -> Tensor {
        guard let shard = shard(of: key) else { throw WeightsError(place, "has no tensor \(quoted(key))") }
        return try shard.bytes(key, on: device)
    }

    private func shard(of key: String) -> SafetensorsFile? { shardOfKey[key].flatMap { shards[$0] } }

    private static func locate(_ name: String, in folder: URL, index: ModelConfig) throws -> URL {
        guard !name.isEmpty, !name.hasPrefix("."),
            !name.contains(where: { $0 == "/" || $0 == "\\" || $0 == "\0" })
        else {
            throw index.problem(
                "names the shard \(quoted(name)); expected the plain name of a file beside the index")
        }
        let shard = folder.appending(path: name)
        let home = folder.resolvingSymlinksInPath()
        let target = shard.resolvingSymlinksInPath().deletingLastPathComponent()
        guard [home.path, cacheOfBlobs(home)?.path].contains(target.path) else {
            throw index.problem("the shard \(quoted(name)) is a link that leads out of the folder")
        }
        return shard
    }

    /// Where a folder of Hugging Face's cache keeps its files: `REPO/snapshots/REVISION/…` links to `REPO/blobs/`.
    private static func cacheOfBlobs(_ folder: URL) -> URL? {
        var folder = folder
        while folder.pathComponents.count > 1 {
            if folder.lastPathComponent == "snapshots" {
                return folder.deletingLastPathComponent().appending(path: "blobs")
            }
            folder = folder.deletingLastPathComponent()
        }
        return nil
    }
}
