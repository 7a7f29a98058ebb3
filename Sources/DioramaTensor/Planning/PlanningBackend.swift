/// A backend that computes nothing, for ``Device/planning(threads:)``: it takes what the processor's ops take, and notes which bytes they read.
///
/// What decides about a run is as if all went well: sums are finite and positions are the first ones. Numbers that are few are
/// converted and copied all the same, because settings and tokens are among them.
struct PlanningBackend: Backend {
    /// An idle one.
    let cpu: CPUBackend
    let plan: MemoryPlan

    /// As many elements as are really converted or copied.
    private static let few = 4096
    private static let single = DType.f32.size

    var name: String { cpu.name }
    var threads: Int { cpu.threads }

    /// Notes that singles are read.
    private func read(_ x: Floats?, _ count: Int) { plan.read(x, count * Self.single) }

    func convert(
        _ out: UnsafeMutableRawPointer, _ outType: DType, _ x: UnsafeRawPointer, _ type: DType, count: Int
    ) {
        let isMapped = plan.read(x, count * type.size)
        if count <= (isMapped ? 1 : Self.few) {
            ReferenceBackend().convert(out, outType, x, type, count: count)
        } else {
            cpu.convert(out, outType, x, type, count: count)
        }
    }

    func copy(_ out: UnsafeMutableRawPointer, _ x: UnsafeRawPointer, _ layout: StridedCopy, size: Int) {
        let count = layout.dims.reduce(1, *)
        if !plan.read(x + layout.start * size, count * size), count <= Self.few {
            ReferenceBackend().copy(out, x, layout, size: size)
        }
    }

    func unary(_ op: UnaryOp, _ out: MutableFloats, _ x: Floats, count: Int) {
        read(x, count)
        cpu.unary(op, out, x, count: count)
    }

    func binary(_ op: BinaryOp, _ out: MutableFloats, _ a: Floats, _ b: Floats, _ layout: BroadcastPair) {
        read(a, layout.extent(layout.aStrides))
        read(b, layout.extent(layout.bStrides))
        cpu.binary(op, out, a, b, layout)
    }

    func clamp(_ out: MutableFloats, _ x: Floats, low: Float, high: Float, count: Int) {
        read(x, count)
        cpu.clamp(out, x, low: low, high: high, count: count)
    }

    func gatedAdd(
        _ out: MutableFloats, _ x: Floats, gate: Floats, _ y: Floats, rows: Int, columns: Int,
        rowsPerGate: Int
    ) {
        read(gate, rows / Swift.max(rowsPerGate, 1) * columns)
        cpu.gatedAdd(out, x, gate: gate, y, rows: rows, columns: columns, rowsPerGate: rowsPerGate)
    }

    func reduce(_ op: ReduceOp, _ out: MutableFloats, _ x: Floats, outer: Int, extent: Int, inner: Int) {
        read(x, outer * extent * inner)
        cpu.reduce(op, out, x, outer: outer, extent: extent, inner: inner)
    }

    func argmax(_ out: UnsafeMutablePointer<Int64>, _ x: Floats, outer: Int, extent: Int, inner: Int) {
        out.update(repeating: 0, count: outer * inner)
    }

    func allFinite(_ x: Floats, count: Int) -> Bool { true }

    func softmax(_ out: MutableFloats, _ x: Floats, rows: Int, columns: Int) {
        cpu.softmax(out, x, rows: rows, columns: columns)
    }

    func matmul(_ out: MutableFloats, _ a: Floats, _ b: Floats, _ problem: MatmulProblem) {
        for pair in problem.pairs {
            read(a + pair.a, problem.m * problem.k)
            read(b + pair.b, problem.k * problem.n)
        }
        cpu.matmul(out, a, b, problem)
    }

    func linears(_ outs: [MutableFloats], _ x: Floats, _ problems: [LinearProblem]) {
        for problem in problems {
            let (outputs, inputs) = (problem.outputs, problem.inputs)
            read(problem.bias, outputs)
            guard cpu.readsWeight(problem) else { continue }
            switch problem.weight {
            case .stored(let weight, let type): plan.read(weight, outputs * inputs * type.size)
            case .quantized(let values, let scales, _):
                plan.read(values, outputs * inputs)
                read(scales, outputs)
            case .encoded(let rows): read(rows, outputs, inputs)
            }
        }
        cpu.linears(outs, x, problems)
    }

    func quantize(
        _ out: UnsafeMutableRawPointer, scales: MutableFloats, _ x: UnsafeRawPointer, _ type: DType,
        rotation: Int, rows: Int, columns: Int
    ) {
        plan.read(x, rows * columns * type.size)
        cpu.quantize(out, scales: scales, x, type, rotation: rotation, rows: rows, columns: columns)
    }

