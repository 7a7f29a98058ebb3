/// Read-only elements of an operand.
package typealias Floats = UnsafePointer<Float>

/// Elements of a result.
package typealias MutableFloats = UnsafeMutablePointer<Float>

/// The primitive ops of a device, on buffers whose shapes the caller has checked.
///
/// Results come first. Buffers do not overlap and hold f32 without gaps, rows one after another, unless
/// said otherwise.
package protocol Backend: Sendable {
    /// The kind of device, for example `cpu`.
    var name: String { get }

    /// How many threads work on an op.
    var threads: Int { get }

    /// Writes `count` elements of one type as another.
    func convert(
        _ out: UnsafeMutableRawPointer, _ outType: DType, _ x: UnsafeRawPointer, _ type: DType, count: Int)

    /// Copies elements of `size` bytes from one arrangement to another.
    func copy(_ out: UnsafeMutableRawPointer, _ x: UnsafeRawPointer, _ layout: StridedCopy, size: Int)

    /// out[count] = op(x[count])
    func unary(_ op: UnaryOp, _ out: MutableFloats, _ x: Floats, count: Int)

    /// out[dims] = op(a, b), each operand read with its strides.
    func binary(_ op: BinaryOp, _ out: MutableFloats, _ a: Floats, _ b: Floats, _ layout: BroadcastPair)

    /// out[count] = x limited to low...high; not-a-number stays.
    func clamp(_ out: MutableFloats, _ x: Floats, low: Float, high: Float, count: Int)

    /// out[rows, columns] = x + gate · y; row r uses row r / rowsPerGate of gate[.., columns].
    func gatedAdd(
        _ out: MutableFloats, _ x: Floats, gate: Floats, _ y: Floats, rows: Int, columns: Int,
        rowsPerGate: Int)

    /// out[outer, inner] = op over the middle axis of x[outer, extent, inner].
    func reduce(_ op: ReduceOp, _ out: MutableFloats, _ x: Floats, outer: Int, extent: Int, inner: Int)

    /// out[outer, inner] = position of the first greatest element along the middle axis of x.
    func argmax(_ out: UnsafeMutablePointer<Int64>, _ x: Floats, outer: Int, extent: Int, inner: Int)

    /// True if no element is infinite or not a number.
    func allFinite(_ x: Floats, count: Int) -> Bool

    /// out[rows, columns] = softmax of each row of x.
    func softmax(_ out: MutableFloats, _ x: Floats, rows: Int, columns: Int)

    /// out[i] = a[i] · b[i] for each pair of matrices, [m, k] · [k, n].
    func matmul(_ out: MutableFloats, _ a: Floats, _ b: Floats, _ problem: MatmulProblem)

    /// For each problem, out[rows, outputs] = residual + gate · activation(x[rows, inputs] · weight[outputs, inputs]ᵀ + bias).
    func linears(_ outs: [MutableFloats], _ x: Floats, _ problems: [LinearProblem])

    /// out[rows, columns] = the rows of x, rotated in groups, as signed bytes times scales[rows].
    func quantize(
        _ out: UnsafeMutableRawPointer, scales: MutableFloats, _ x: UnsafeRawPointer, _ type: DType,
        rotation: Int, rows: Int, columns: Int)

    /// The way back of `quantize`.
    func dequantize(
        _ out: MutableFloats, _ x: UnsafeRawPointer, scales: Floats, rotation: Int, rows: Int, columns: Int)

    /// out[count, columns] = rows unpacked, each times its scale.
    func decode(_ out: MutableFloats, _ rows: EncodedRows, count: Int, columns: Int)

    /// out[rows, columns] = normalised rows of x, scaled and shifted.
    func layerNorm(
        _ out: MutableFloats, _ x: Floats, _ affine: RowAffine, rows: Int, columns: Int, eps: Float)

    /// out[rows, columns] = x / sqrt(mean(x²) + eps) · weight
    func rmsNorm(_ out: MutableFloats, _ x: Floats, weight: Floats?, rows: Int, columns: Int, eps: Float)

    /// out[batch, channels, area] = x normalised over each group of channels, then · weight + bias.
    func groupNorm(
        _ out: MutableFloats, _ x: Floats, weight: Floats?, bias: Floats?, _ problem: GroupNormProblem)

    /// out[B, Lq, H, D] = softmax(q · kᵀ · scale + bias) · v, all of whose sequences lie in parts.
    func attention(
        _ outs: [MutableFloats], _ q: [Floats], _ k: [Floats], _ v: [Floats], _ problem: AttentionProblem)

    /// out[batch, length, heads, dim] = x with each pair of elements turned by its position's angle.
    func rope(_ out: MutableFloats, _ x: Floats, cos: Floats, sin: Floats, _ problem: RopeProblem)

    /// out[B, O, H', W'] = x[B, C, H, W] convolved with weight[O, C / groups, kh, kw], plus bias[O].
    func conv2d(
        _ out: MutableFloats, _ x: Floats, _ weight: UnsafeRawPointer, _ weightType: DType, bias: Floats?,
        _ problem: ConvProblem)

    /// out[B, O, H · u, W · u] = act(x · scale + shift), repeated u times both ways, convolved, plus bias and residual.
    ///
    /// `out` may be where the residual is, if that is of its type; or, for a kernel of 1 without a residual, where `x` is, if that is of
    /// its type and has no fewer channels.
    func sameConv(
        _ out: UnsafeMutableRawPointer, _ x: UnsafeRawPointer, _ weight: UnsafeRawPointer,
        _ weightType: DType,
        _ problem: SameConvProblem)

    /// out[batch, 2, channels] = the factors and the terms that normalise groups of x, f32 or bf16, · weight + bias.
    func groupAffine(
        _ out: MutableFloats, _ x: UnsafeRawPointer, _ type: DType, weight: Floats?, bias: Floats?,
        _ problem: GroupNormProblem)

    /// out[planes, height · factor, width · factor] = x with every element repeated.
    func upsampleNearest(_ out: MutableFloats, _ x: Floats, planes: Int, height: Int, width: Int, factor: Int)

    /// out[count, width] = rows of table, one for each id.
    func embedding(
        _ out: MutableFloats, _ ids: UnsafePointer<Int64>, _ table: UnsafeRawPointer, _ tableType: DType,
        count: Int, width: Int)
}
