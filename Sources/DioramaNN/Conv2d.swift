public import DioramaTensor
public import DioramaWeights

/// A two-dimensional convolution with bias and zero padding.
public struct Conv2d: Sendable {
    /// [out, in, kernel, kernel].
    public let weight: Tensor
    /// [out].
    public let bias: Tensor
    private let stride: Int
    private let padding: Int
    private let precision: Precision

    /// Takes `weight` [output, input, kernel, kernel] and `bias` [output].
    public init(
        _ w: Weights, from input: Int, to output: Int, kernel: Int, stride: Int = 1, padding: Int = 0
    ) throws {
        weight = try w.tensor("weight", [output, input, kernel, kernel])
        bias = try w.tensor("bias", [output])
        self.stride = stride
        self.padding = padding
        precision = w.precision(of: weight)
    }

    /// [B, in, H, W] to [B, out, H', W'].
    public func callAsFunction(_ x: Tensor) -> Tensor {
        conv2d(x, weight: weight, bias: bias, stride: stride, padding: padding, precision: precision)
    }
}
