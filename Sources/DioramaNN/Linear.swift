public import DioramaTensor
public import DioramaWeights

/// A linear layer: y = x Wᵀ + b, the weight used in place as it is stored, be it floats, bytes or blocks, or quantised to bytes once.
///
/// What adapters add to the weight is applied beside it, x (Σ ΔW)ᵀ as products of their small matrices: no copy of the weight is made.
public struct Linear: Sendable {
    /// [out].
    public let bias: Tensor?
    /// What products are rounded to.
    public let precision: Precision
    /// Tells layers apart: copies of a layer have the same one.
    public let identity = LayerIdentity()
    private let weight: LinearWeight
    private let packed: PackedWeight?
    private let deltas: [WeightDelta]

    /// Takes `weight` [output, input] and, unless `bias` is false, `bias` [output].
    ///
    /// - Parameters:
    ///   - w: where the tensors are, and the precision that is wanted.
    ///   - input: elements of the last axis of what it takes.
    ///   - output: elements of the last axis of what it gives.
    ///   - bias: whether there is one.
    ///   - isSensitive: whether bytes would cost quality and save nothing: embedders, modulations, the last layer; they are bf16 where
    ///     others are int8.
    /// - Throws: `WeightsError` where a tensor is missing, or of another shape or layout.
    public init(
        _ w: Weights, from input: Int, to output: Int, bias: Bool = true, isSensitive: Bool = false
    ) throws {
        if let quantized = try w.quantized("weight", [output, input]) {
            (weight, deltas) = (.quantized(quantized.stored), quantized.deltas)
            precision = .int8
        } else if let encoded = try w.encoded("weight", [output, input]) {
            deltas = encoded.deltas
            let wanted = w.precision(of: encoded.stored)
            precision = isSensitive ? wanted.real : wanted
            weight =
                precision == .int8
                ? .quantized(
                    QuantizedWeight(
                        encoded.stored, rotationGroup: QuantizedWeight.preferredRotation(of: input)))
                : .encoded(encoded.stored)
        } else {
            let adapted = try w.adapted("weight", [output, input])
            deltas = adapted.deltas
            let wanted = w.precision(of: adapted.stored)
            precision = isSensitive ? wanted.real : wanted
            weight =
                precision == .int8
                ? .quantized(
                    QuantizedWeight(
                        adapted.stored, rotationGroup: QuantizedWeight.preferredRotation(of: input)))
                : .stored(adapted.stored)
        }
        packed = w.keepsPacked && !isSensitive ? PackedWeight(weight) : nil
        self.bias = bias ? try w.tensor("bias", [output]) : nil
    }

    /// Tells the file that the weight is mapped from that it is not needed for a while; used again, it is read again.
    ///
    /// Weights that are not used in place, and what adapters add, stay as they are.
    public func releaseWeight() {
        packed?.drop()
        weight.release()
    }

    /// Applies the layer to the last axis, and what follows it: [..., in] to [..., out].
    public func callAsFunction(_ x: Tensor, _ epilogue: LinearEpilogue = LinearEpilogue()) -> Tensor {
        Linear.each([self], of: x, epilogue)[0]
    }

    /// Applies layers that read the same thing, which is rounded and packed once, and what follows each.
    ///
    /// - Parameters:
    ///   - layers: which all take the last axis of `x`.
    ///   - x: [..., in].
    ///   - epilogue: what the sums of each go through.
    /// - Returns: [..., out] for each layer, in their order.
    public static func each(
        _ layers: [Linear], of x: Tensor, _ epilogue: LinearEpilogue = LinearEpilogue()
    ) -> [Tensor] {
        let terms = layers.map { layer in
            LinearTerm(
                layer.weight, bias: layer.bias, precision: layer.precision,
                layer.deltas.isEmpty ? epilogue : LinearEpilogue(), packed: layer.packed)
        }
        return zip(layers, linears(x, terms)).map { layer, result in
            layer.deltas.isEmpty ? result : epilogue(layer.deltas.reduce(result) { $0 + $1(x) })
        }
    }
}

/// An object that stands for a layer.
public final class LayerIdentity: Hashable, Sendable {
    /// True for one and the same object.
    public static func == (a: LayerIdentity, b: LayerIdentity) -> Bool { a === b }

    /// Hashes the object's identity.
    public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}

extension LinearEpilogue {
    /// The same as ops of their own, for a result that is known already.
    func callAsFunction(_ x: Tensor) -> Tensor {
        var y = x
        switch activation {
        case .none: break
        case .silu: y = silu(y)
        case .quickGELU: y = quickGELU(y)
        case .gelu: y = gelu(y)
        case .geluTanh: y = gelu(y, .tanh)
        }
        if let gate { y = y * gate }
        return residual.map { $0 + y } ?? y
    }
}
