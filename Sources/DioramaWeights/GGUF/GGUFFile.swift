import DioramaFiles
import DioramaJSON
public import DioramaTensor
public import FoundationEssentials

/// One GGUF file, memory-mapped.
///
/// The header is validated whole before anything is mapped or allocated (`GGUFHeader`). Shapes are torch's, outermost first, and those
/// of before ComfyUI-GGUF's converter has changed them. Linear layers use blocks in place (``EncodedWeight``); a tensor of
/// blocks that is asked for as such is unpacked.
public struct GGUFFile: TensorSource {
    /// Path of the file.
    public var place: String { file.path }
    /// All keys, in the order of the file.
    public let keys: [String]

    private let file: OpenFile
    private let mapping: MappedBytes
    private let storage: Storage
    private let header: GGUFHeader
    private let entries: [String: GGUFHeader.Entry]

    /// Opens, validates and maps the file at `url`; throws `WeightsError`.
    public init(contentsOf url: URL) throws {
        do {
            let file = try OpenFile(url.path)
            self.file = file
            header = try GGUFHeader(file)
            keys = header.entries.map(\.info.name)
            entries = Dictionary(uniqueKeysWithValues: header.entries.map { ($0.info.name, $0) })
            mapping = try MappedBytes(file)
            storage = mapping.storage()
        } catch let error as FileError {
            throw WeightsError(error)
        }
    }

    /// What the header says of `key`.
    public func info(_ key: String) -> TensorInfo? { entries[key]?.info }

    /// The keys of the metadata, in the order of the file.
    public var valueKeys: [String] { header.keys }

    /// A value of the metadata, read from the file now: lists may be large.
    ///
    /// - Parameter key: such as `tokenizer.ggml.tokens`.
    /// - Returns: nil where there is none.
    /// - Throws: `WeightsError` for texts that are not UTF-8, and where the file cannot be read.
    public func value(_ key: String) throws -> GGUFValue? {
        guard let location = header.values[key] else { return nil }
        do {
            var reader = GGUFReader(file, at: location.fileOffset)
            return try reader.value(location.type, "the metadata value \(quoted(key))")
        } catch let error as HeaderProblem {
            throw WeightsError(place, error.text)
        } catch let error as FileError {
            throw WeightsError(error)
        }
    }

    /// The texts of the metadata; those that cannot be read are left out.
    public var metadata: [String: String] {
        header.values.filter { $0.value.type == .string }.compactMapValues { location in
            var reader = GGUFReader(file, at: location.fileOffset)
            return try? reader.string("a text")
        }
    }

    /// The tensor of `key`; throws when there is none, its type cannot be read, or the file has become shorter.
    public func tensor(_ key: String, on device: Device) throws -> Tensor {
        let entry = try entry(key)
        let info = entry.info
        if let dtype = info.type.native {
            return Tensor(
                storage: storage, byteOffset: entry.fileOffset, shape: info.shape, dtype: dtype, on: device)
        }
        if let encoding = info.type.encoding {
            let blocks = info.byteCount / encoding.blockBytes
            let bytes = Tensor(
                storage: storage, byteOffset: entry.fileOffset, shape: [blocks, encoding.blockBytes],
                dtype: .u8, on: device)
            return EncodedWeight(bytes, encoding, inputs: encoding.blockLength).dequantized
                .reshaped(info.shape)
        }
        let bytes = UnsafeRawBufferPointer(
            rebasing: mapping.bytes[entry.fileOffset..<entry.fileOffset + info.byteCount])
        guard let tensor = ElementConversion.tensor(bytes, info.type, shape: info.shape, on: device) else {
            throw WeightsError(
                place,
                "\(quoted(key)) is stored as \(info.type.rawValue), which cannot be used here; known are F32, F16, BF16, "
                    + ElementType.allCases.filter { $0.blockLength >= 32 && $0.encoding != nil }
                    .map(\.rawValue).joined(separator: ", "))
        }
        return tensor
    }

    /// The stored bytes of `key`, in place; throws as `tensor(_:on:)`, and where rows are not whole blocks or bytes.
    public func bytes(_ key: String, on device: Device) throws -> Tensor {
        let entry = try entry(key)
        let (type, shape) = (entry.info.type, entry.info.shape)
        guard type.isByte || type.blockLength > 1, shape.rank > 0, shape[-1].isMultiple(of: type.blockLength)
        else {
            throw WeightsError(place, "\(quoted(key)), \(type.rawValue) \(shape), has no rows of whole bytes")
        }
        let width = shape[-1] / type.blockLength * (type.blockBits / 8)
        return Tensor(
            storage: storage, byteOffset: entry.fileOffset, shape: shape.replacing(-1, with: width),
            dtype: .u8, on: device)
    }

    /// A tensor, to whose end the file must still reach.
    private func entry(_ key: String) throws -> GGUFHeader.Entry {
        guard let entry = entries[key] else { throw WeightsError(place, "has no tensor \(quoted(key))") }
        do {
            try file.requireSize(entry.fileOffset + entry.info.byteCount)
        } catch {
            throw WeightsError(error)
        }
        return entry
    }
}
