import Diorama
import DioramaTensor
import DioramaTestSupport

/// A workbench with the sources and references of `tools/golden/image_nodes.py` or `mask_nodes.py`.
struct PictureBench {
    let bench: Workbench
    let golden: Fixture

    /// `script` wrote the references.
    init(_ script: String = "image_nodes") throws {
        bench = try Workbench()
        golden = try Fixture("nodes/\(script).safetensors", on: bench.device)
    }

    /// A source or reference as pictures.
    func images(_ key: String) -> ImageBatch { ImageBatch(pixels: golden[key]) }

    /// A source or reference as masks.
    func masks(_ key: String) -> Mask { Mask(coverage: golden[key]) }

    /// A source as what its rank says: pictures of four axes, masks of three.
    func value(_ key: String) -> any PortValue { golden[key].rank == 4 ? images(key) : masks(key) }

    /// How far a node's output is from its reference, ‖a − b‖ / ‖b‖.
    func error(of node: NodeCase) async throws -> Float {
        let result = try await bench.run(
            node.className, node.literals, given: node.given.mapValues { value($0) })
        let tensor =
            result.value("node", output: node.output, as: ImageBatch.self)?.pixels
            ?? result.value("node", output: node.output, as: Mask.self)?.coverage
        return tensor.map { relativeError($0, golden[node.key]) } ?? .infinity
    }
}

/// A node with its inputs, and the reference of one output.
struct NodeCase: Sendable, CustomStringConvertible {
    /// The reference's key.
    let key: String
    /// What the graph holds.
    let literals: JSON.Object
    /// The keys of the sources that other nodes would make, by input.
    let given: [String: String]
    /// Which output.
    let output: Int

    /// The class stands before the key's first dot, unless it is named.
    init(
        _ key: String, _ literals: JSON.Object = [:], _ given: [String: String], of className: String? = nil,
        output: Int = 0
    ) {
        self.key = key
        self.literals = literals
        self.given = given
        self.output = output
        self.className = className ?? String(key.prefix { $0 != "." })
    }

    let className: String
    var description: String { key }
}
