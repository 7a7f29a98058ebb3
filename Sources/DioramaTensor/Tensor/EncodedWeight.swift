/// A matrix that stays as a file has it, in blocks or floats of 8 or 4 bits (``BlockEncoding``), and is unpacked piece by piece where it is used.
///
/// Its bytes may lie in a mapped file, at any address. Rows may have scales, and so may groups of their elements, as small floats need
/// them.
public struct EncodedWeight: Sendable {
    /// Rows and columns.
    public let outputs: Int, inputs: Int
    /// How a row is stored.
    public let encoding: BlockEncoding
    /// [O, bytes of a row], u8.
    public let bytes: Tensor
    /// What a row's elements are multiplied with, [O], f32; nil for 1.
    public let scales: Tensor?
    /// What groups of a row's elements are multiplied with; nil for 1.
    public let groups: GroupScales?

    var tensors: [Tensor] { [bytes] + [scales, groups?.bytes].compactMap { $0 } }

    /// Takes bytes as they are.
    ///
    /// - Parameters:
    ///   - bytes: [O, bytes of a row], u8.
    ///   - encoding: How a row is stored.
    ///   - inputs: The columns, I: whole blocks.
    ///   - scales: [O], or one for all; nil for none.
    ///   - groups: Scales of groups of whole blocks, which must cover all rows; nil for none.
    public init(
        _ bytes: Tensor, _ encoding: BlockEncoding, inputs: Int, scales: Tensor? = nil,
        groups: GroupScales? = nil
    ) {
        precondition(
            bytes.dtype == .u8 && bytes.rank == 2 && encoding.rowBytes(inputs) == bytes.shape[1],
            "EncodedWeight: \(bytes.dtype) \(bytes.shape) are not rows of \(inputs) in \(encoding)")
        let outputs = bytes.shape[0]
        precondition(
            scales.map { $0.count == 1 || $0.count == outputs } ?? true,
            "EncodedWeight: scales \(scales?.shape ?? []) do not fit \(outputs) rows")
        precondition(
            groups.map {
                $0.rows == outputs && $0.columns == inputs && $0.length.isMultiple(of: encoding.blockLength)
            } ?? true, "EncodedWeight: scales of groups do not fit \(outputs) rows of \(inputs)")
        (self.outputs, self.inputs, self.encoding, self.bytes) = (outputs, inputs, encoding, bytes)
        self.groups = groups
        self.scales = scales.map { scales in
            let singles = scales.asType(.f32).reshaped(-1)
            return singles.count == outputs
                ? singles : .full(singles.floats()[0], [outputs], on: bytes.device)
        }
    }

    /// Some of the rows, in place.
    public subscript(_ rows: Range<Int>) -> EncodedWeight {
        EncodedWeight(
            bytes[rows], encoding, inputs: inputs, scales: scales.map { $0[rows] }, groups: groups?[rows])
    }

    /// The whole matrix unpacked, [O, I], f32.
    public var dequantized: Tensor {
        .computed("dequantize", tensors, [outputs, inputs], .f32, on: bytes.device) { backend, out in
            backend.decode(out, rows, count: outputs, columns: inputs)
        }
    }

    /// Where the rows are; valid while the weight is kept alive.
    var rows: EncodedRows {
        EncodedRows(
            encoding: encoding, bytes: bytes.bytes, groups: groups?.encoded, scales: scales?.data)
    }
}

extension QuantizedWeight {
    /// Quantises a weight that is stored in blocks, some rows at a time: it is never unpacked as a whole.
    ///
    /// - Parameters:
    ///   - weight: [O, I].
    ///   - rotationGroup: A power of 4 that divides I, or nil.
    public init(_ weight: EncodedWeight, rotationGroup: Int?) {
        // 4 MiB of singles.
        let height = Swift.max((1 << 20) / Swift.max(weight.inputs, 1), 1)
        let parts = stride(from: 0, to: weight.outputs, by: height).map { first in
            let rows = weight[first..<Swift.min(first + height, weight.outputs)]
            return QuantizedWeight(rows.dequantized, rotationGroup: rotationGroup)
        }
        guard parts.count > 1 else {
            self = parts.first ?? QuantizedWeight(weight.dequantized, rotationGroup: rotationGroup)
            return
        }
        self.init(
            values: .concatenated(parts.map(\.values), axis: 0),
            scales: .concatenated(parts.map(\.scales), axis: 0), rotationGroup: rotationGroup)
    }
}
