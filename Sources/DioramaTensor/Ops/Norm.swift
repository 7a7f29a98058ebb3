/// Each row of the last axis less its mean, divided by its standard deviation, then · weight + bias.
///
/// - Parameters:
///   - x: [..., D].
///   - weight: [D].
///   - bias: [D].
///   - eps: added to the variance.
/// - Returns: the shape of `x`.
public func layerNorm(_ x: Tensor, weight: Tensor? = nil, bias: Tensor? = nil, eps: Float) -> Tensor {
    let columns = rowLength("layerNorm", x, weight, bias)
    let (values, w, b) = (x.f32, weight?.f32, bias?.f32)
    return .computed(
        "layerNorm", [values, w, b], x.shape, .result(of: [x, weight, bias]), on: x.device
    ) { backend, out in
        backend.layerNorm(
            out, values.data, RowAffine(weight: w?.data, bias: b?.data),
            rows: x.count / Swift.max(columns, 1),
            columns: columns, eps: eps)
    }
}

/// `layerNorm(x) * (1 + scale) + shift` in one pass: adaptive layer norm.
///
/// - Parameters:
///   - x: [B, L, D].
///   - scale: [B, 1, D], or anything that broadcasts to `x`.
///   - shift: of the shape of `scale`.
///   - eps: added to the variance.
/// - Returns: the shape of `x`.
public func modulatedLayerNorm(_ x: Tensor, scale: Tensor, shift: Tensor, eps: Float) -> Tensor {
    let columns = rowLength("modulatedLayerNorm", x, nil, nil)
    precondition(
        scale.shape == shift.shape, "modulatedLayerNorm: scale \(scale.shape) and shift \(shift.shape) differ"
    )
    guard let rowsPerScale = x.shape.rowsPerRow(of: scale.shape) else {
        return layerNorm(x, eps: eps) * (scale + 1) + shift
    }
    let (values, factor, offset) = (x.f32, scale.f32, shift.f32)
    return .computed(
        "modulatedLayerNorm", [values, factor, offset], x.shape, .result(of: [x, scale, shift]), on: x.device
    ) { backend, out in
        backend.layerNorm(
            out, values.data, RowAffine(scale: factor.data, shift: offset.data, rowsPerScale: rowsPerScale),
            rows: x.count / Swift.max(columns, 1), columns: columns, eps: eps)
    }
}

/// Each row of the last axis divided by its root mean square, then · weight.
///
/// - Parameters:
///   - x: [..., D].
///   - weight: [D].
///   - eps: added to the mean square.
/// - Returns: the shape of `x`.
public func rmsNorm(_ x: Tensor, weight: Tensor? = nil, eps: Float) -> Tensor {
    let columns = rowLength("rmsNorm", x, weight, nil)
    let (values, w) = (x.f32, weight?.f32)
    return .computed("rmsNorm", [values, w], x.shape, .result(of: [x, weight]), on: x.device) {
        backend, out in
        backend.rmsNorm(
            out, values.data, weight: w?.data, rows: x.count / Swift.max(columns, 1), columns: columns,
            eps: eps)
    }
}

/// Each group of channels less its mean, divided by its standard deviation, then · weight + bias by channel.
///
/// - Parameters:
///   - x: [B, C, H, W], or [B, C, ...].
///   - groups: how many groups the channels form; divides C.
///   - weight: [C].
///   - bias: [C].
///   - eps: added to the variance.
/// - Returns: the shape of `x`.
public func groupNorm(_ x: Tensor, groups: Int, weight: Tensor?, bias: Tensor?, eps: Float) -> Tensor {
    let problem = groupNormProblem("groupNorm", x, groups, weight, bias, eps)
    let (values, w, b) = (x.f32, weight?.f32, bias?.f32)
    return .computed(
        "groupNorm", [values, w, b], x.shape, .result(of: [x, weight, bias]), on: x.device
    ) { backend, out in
        backend.groupNorm(out, values.data, weight: w?.data, bias: b?.data, problem)
    }
}

/// What ``groupNorm(_:groups:weight:bias:eps:)`` does to each channel: · scale + shift.
///
/// - Parameters:
///   - x: [B, C, H, W] or [B, C, ...], with channels last [B, ..., C].
///   - groups: how many groups the channels form; divides C.
///   - weight: [C].
///   - bias: [C].
///   - eps: added to the variance.
///   - layout: where the channels of `x` are.
/// - Returns: the scales and the shifts, [B, 2, C].
public func groupAffine(
    _ x: Tensor, groups: Int, weight: Tensor?, bias: Tensor?, eps: Float, layout: ImageLayout = .channelsFirst
) -> Tensor {
    let problem = groupNormProblem("groupAffine", x, groups, weight, bias, eps, layout)
    let values = x.dtype == .bf16 ? x : x.f32
    let (w, b) = (weight?.f32, bias?.f32)
    let channels = groups * problem.channelsPerGroup
    return .computed("groupAffine", [values, w, b], [x.shape[0], 2, channels], .f32, on: x.device) {
        backend, out in
        backend.groupAffine(out, values.bytes, values.dtype, weight: w?.data, bias: b?.data, problem)
    }
}

/// The sizes of a group norm, having checked its operands.
private func groupNormProblem(
    _ op: String, _ x: Tensor, _ groups: Int, _ weight: Tensor?, _ bias: Tensor?, _ eps: Float,
    _ layout: ImageLayout = .channelsFirst
) -> GroupNormProblem {
    precondition(x.dtype.isFloat && x.rank >= 2, "\(op): x is \(x.dtype) \(x.shape)")
    let channels = x.shape[layout == .channelsFirst ? 1 : -1]
    precondition(
        groups > 0 && channels.isMultiple(of: groups), "\(op): \(groups) groups do not divide x \(x.shape)")
    for parameter in [weight, bias].compactMap({ $0 }) {
        precondition(parameter.shape == [channels], "\(op): parameter \(parameter.shape) for x \(x.shape)")
    }
    let area = x.shape.dims.dropFirst().reduce(1, *) / Swift.max(channels, 1)
    return GroupNormProblem(
        layout: layout, batch: x.shape[0], groups: groups, channelsPerGroup: channels / groups, area: area,
        eps: eps)
}

/// The length of the rows of `x`, having checked that the parameters have it too.
private func rowLength(_ op: String, _ x: Tensor, _ weight: Tensor?, _ bias: Tensor?) -> Int {
    precondition(x.dtype.isFloat && x.rank >= 1, "\(op): x is \(x.dtype) \(x.shape)")
    for parameter in [weight, bias].compactMap({ $0 }) {
        precondition(parameter.shape == [x.shape[-1]], "\(op): parameter \(parameter.shape) for x \(x.shape)")
    }
    return x.shape[-1]
}
