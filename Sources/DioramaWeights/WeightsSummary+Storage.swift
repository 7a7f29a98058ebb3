import DioramaTensor

/// How much of a file is stored as one type.
public struct StoredType: Sendable, Hashable {
    /// The type.
    public let type: ElementType
    /// How many tensors are stored so.
    public let tensors: Int
    /// Bytes of these tensors.
    public let bytes: Int
    /// Their part of all bytes, 0 to 1.
    public let share: Double
}

/// What weights take in memory, in bytes.
public struct WeightsMemory: Sendable, Hashable {
    /// As they are stored.
    public let stored: Int
    /// With 4 bytes for each element.
    public let f32: Int
    /// With 2 bytes for each element.
    public let bf16: Int
    /// With a byte for each element of matrices and 4 for the scale of each of their rows, and 2 for each of all others: a little less
    /// than is used, for some matrices stay bf16.
    public let int8: Int
}

extension WeightsSummary {
    /// How tensors are stored, the type with the most bytes first.
    public var storedTypes: [StoredType] {
        let whole = max(byteCount, 1)
        return Dictionary(grouping: tensors, by: \.type)
            .map { type, tensors in
                let bytes = tensors.reduce(0) { $0 + $1.byteCount }
                return StoredType(
                    type: type, tensors: tensors.count, bytes: bytes, share: Double(bytes) / Double(whole))
            }
            .sorted { ($1.bytes, $0.type.rawValue) < ($0.bytes, $1.type.rawValue) }
    }

    /// What the weights take in memory; scales and marks of quantised layers count only as stored.
    public var memory: WeightsMemory {
        var (elements, int8) = (0, 0)
        for tensor in tensors where !Self.isBesideWeight(tensor.name) {
            let count = tensor.shape.count
            let isMatrix = tensor.shape.rank == 2 && tensor.name.hasSuffix(".weight")
            elements &+= count
            int8 &+= isMatrix ? count &+ 4 &* tensor.shape[0] : 2 &* count
        }
        return WeightsMemory(stored: byteCount, f32: 4 &* elements, bf16: 2 &* elements, int8: int8)
    }

    private static func isBesideWeight(_ name: String) -> Bool {
        [
            "comfy_quant", "weight_scale", "weight_scale_2", "scale_weight", "input_scale", "scale_input",
            "scaled_fp8",
        ].contains {
            name == $0 || name.hasSuffix("." + $0)
        }
    }

    /// What the file says of its layers, and where it has scales beside weights and says nothing.
    static func layouts(of source: any TensorSource) -> [(name: String, layers: Int)] {
        let known = LayerLayouts(source)
        var counts = known.counts()
        if counts.isEmpty {
            for key in source.keys {
                guard let type = source.info(key)?.type, type == .f8E4M3 || type == .f8E5M2 || type == .i8,
                    known.scaleKeys(of: key).contains(where: { source.info($0) != nil })
                else { continue }
                counts["\(type.rawValue) with scales", default: 0] += 1
            }
        }
        return counts.map { (name: $0.key, layers: $0.value) }
            .sorted { ($1.layers, $0.name) < ($0.layers, $1.name) }
    }
}
