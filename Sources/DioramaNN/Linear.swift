public import DioramaTensor
public import DioramaWeights

/// A linear layer: y = x Wᵀ + b, the weight used in place as it is stored, be it floats, bytes or blocks, or quantised to bytes once.
///
/// What adapters add to the weight is applied beside it, x (Σ ΔW)ᵀ as products of their small matrices: no copy of the weight is made.
public struct Linear: Sendable {
    /// What a layer has, which its copies share: blocks of layers are copied in every step.
    private final class Parts: Sendable {
        let term: LinearTerm
        let deltas: [WeightDelta]
        let identity = LayerIdentity()

        init(_ term: LinearTerm, _ deltas: [WeightDelta]) { (self.term, self.deltas) = (term, deltas) }

        /// The layer, and what follows it.
        func term(_ epilogue: LinearEpilogue) -> LinearTerm {
            guard deltas.isEmpty else { return term }
            var term = term
            term.epilogue = epilogue
            return term
        }
    }

    /// [out].
    public var bias: Tensor? { parts.term.bias }
    /// What products are rounded to.
    public var precision: Precision { parts.term.precision }
    /// Tells layers apart: copies of a layer have the same one.
    public var identity: LayerIdentity { parts.identity }
    private let parts: Parts

    /// Takes `weight` [output, input] and, unless `bias` is false, `bias` [output].
    ///
    /// - Parameters:
    ///   - w: where the tensors are, and the precision that is wanted.
    ///   - input: elements of the last axis of what it takes.
    ///   - output: elements of the last axis of what it gives.
    ///   - bias: whether there is one.
    ///   - isSensitive: whether bytes would cost quality and save nothing: embedders, modulations, the last layer; they are bf16 where
    ///     others are int8, as are layers of fewer than ``QuantizedWeight/leastInputs`` inputs that are not stored in bytes.
    /// - Throws: `WeightsError` where a tensor is missing, or of another shape or layout.
    public init(
        _ w: Weights, from input: Int, to output: Int, bias: Bool = true, isSensitive: Bool = false
    ) throws {
        let (weight, deltas, precision): (LinearWeight, [WeightDelta], Precision)
        if let quantized = try w.quantized("weight", [output, input]) {
            (weight, deltas) = (.quantized(quantized.stored), quantized.deltas)
            precision = .int8
        } else if let encoded = try w.encoded("weight", [output, input]) {
            deltas = encoded.deltas
            precision = Self.precision(w.precision(of: encoded.stored), inputs: input, isSensitive)
            weight =
                precision == .int8
                ? .quantized(
                    QuantizedWeight(
                        encoded.stored, rotationGroup: QuantizedWeight.preferredRotation(of: input)))
                : .encoded(encoded.stored)
        } else {
            let adapted = try w.adapted("weight", [output, input])
            deltas = adapted.deltas
            precision = Self.precision(w.precision(of: adapted.stored), inputs: input, isSensitive)
            weight =
                precision == .int8
                ? .quantized(
                    QuantizedWeight(
                        adapted.stored, rotationGroup: QuantizedWeight.preferredRotation(of: input)))
                : .stored(adapted.stored)
        }
        let packed = w.keepsPacked && !isSensitive ? PackedWeight(weight) : nil
        let bias = bias ? try w.tensor("bias", [output]) : nil
        parts = Parts(LinearTerm(weight, bias: bias, precision: precision, packed: packed), deltas)
    }

    /// What products are rounded to where `wanted` is asked for: bytes only where they are worth what they cost.
    private static func precision(_ wanted: Precision, inputs: Int, _ isSensitive: Bool) -> Precision {
        isSensitive || inputs < QuantizedWeight.leastInputs ? wanted.real : wanted
    }

    /// Tells the file that the weight is mapped from that it is not needed for a while; used again, it is read again.
    ///
    /// Weights that are not used in place, and what adapters add, stay as they are.
    public func releaseWeight() {
        parts.term.packed?.drop()
        parts.term.weight.release()
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
        let results = linears(x, layers.map { $0.parts.term(epilogue) })
        if layers.allSatisfy({ $0.parts.deltas.isEmpty }) { return results }
        return zip(layers, results).map { layer, result in
            let deltas = layer.parts.deltas
            return deltas.isEmpty ? result : epilogue(deltas.reduce(result) { $0 + $1(x) })
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
