/// Two-dimensional convolution (cross-correlation, as everywhere in this field).
///
/// - Parameters:
///   - x: [B, C, H, W].
///   - weight: [O, C / groups, kh, kw], of any float type; the number of groups follows from its shape.
///   - bias: [O].
///   - stride: step of the kernel, 1 or more.
///   - padding: zeros assumed on each edge.
///   - paddingAfter: zeros assumed at the bottom and on the right; nil for as many as at the top and on the left.
///   - precision: what x and the weight are rounded to; `.int8` counts as `.bf16`.
/// - Returns: [B, O, (H + padding + paddingAfter - kh) / stride + 1, (W + padding + paddingAfter - kw) / stride + 1].
public func conv2d(
    _ x: consuming Tensor, weight: Tensor, bias: Tensor? = nil, stride: Int = 1, padding: Int = 0,
    paddingAfter: Int? = nil, precision: Precision = .f32
) -> Tensor {
    precondition(
        x.dtype.isFloat && weight.dtype.isFloat, "conv2d: \(x.dtype) and \(weight.dtype), not float types")
    precondition(
        x.rank == 4 && weight.rank == 4 && weight.shape[1] > 0 && x.shape[1].isMultiple(of: weight.shape[1]),
        "conv2d: x \(x.shape) does not fit weight \(weight.shape)")
    let problem = ConvProblem(
        batch: x.shape[0], channels: x.shape[1], height: x.shape[2], width: x.shape[3],
        outputs: weight.shape[0],
        kernelHeight: weight.shape[2], kernelWidth: weight.shape[3],
        groups: Swift.max(x.shape[1] / weight.shape[1], 1), stride: stride, padding: padding,
        paddingAfter: paddingAfter ?? padding, precision: precision.real)
    let zeros = problem.padding + problem.paddingAfter
    precondition(
        stride > 0 && problem.padding >= 0 && problem.paddingAfter >= 0
            && problem.outputs.isMultiple(of: problem.groups)
            && problem.height + zeros >= problem.kernelHeight
            && problem.width + zeros >= problem.kernelWidth,
        "conv2d: x \(x.shape), weight \(weight.shape), stride \(stride), padding \(padding) and \(problem.paddingAfter) do not fit"
    )
    if let bias {
        precondition(
            bias.shape == [problem.outputs], "conv2d: bias \(bias.shape) does not fit weight \(weight.shape)")
    }
    let (device, type) = (x.device, DType.result(of: [copy x, weight, bias]))
    // What a conversion leaves behind is given up before the result is made.
    x = x.f32
    let (values, offsets) = (consume x, bias?.f32)
    return .computed(
        "conv2d", [values, weight, offsets],
        [problem.batch, problem.outputs, problem.outHeight, problem.outWidth], type, on: device
    ) { backend, out in
        backend.conv2d(out, values.data, weight.bytes, weight.dtype, bias: offsets?.data, problem)
    }
}

/// What a convolution's image goes through first, without a copy of it: · scale + shift, SiLU, repetition.
public struct ConvPrologue: Sendable {
    /// The scales and shifts of the channels, [B, 2, C], from ``groupAffine(_:groups:weight:bias:eps:)``.
    public var affine: Tensor?
    /// Whether ``silu(_:)`` follows.
    public var silu: Bool
    /// 2 where every element is then repeated twice both ways, as ``upsampleNearest(_:by:)`` does; else 1.
    public var upsampling: Int

    /// Nothing but what is given.
    public init(affine: Tensor? = nil, silu: Bool = false, upsampling: Int = 1) {
        self.affine = affine
        self.silu = silu
        self.upsampling = upsampling
    }
}

