import DioramaTensor
import DioramaWeights

/// A weights file of which only the header is there.
struct ShapesOnly: TensorSource {
    let place: String
    let keys: [String]
    let metadata: [String: String]
    private let shapes: [String: Shape]

    init(_ shapes: [String: Shape], metadata: [String: String] = [:], place: String = "shapes.safetensors") {
        self.place = place
        keys = shapes.keys.sorted()
        self.shapes = shapes
        self.metadata = metadata
    }

    /// The header of another source with one shape replaced, or without it.
    init(_ other: any TensorSource, changing key: String, to shape: Shape?) {
        var shapes = Dictionary(uniqueKeysWithValues: other.keys.map { ($0, other.info($0)?.shape ?? []) })
        shapes[key] = shape
        self.init(shapes)
    }

    func info(_ key: String) -> TensorInfo? {
        shapes[key].map { TensorInfo(name: key, type: .f16, shape: $0, byteCount: 2 * $0.count) }
    }

    func tensor(_ key: String, on device: Device) throws -> Tensor {
        throw WeightsError(place, "has only shapes")
    }

    func bytes(_ key: String, on device: Device) throws -> Tensor {
        throw WeightsError(place, "has only shapes")
    }
}
