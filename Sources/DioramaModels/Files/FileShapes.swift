import DioramaJSON
import DioramaTensor
import DioramaWeights

/// The keys and shapes of one model in a file, by which its family and its configuration are recognised.
///
/// Files of one model have bare keys; in those that hold several, a prefix stands before those of each.
struct FileShapes: Sendable {
    /// The file.
    let source: any TensorSource
    /// What stands before all keys of the model; empty for none.
    let prefix: String
    private let keys: Set<String>

    /// The keys of `source` that begin with `prefix`.
    init(_ source: any TensorSource, prefix: String = "") {
        self.source = source
        self.prefix = prefix
        keys = Set(source.keys.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) })
    }

    /// Whether there is no key.
    var isEmpty: Bool { keys.isEmpty }

    /// Whether there is a tensor of one of these names.
    func contains(_ names: String...) -> Bool { names.contains { keys.contains($0) } }

    /// Whether there is a key with this beginning.
    func hasFolder(_ start: String) -> Bool { keys.contains { $0.hasPrefix(start) } }

    /// The shape of the first of these names that there is; throws where there is none, or it has not so many axes.
    func shape(_ names: String..., rank: Int) throws -> Shape {
        guard let shape = names.lazy.compactMap({ source.info(prefix + $0)?.shape }).first else {
            throw WeightsError(
                source.place, "has no tensor \(names.map { prefix + $0 }.joined(separator: " or "))")
        }
        guard shape.rank == rank, shape.dims.allSatisfy({ $0 > 0 }) else {
            throw WeightsError(
                source.place,
                "\(prefix)\(names[0]) has shape \(shape), expected \(rank) ax\(rank == 1 ? "is" : "es") that are not empty"
            )
        }
        return shape
    }

    /// How many blocks follow one another, numbered from 0, under the first of these folders that there is.
    func blocks(_ folders: String...) -> Int {
        for folder in folders {
            var indices: Set<Int> = []
            for key in keys where key.hasPrefix(folder + ".") {
                let rest = key.dropFirst(folder.count + 1)
                if let index = Int(rest.prefix { $0 != "." }) { indices.insert(index) }
            }
            let count = (0...indices.count).first { !indices.contains($0) } ?? 0
            if count > 0 { return count }
        }
        return 0
    }

    /// A configuration as diffusers would have written it.
    func config(_ members: [(String, JSON)]) throws -> ModelConfig {
        try ModelConfig(JSON.object(JSON.Object(members)).text(), place: source.place)
    }
}

extension JSON {
    /// A list of whole numbers.
    static func integers(_ numbers: [Int]) -> JSON { .array(numbers.map { .integer($0) }) }
}
