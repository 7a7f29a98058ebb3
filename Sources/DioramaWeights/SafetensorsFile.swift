import DioramaFiles
import DioramaJSON
public import DioramaTensor
public import FoundationEssentials

/// One safetensors file, memory-mapped.
///
/// The header is validated whole before anything is mapped or allocated (`SafetensorsHeader`). Tensors of a runtime dtype are used in
/// place; those at an odd offset are copied, and other types converted, when they are asked for.
public struct SafetensorsFile: TensorSource {
    /// Path of the file.
    public var place: String { file.path }
    /// All keys, in the order of their bytes.
    public let keys: [String]
    /// The texts under `__metadata__`.
    public let metadata: [String: String]

    private let file: OpenFile
    private let mapping: MappedBytes
    private let storage: Storage
    private let entries: [String: SafetensorsHeader.Entry]

    /// Opens, validates and maps the file at `url`; throws `WeightsError`.
    public init(contentsOf url: URL) throws {
        do {
            try self.init(OpenFile(url.path))
        } catch let error as FileError {
            throw WeightsError(error)
        }
    }

    private init(_ file: OpenFile) throws {
        self.file = file
        let header = try SafetensorsHeader(file)
        keys = header.entries.map(\.info.name)
        metadata = header.metadata
        entries = PackedFloats.marked(
            Dictionary(uniqueKeysWithValues: header.entries.map { ($0.info.name, $0) }), header.metadata)
        mapping = try MappedBytes(file)
        storage = mapping.storage()
    }

    /// What the header says of `key`.
    public func info(_ key: String) -> TensorInfo? { entries[key]?.info }

    /// The tensor of `key`; throws when there is none, its type cannot be read, or the file has become shorter.
    public func tensor(_ key: String, on device: Device) throws -> Tensor {
        guard let entry = entries[key] else {
            throw WeightsError(place, "has no tensor \(quoted(key))")
        }
        let info = entry.info
        let end = try self.end(of: entry)
        if let dtype = info.type.native {
            return Tensor(
                storage: storage, byteOffset: entry.fileOffset, shape: info.shape, dtype: dtype, on: device)
        }
        if info.type == .f4Pairs {
            return EncodedWeight(try bytes(key, on: device), .f4E2M1, inputs: info.shape[1]).dequantized
        }
        let bytes = UnsafeRawBufferPointer(rebasing: mapping.bytes[entry.fileOffset..<end])
        guard let tensor = ElementConversion.tensor(bytes, info.type, shape: info.shape, on: device) else {
            throw WeightsError(
                place,
                "\(quoted(key)) is stored as \(info.type.rawValue), which cannot be used here; convert it to F16 or BF16"
            )
        }
        return tensor
    }

    /// The stored bytes of `key`, in place; throws as `tensor(_:on:)`, and where an element is more than a byte.
    public func bytes(_ key: String, on device: Device) throws -> Tensor {
        guard let entry = entries[key], entry.info.type.isByte || entry.info.type == .f4Pairs else {
            throw WeightsError(place, "has no tensor \(quoted(key)) of bytes")
        }
        _ = try end(of: entry)
        let shape = entry.info.shape
        return Tensor(
            storage: storage, byteOffset: entry.fileOffset,
            shape: entry.info.type.isByte ? shape : [shape[0], shape[1] / 2], dtype: .u8, on: device)
    }

    /// Where a tensor ends in the file, which must still be as long.
    private func end(of entry: SafetensorsHeader.Entry) throws -> Int {
        let end = entry.fileOffset + entry.info.byteCount
        do { try file.requireSize(end) } catch { throw WeightsError(error) }
        return end
    }
}
