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
        let found = names.lazy.compactMap { name in source.info(prefix + name).map { (name, $0.shape) } }
            .first
        guard let (name, shape) = found else {
            throw WeightsError(
                source.place, "has no tensor \(names.map { prefix + $0 }.joined(separator: " or "))")
        }
        guard shape.rank == rank, shape.dims.allSatisfy({ $0 > 0 }) else {
            throw WeightsError(
                source.place,
                "\(prefix)\(name) has shape \(shape), expected \(rank) ax\(rank == 1 ? "is" : "es") that are not empty"
            )
        }
        return shape
    }

    /// How many blocks there are under the first of these folders that there is, numbered from 0 to the highest.
    ///
    /// Those that are missing in between are told when a model asks for them.
    func blocks(_ folders: String...) -> Int {
        for folder in folders {
            var count = 0
            for key in keys where key.hasPrefix(folder + ".") {
                let rest = key.dropFirst(folder.count + 1)
                // Far more than any model may have, and far from overflow.
                if let index = Int(rest.prefix { $0 != "." }) { count = max(count, min(index, 1 << 40) + 1) }
            }
            if count > 0 { return count }
        }
        return 0
    }

    /// The numbers of the blocks under a folder that have keys with a beginning of their own.
    func blocks(_ folder: String, with start: String) -> Set<Int> {
        Set(
            keys.compactMap { key in
                guard key.hasPrefix(folder + ".") else { return nil }
                let rest = key.dropFirst(folder.count + 1)
                guard let dot = rest.firstIndex(of: "."), rest[dot...].dropFirst().hasPrefix(start) else {
                    return nil
                }
                return Int(rest[..<dot])
            })
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
