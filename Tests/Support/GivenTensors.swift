public import DioramaTensor
public import DioramaWeights

/// Tensors of a test as a weights file has them.
public struct GivenTensors: TensorSource {
    /// The name in errors.
    public let place: String
    /// All keys, in their order.
    public let keys: [String]
    private let tensors: [String: Tensor]

    /// Names tensors; a key that comes twice has the last of them.
    public init(_ tensors: [(String, Tensor)], place: String = "given.safetensors") {
        self.place = place
        self.tensors = Dictionary(tensors, uniquingKeysWith: { $1 })
        var seen: Set<String> = []
        keys = tensors.map(\.0).filter { seen.insert($0).inserted }
    }

    /// The tensors of another source by other names, without those that `rename` gives none.
    public init(_ other: any TensorSource, on device: Device, rename: (String) -> String?) throws {
        self.init(
            try other.keys.compactMap { key in
                try rename(key).map { ($0, try other.tensor(key, on: device)) }
            }, place: other.place)
    }

    /// What a header would say of `key`.
    public func info(_ key: String) -> TensorInfo? {
        tensors[key].map { tensor in
            let types: [DType: ElementType] = [
                .f32: .f32, .f16: .f16, .bf16: .bf16, .i32: .i32, .i64: .i64, .u8: .u8,
            ]
            return TensorInfo(
                name: key, type: types[tensor.dtype] ?? .f32, shape: tensor.shape,
                byteCount: tensor.count * tensor.dtype.size)
        }
    }

    /// The tensor of `key`.
    public func tensor(_ key: String, on device: Device) throws -> Tensor {
        guard let tensor = tensors[key] else { throw WeightsError(place, "has no tensor \(key)") }
        return tensor.to(device)
    }

    /// The tensor of `key`, which must be u8.
    public func bytes(_ key: String, on device: Device) throws -> Tensor {
        let tensor = try tensor(key, on: device)
        guard tensor.dtype == .u8 else { throw WeightsError(place, "has no tensor \(key) of bytes") }
        return tensor
    }
}
