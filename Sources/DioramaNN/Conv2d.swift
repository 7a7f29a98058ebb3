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
    private let paddingAfter: Int
    /// What products are rounded to.
    public let precision: Precision

    /// Takes `weight` [output, input, kernel, kernel] and `bias` [output].
    ///
    /// Zeros are assumed around the image: `padding` of them, but at the bottom and on the right `paddingAfter`, if that is given.
    public init(
        _ w: Weights, from input: Int, to output: Int, kernel: Int, stride: Int = 1, padding: Int = 0,
        paddingAfter: Int? = nil
    ) throws {
        weight = try w.tensor("weight", [output, input, kernel, kernel])
        bias = try w.tensor("bias", [output])
        self.stride = stride
        self.padding = padding
        self.paddingAfter = paddingAfter ?? padding
        precision = w.precision(of: weight)
    }

    /// [B, in, H, W] to [B, out, H', W'].
    public func callAsFunction(_ x: consuming Tensor) -> Tensor {
        conv2d(
            x, weight: weight, bias: bias, stride: stride, padding: padding, paddingAfter: paddingAfter,
            precision: precision)
    }

    /// The convolution with what precedes and follows it, for one that keeps the image's extents, or with a stride of 2 halves them.
    ///
    /// The result may take the place of a residual that is given for good (`consume`), or of such an image where the kernel is 1.
    ///
    /// - Parameters:
    ///   - x: f32 or bf16.
    ///   - prologue: what `x` goes through first.
    ///   - residual: added to the result, of its shape.
    ///   - storage: the result's type; nil for bf16 where products are rounded to it, else f32.
    ///   - layout: the order of axes of `x`, the residual and the result.
    /// - Returns: [B, in, H, W] as [B, out, H, W], or channels last, times the upsampling.
    public func same(
        _ x: consuming Tensor, _ prologue: ConvPrologue = ConvPrologue(), residual: consuming Tensor? = nil,
        storage: DType? = nil, layout: ImageLayout = .channelsFirst
    ) -> Tensor {
        precondition(
            stride == 1 && padding == weight.shape[2] / 2 && paddingAfter == padding
                || stride == 2 && padding == 0 && paddingAfter == 1,
            "Conv2d: a stride of \(stride) and padding of \(padding) and \(paddingAfter) do not keep or halve the extents"
        )
        return sameConv2d(
            x, weight: weight, bias: bias, stride: stride, precision: precision, prologue, residual: residual,
            storage: storage ?? (precision == .f32 ? .f32 : .bf16), layout: layout)
    }
}
