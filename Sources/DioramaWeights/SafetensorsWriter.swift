import DioramaJSON
public import DioramaTensor

/// Makes the bytes of safetensors files.
public enum SafetensorsWriter {
    /// The bytes of a file.
    ///
    /// - Parameters:
    ///   - tensors: what to write, in the order in which it shall stand in the file; every name once.
    ///   - metadata: texts to write under `__metadata__`, sorted by key; without any, nothing is written there.
    /// - Returns: the whole file.
    /// - Throws: `WeightsError` where a name stands twice or is `__metadata__`, or the header would be larger than the
    ///   format allows.
    public static func encode(
        _ tensors: [(name: String, tensor: Tensor)], metadata: [String: String] = [:]
    ) throws -> [UInt8] {
        let entries = tensors.map { name, tensor in
            let type = ElementType.allCases.first { $0.native == tensor.dtype } ?? .f32
            return Entry(name: name, type: type, shape: tensor.shape)
        }
        var bytes = try header(entries, metadata: metadata)
        bytes.reserveCapacity(bytes.count + entries.reduce(0) { $0 + $1.byteCount })
        for (_, tensor) in tensors {
            bytes += UnsafeRawBufferPointer(start: tensor.bytes, count: tensor.count * tensor.dtype.size)
        }
        return bytes
    }

    /// A tensor that a file will hold.
    struct Entry: Sendable {
        let name: String
        let type: ElementType
        let shape: Shape

        var byteCount: Int { shape.count * type.blockBits / 8 }
    }

    /// What stands before the tensors' bytes, which follow one another without gaps; throws as `encode`.
    static func header(_ entries: [Entry], metadata: [String: String]) throws -> [UInt8] {
        var header = JSON.Object()
        if !metadata.isEmpty {
            header["__metadata__"] = .object(
                JSON.Object(metadata.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
        }
        var end = 0
        for entry in entries {
            guard entry.name != "__metadata__", header[entry.name] == nil else {
                throw WeightsError(
                    "a safetensors file", "cannot have two entries called \(quoted(entry.name))")
            }
            let start = end
            end += entry.byteCount
            header[entry.name] = [
                "dtype": .string(entry.type.rawValue), "shape": .array(entry.shape.dims.map(JSON.integer)),
                "data_offsets": [.integer(start), .integer(end)],
            ]
        }
        var text = Array(JSON.object(header).text().utf8)
        // The data starts at a multiple of eight, as the reference implementation has it.
        text += Array(repeating: 0x20, count: (8 - text.count % 8) % 8)
        guard text.count <= SafetensorsHeader.largestHeader else {
            throw WeightsError(
                "a safetensors file",
                "cannot have a header of \(text.count) bytes; at most \(SafetensorsHeader.largestHeader) are allowed"
            )
        }
        return (0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) } + text
    }
}
