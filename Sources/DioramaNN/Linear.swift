public import DioramaTensor
public import DioramaWeights

/// A linear layer: y = x Wᵀ + b, the weight used in place in the dtype it is stored in.
///
/// What adapters add to the weight is applied beside it, x (Σ ΔW)ᵀ as products of their small matrices: no copy of the weight is made.
public struct Linear: Sendable {
    /// [out, in].
    public let weight: Tensor
    /// [out].
    public let bias: Tensor?
    private let deltas: [WeightDelta]

    /// Takes `weight` [output, input] and, unless `bias` is false, `bias` [output].
    public init(_ w: Weights, from input: Int, to output: Int, bias: Bool = true) throws {
        let adapted = try w.adapted("weight", [output, input])
        weight = adapted.stored
        deltas = adapted.deltas
        self.bias = bias ? try w.tensor("bias", [output]) : nil
    }

    /// Applies the layer to the last axis: [..., in] to [..., out].
    public func callAsFunction(_ x: Tensor) -> Tensor {
        let y = linear(x, weight, bias: bias)
        return deltas.isEmpty ? y : deltas.reduce(y) { $0 + $1(x) }
    }
}
