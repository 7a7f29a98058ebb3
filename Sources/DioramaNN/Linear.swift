public import DioramaTensor
public import DioramaWeights

/// A linear layer: y = x Wᵀ + b, the weight used in place in the dtype it is stored in.
public struct Linear: Sendable {
    /// [out, in].
    public let weight: Tensor
    /// [out].
    public let bias: Tensor?

    /// Takes `weight` [output, input] and, unless `bias` is false, `bias` [output].
    public init(_ w: Weights, from input: Int, to output: Int, bias: Bool = true) throws {
        weight = try w.tensor("weight", [output, input])
        self.bias = bias ? try w.tensor("bias", [output]) : nil
    }

    /// Applies the layer to the last axis: [..., in] to [..., out].
    public func callAsFunction(_ x: Tensor) -> Tensor { linear(x, weight, bias: bias) }
}