    func dequantize(
        _ out: MutableFloats, _ x: UnsafeRawPointer, scales: Floats, rotation: Int, rows: Int, columns: Int
    ) {
        plan.read(x, rows * columns)
        read(scales, rows)
        cpu.dequantize(out, x, scales: scales, rotation: rotation, rows: rows, columns: columns)
    }

    func decode(_ out: MutableFloats, _ rows: EncodedRows, count: Int, columns: Int) {
        read(rows, count, columns)
        cpu.decode(out, rows, count: count, columns: columns)
    }

    func layerNorm(
        _ out: MutableFloats, _ x: Floats, _ affine: RowAffine, rows: Int, columns: Int, eps: Float
    ) {
        read(affine.weight, columns)
        read(affine.bias, columns)
        cpu.layerNorm(out, x, affine, rows: rows, columns: columns, eps: eps)
    }

    func rmsNorm(_ out: MutableFloats, _ x: Floats, weight: Floats?, rows: Int, columns: Int, eps: Float) {
        read(weight, columns)
        cpu.rmsNorm(out, x, weight: weight, rows: rows, columns: columns, eps: eps)
    }

    func groupNorm(
        _ out: MutableFloats, _ x: Floats, weight: Floats?, bias: Floats?, _ problem: GroupNormProblem
    ) {
        read(weight, bias, problem)
        cpu.groupNorm(out, x, weight: weight, bias: bias, problem)
    }

    func attention(
        _ outs: [MutableFloats], _ q: [Floats], _ k: [Floats], _ v: [Floats], _ problem: AttentionProblem
    ) {
        cpu.attention(outs, q, k, v, problem)
    }

    func rope(_ out: MutableFloats, _ x: Floats, cos: Floats, sin: Floats, _ problem: RopeProblem) {
        read(problem.norm?.weight, problem.dim)
        cpu.rope(out, x, cos: cos, sin: sin, problem)
    }

    func conv2d(
        _ out: MutableFloats, _ x: Floats, _ weight: UnsafeRawPointer, _ weightType: DType, bias: Floats?,
        _ problem: ConvProblem
    ) {
        let taps = problem.kernelHeight * problem.kernelWidth
        plan.read(weight, problem.outputs * problem.channelsPerGroup * taps * weightType.size)
        read(bias, problem.outputs)
        cpu.conv2d(out, x, weight, weightType, bias: bias, problem)
    }

    func sameConv(
        _ out: UnsafeMutableRawPointer, _ x: UnsafeRawPointer, _ weight: UnsafeRawPointer,
        _ weightType: DType,
        _ problem: SameConvProblem
    ) {
        plan.read(
            weight, problem.outputs * problem.channels * problem.kernel * problem.kernel * weightType.size)
        read(problem.bias, problem.outputs)
        cpu.sameConv(out, x, weight, weightType, problem)
    }

    func groupAffine(
        _ out: MutableFloats, _ x: UnsafeRawPointer, _ type: DType, weight: Floats?, bias: Floats?,
        _ problem: GroupNormProblem
    ) {
        read(weight, bias, problem)
        cpu.groupAffine(out, x, type, weight: weight, bias: bias, problem)
    }

    func upsampleNearest(
        _ out: MutableFloats, _ x: Floats, planes: Int, height: Int, width: Int, factor: Int
    ) {
        cpu.upsampleNearest(out, x, planes: planes, height: height, width: width, factor: factor)
    }

    func embedding(
        _ out: MutableFloats, _ ids: UnsafePointer<Int64>, _ table: UnsafeRawPointer, _ tableType: DType,
        count: Int, width: Int
    ) {
        let row = width * tableType.size
        for place in 0..<count { plan.read(table + Int(ids[place]) * row, row) }
    }

    private func read(_ rows: EncodedRows, _ count: Int, _ columns: Int) {
        plan.read(rows.bytes, count * (rows.encoding.rowBytes(columns) ?? 0))
        if let groups = rows.groups {
            plan.read(
                groups.bytes, GroupScales.byteCount(rows: count, columns: columns, length: groups.length))
        }
        read(rows.scales, count)
    }

    private func read(_ weight: Floats?, _ bias: Floats?, _ problem: GroupNormProblem) {
        let channels = problem.groups * problem.channelsPerGroup
        read(weight, channels)
        read(bias, channels)
    }
}

extension BroadcastPair {
    /// Elements from the first to the last that is read with these strides.
    fileprivate func extent(_ strides: [Int]) -> Int {
        zip(dims, strides).reduce(1) { $0 + Swift.max($1.0 - 1, 0) * $1.1 }
    }
}
