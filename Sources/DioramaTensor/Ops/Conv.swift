/// Two-dimensional convolution (cross-correlation, as everywhere in this field).
///
/// - Parameters:
///   - x: [B, C, H, W].
///   - weight: [O, C / groups, kh, kw], of any float type; the number of groups follows from its shape.
///   - bias: [O].
///   - stride: step of the kernel, 1 or more.
///   - padding: zeros assumed on each edge.
///   - precision: what x and the weight are rounded to; `.int8` counts as `.bf16`.
/// - Returns: [B, O, (H + 2 padding - kh) / stride + 1, (W + 2 padding - kw) / stride + 1].
public func conv2d(
    _ x: Tensor, weight: Tensor, bias: Tensor? = nil, stride: Int = 1, padding: Int = 0,
    precision: Precision = .f32
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
        precision: precision.real)
    precondition(
        stride > 0 && padding >= 0 && problem.outputs.isMultiple(of: problem.groups)
            && problem.height + 2 * padding >= problem.kernelHeight
            && problem.width + 2 * padding >= problem.kernelWidth,
        "conv2d: x \(x.shape), weight \(weight.shape), stride \(stride) and padding \(padding) do not fit")
    if let bias {
        precondition(
            bias.shape == [problem.outputs], "conv2d: bias \(bias.shape) does not fit weight \(weight.shape)")
    }
    let (values, offsets) = (x.f32, bias?.f32)
    return .computed(
        "conv2d", [values, weight, offsets],
        [problem.batch, problem.outputs, problem.outHeight, problem.outWidth],
        .result(of: [x, weight, bias]), on: x.device
    ) { backend, out in
        backend.conv2d(out, values.data, weight.bytes, weight.dtype, bias: offsets?.data, problem)
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
