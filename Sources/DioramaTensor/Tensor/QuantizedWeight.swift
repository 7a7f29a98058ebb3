/// The weight of a linear layer in bytes: each output's row has a scale, and groups of inputs may be rotated.
///
/// The layout is ComfyUI's `int8_tensorwise` with `convrot`: the row of a float weight, rotated group by group by the
/// orthogonal, symmetric matrix H = H₄ ⊗ … ⊗ H₄ / √g, where H₄ has -1 on its other diagonal and 1 elsewhere, is
/// divided by a 127th of its greatest absolute element and rounded. Rotation spreads single large elements over their group, so that a
/// scale for a whole row loses less; x · Wᵀ stays what it is when x is rotated too, for H · H = 1.
public struct QuantizedWeight: Sendable {
    /// Rows and columns of the float weight.
    public let outputs: Int, inputs: Int
    /// [O, I], u8 that hold two's complement.
    public let values: Tensor
    /// What a row's values are multiplied with, [O], f32.
    public let scales: Tensor
    /// Inputs that were rotated together, a power of 4 that divides their number; nil if they were not.
    public let rotationGroup: Int?

    var tensors: [Tensor] { [values, scales] }

    /// Takes a weight that is quantised already.
    ///
    /// - Parameters:
    ///   - values: [O, I], u8 that hold two's complement.
    ///   - scales: [O], or one for all.
    ///   - rotationGroup: A power of 4 that divides I, or nil.
    public init(values: Tensor, scales: Tensor, rotationGroup: Int?) {
        precondition(
            values.dtype == .u8 && values.rank == 2,
            "QuantizedWeight: values are \(values.dtype) \(values.shape)")
        precondition(
            scales.count == values.shape[0] || scales.count == 1,
            "QuantizedWeight: scales \(scales.shape) do not fit \(values.shape)")
        precondition(
            rotationGroup.map { Self.canRotate(values.shape[1], by: $0) } ?? true,
            "QuantizedWeight: \(values.shape[1]) inputs in groups of \(rotationGroup ?? 0)")
        (outputs, inputs) = (values.shape[0], values.shape[1])
        self.values = values
        self.rotationGroup = rotationGroup
        let singles = scales.asType(.f32).reshaped(-1)
        self.scales =
            singles.count == outputs
            ? singles : .full(singles.floats()[0], [outputs], on: values.device)
    }

    /// Quantises a float weight.
    ///
    /// - Parameters:
    ///   - weight: [O, I].
    ///   - rotationGroup: A power of 4 that divides I, or nil; see ``preferredRotation(of:)``.
    public init(_ weight: Tensor, rotationGroup: Int?) {
        let (outputs, inputs) = (weight.shape[0], weight.shape[1])
        let values = Tensor(uninitialized: [outputs, inputs], .u8, on: weight.device)
        let scales = Tensor(uninitialized: [outputs], on: weight.device)
        withExtendedLifetime(weight) {
            weight.device.backend.quantize(
                values.newBytes, scales: scales.newData, weight.bytes, weight.dtype,
                rotation: rotationGroup ?? 1, rows: outputs, columns: inputs)
        }
        self.init(values: values, scales: scales, rotationGroup: rotationGroup)
    }

    /// The float weight that this stands for, [O, I], f32, turned back.
    public var dequantized: Tensor {
        let result = Tensor(uninitialized: [outputs, inputs], on: values.device)
        withExtendedLifetime(tensors) {
            values.device.backend.dequantize(
                result.newData, values.bytes, scales: scales.data, rotation: rotationGroup ?? 1,
                rows: outputs,
                columns: inputs)
        }
        return result
    }

    /// The fewest inputs of a layer that is worth quantising.
    ///
    /// Rounding to bytes costs a product of fewer as much as one of more, relative to
    /// its size, but saves it next to no time and memory (`docs/PERFORMANCE.md`, what lower precisions cost).
    public static let leastInputs = 256

    /// The largest group of 256, 64 or 16 that divides the inputs; nil if there is none.
    public static func preferredRotation(of inputs: Int) -> Int? {
        [256, 64, 16].first { canRotate(inputs, by: $0) }
    }

    /// Whether a group is a power of 4 up to 4096 that divides the inputs.
    public static func canRotate(_ inputs: Int, by group: Int) -> Bool {
        [4, 16, 64, 256, 1024, 4096].contains(group) && inputs.isMultiple(of: group)
    }
}