/// A convolution with zeros around the image, which keeps, halves or doubles its extents, with what precedes and follows it.
///
/// Where that is faster, sums of 3 x 3 terms go by Winograd's F(2x2, 3x3), about as exact as those of f32, or in bf16 F(4x4, 3x3). An infinity
/// makes not only what sees it not finite but up to three neighbours.
///
/// The result takes the place of what is given for good and nobody else sees, where that is of its type: of the residual, whose elements
/// are read just before theirs are written; without one, for a kernel of 1 and channels last, of an `x` that has as many channels, or from
/// one and a half times to twice as many.
///
/// - Parameters:
///   - x: [B, C, H, W], or [B, H, W, C] by `layout`; bf16 is read in place.
///   - weight: [O, C, k, k] of any float type, k 1 or 3; upsampling and a stride of 2 want 3.
///   - bias: [O].
///   - stride: 1; or 2 for every other place, with zeros assumed at the bottom and on the right alone.
///   - precision: what x and the weight are rounded to, at most; `.int8` counts as `.bf16`.
///   - prologue: what `x` goes through first.
///   - residual: added to the result, of its shape; bf16 is read in place.
///   - storage: the result's type, f32 or bf16.
///   - layout: the order of axes of `x`, the residual and the result.
/// - Returns: [B, O, H, W] or [B, H, W, O], its extents times the upsampling, or half of them, rounded down.
public func sameConv2d(
    _ x: consuming Tensor, weight: Tensor, bias: Tensor? = nil, stride: Int = 1, precision: Precision = .f32,
    _ prologue: ConvPrologue = ConvPrologue(), residual: consuming Tensor? = nil, storage: DType = .f32,
    layout: ImageLayout = .channelsFirst
) -> Tensor {
    let upsampling = prologue.upsampling
    precondition(
        x.dtype.isFloat && weight.dtype.isFloat && x.rank == 4 && weight.rank == 4
            && layout.extents(x.shape).channels == weight.shape[1] && weight.shape[2] == weight.shape[3],
        "sameConv2d: x \(x.dtype) \(x.shape) does not fit weight \(weight.dtype) \(weight.shape)")
    let (channels, height, width) = layout.extents(x.shape)
    let (batch, kernel) = (x.shape[0], weight.shape[2])
    precondition(
        kernel == 3 && (1...2).contains(upsampling) && (1...2).contains(stride) && upsampling * stride < 4
            || kernel == 1 && upsampling == 1 && stride == 1,
        "sameConv2d: a kernel of \(kernel) with upsampling by \(upsampling) and a stride of \(stride)")
    precondition(
        stride == 1 || Swift.min(height, width) >= stride, "sameConv2d: \(x.shape) with a stride of \(stride)"
    )
    precondition(storage == .f32 || storage == .bf16, "sameConv2d: a result of \(storage)")
    let shape = layout.shape(
        batch: batch, channels: weight.shape[0], height: height * upsampling / stride,
        width: width * upsampling / stride)
    let operands: [(Shape?, Shape)] = [
        (bias?.shape, [weight.shape[0]]), (prologue.affine?.shape, [batch, 2, channels]),
        (residual?.shape, shape),
    ]
    for case (let found?, let expected) in operands {
        precondition(found == expected, "sameConv2d: \(found), not \(expected)")
    }
    func readable(_ tensor: Tensor) -> Tensor { tensor.dtype == .bf16 ? tensor : tensor.f32 }
    x = readable(x)
    residual = residual.map { readable($0) }
    // Before anything here refers to them a second time.
    let fits =
        channels == weight.shape[0]
        || (3 * weight.shape[0]...4 * weight.shape[0]).contains(2 * channels)
    let place: Tensor? =
        if residual != nil {
            residual?.dtype == storage ? residual?.replacement(shape) : nil
        } else if kernel == 1, layout == .channelsLast, x.dtype == storage, fits {
            x.replacement(shape)
        } else {
            nil
        }
    let (values, added) = (consume x, consume residual)
    let (offsets, affine) = (bias?.f32, prologue.affine?.f32)
    let device = values.device
    return device.run("sameConv2d", [values, weight, offsets, affine, added]) {
        let result = place ?? Tensor(uninitialized: shape, storage, on: device)
        device.backend.sameConv(
            result.newBytes, values.bytes, weight.bytes, weight.dtype,
            SameConvProblem(
                layout: layout, batch: batch, channels: channels, height: height, width: width,
                type: values.dtype, outputs: weight.shape[0], kernel: kernel, stride: stride,
                upsampling: upsampling, affine: affine?.data, silu: prologue.silu, precision: precision.real,
                bias: offsets?.data, residual: added?.bytes, residualType: added?.dtype ?? .f32,
                outType: storage))
        return result
    }
}

/// Repeats every element of the last two axes `factor` times in both directions.
///
/// - Parameters:
///   - x: [B, C, H, W].
///   - factor: 1 or more.
/// - Returns: [B, C, H · factor, W · factor].
public func upsampleNearest(_ x: Tensor, by factor: Int) -> Tensor {
    precondition(x.dtype.isFloat && x.rank == 4 && factor > 0, "upsampleNearest: x is \(x.dtype) \(x.shape)")
    let (height, width) = (x.shape[2], x.shape[3])
    let values = x.f32
    return .computed(
        "upsampleNearest", [values], [x.shape[0], x.shape[1], height * factor, width * factor],
        .result(of: [x]), on: x.device
    ) { backend, out in
        backend.upsampleNearest(
            out, values.data, planes: x.shape[0] * x.shape[1], height: height, width: width, factor: factor)
    }
}
