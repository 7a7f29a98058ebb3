public import DioramaTensor

/// One tensor of a weights file, as its header tells it.
public struct TensorInfo: Sendable, Hashable {
    /// The key in the file.
    public let name: String
    /// How elements are stored.
    public let type: ElementType
    /// Its dimensions.
    public let shape: Shape
    /// Size of the stored elements.
    public let byteCount: Int

    /// Describes a tensor.
    public init(name: String, type: ElementType, shape: Shape, byteCount: Int) {
        self.name = name
        self.type = type
        self.shape = shape
        self.byteCount = byteCount
    }
}

/// Named tensors: a weights file, a set of shards, or anything else a model can be built from.
public protocol TensorSource: Sendable {
    /// What to call it in errors: the path of a file.
    var place: String { get }
    /// All keys, in the order of the file.
    var keys: [String] { get }
    /// What the header says of `key`; nil when there is no such tensor.
    func info(_ key: String) -> TensorInfo?
    /// The tensor of `key` on `device`, in place where the stored type is a dtype and aligned; throws `WeightsError`.
    func tensor(_ key: String, on device: Device) throws -> Tensor
    /// The stored bytes of `key` as u8: of its shape where each element is a byte; [.., bytes of a row] where rows are blocks; throws
    /// `WeightsError`, for other types too.
    func bytes(_ key: String, on device: Device) throws -> Tensor
    /// The texts that the file has beside its tensors.
    var metadata: [String: String] { get }
}

extension TensorSource {
    /// None.
    public var metadata: [String: String] { [:] }
}

extension TensorSource {
    /// Number of elements of all tensors.
    public var parameterCount: Int { keys.reduce(0) { $0 + (info($1)?.shape.count ?? 0) } }
    /// Size of all tensors as they are stored.
    public var byteCount: Int { keys.reduce(0) { $0 + (info($1)?.byteCount ?? 0) } }

    /// The keys of float tensors that hold an infinity or a NaN: what a damaged file leaves behind.
    ///
    /// Reads every tensor.
    public func nonFiniteKeys(on device: Device) throws -> [String] {
        try keys.filter { key in
            guard info(key)?.type.readAs?.isFloat == true else { return false }
            return try !tensor(key, on: device).allFinite
        }
    }
}
