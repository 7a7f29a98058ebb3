import DioramaTensor
import DioramaWeights

/// A weights file with some tensors replaced, added or taken away.
struct TamperedFile: TensorSource {
    let keys: [String]
    private let file: any TensorSource
    private let changes: [String: Tensor?]

    /// - Parameters:
    ///   - file: the file.
    ///   - changes: tensors by their keys; nil for those that are taken away.
    init(_ file: any TensorSource, _ changes: [String: Tensor?]) {
        self.file = file
        self.changes = changes
        keys =
            file.keys.filter { changes[$0].map { $0 != nil } ?? true }
            + changes.keys.filter { file.info($0) == nil }.sorted()
    }

    var place: String { file.place }
    var metadata: [String: String] { file.metadata }

    func info(_ key: String) -> TensorInfo? {
        guard let change = changes[key] else { return file.info(key) }
        return change.map {
            TensorInfo(
                name: key, type: $0.dtype == .f16 ? .f16 : .f32, shape: $0.shape,
                byteCount: $0.count * $0.dtype.size)
        }
    }

    func tensor(_ key: String, on device: Device) throws -> Tensor {
        guard let change = changes[key] else { return try file.tensor(key, on: device) }
        guard let tensor = change else { throw WeightsError(place, "has no tensor \(key)") }
        return tensor
    }

    func bytes(_ key: String, on device: Device) throws -> Tensor { try file.bytes(key, on: device) }
}
