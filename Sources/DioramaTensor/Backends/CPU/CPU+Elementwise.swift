import CKernels

extension CPUBackend {
    package func convert(
        _ out: UnsafeMutableRawPointer, _ outType: DType, _ x: UnsafeRawPointer, _ type: DType, count: Int
    ) {
        divide(count) { range in
            let to = out + range.lowerBound * outType.size
            let from = x + range.lowerBound * type.size
            let newHalves = to.assumingMemoryBound(to: UInt16.self)
            let floats = from.assumingMemoryBound(to: Float.self)
            switch (type, outType) {
            case (.f16, .f32), (.bf16, .f32):
                widen(to.assumingMemoryBound(to: Float.self), from, type, count: range.count)
            case (.f32, .f16): kernels.f32_to_f16(newHalves, floats, range.count)
            case (.f32, .bf16): kernels.f32_to_bf16(newHalves, floats, range.count)
            default: ReferenceBackend().convert(to, outType, from, type, count: range.count)
            }
        }
    }

    /// Writes f16 or bf16 elements as f32, on the calling thread.
    func widen(_ out: MutableFloats, _ x: UnsafeRawPointer, _ type: DType, count: Int) {
        let halves = x.assumingMemoryBound(to: UInt16.self)
        if type == .f16 {
            kernels.f16_to_f32(out, halves, count)
        } else {
            kernels.bf16_to_f32(out, halves, count)
        }
    }

    package func copy(_ out: UnsafeMutableRawPointer, _ x: UnsafeRawPointer, _ layout: StridedCopy, size: Int)
    {
        guard !layout.dims.contains(0) else { return }
        let merged = layout.merged()
        guard let first = merged.dims.first else {
            (out + merged.outStart * size).copyMemory(from: x + merged.start * size, byteCount: size)
            return
        }
        let cost = merged.dims.dropFirst().reduce(1, *)
        divide(first, cost: cost) { range in
            var dims = merged.dims
            dims[0] = range.count
            let to = out + (merged.outStart + range.lowerBound * merged.outStrides[0]) * size
            let from = x + (merged.start + range.lowerBound * merged.strides[0]) * size
            dk_copy(to, from, dims, merged.outStrides, merged.strides, dims.count, size)
        }
    }

    package func unary(_ op: UnaryOp, _ out: MutableFloats, _ x: Floats, count: Int) {
        let code = op.code
        divide(count) { range in
            kernels.unary(code, out + range.lowerBound, x + range.lowerBound, range.count)
        }
    }

    package func binary(
        _ op: BinaryOp, _ out: MutableFloats, _ a: Floats, _ b: Floats, _ layout: BroadcastPair
    ) {
        let code = op.code
        let width = layout.dims.last ?? 1
        let (aStep, bStep) = (layout.aStrides.last ?? 0, layout.bStrides.last ?? 0)
        let rows = layout.dims.dropLast().reduce(1, *)
        guard rows > 1 else {
            divide(width) { range in
                let i = range.lowerBound
                kernels.binary(code, out + i, a + i * aStep, b + i * bStep, aStep, bStep, range.count)
            }
            return
        }
        divide(rows, cost: width) { range in
            for row in range {
                var (rest, aStart, bStart) = (row, 0, 0)
                for axis in stride(from: layout.dims.count - 2, through: 0, by: -1) {
                    let position = rest % layout.dims[axis]
                    rest /= layout.dims[axis]
                    aStart += position * layout.aStrides[axis]
                    bStart += position * layout.bStrides[axis]
                }
                kernels.binary(code, out + row * width, a + aStart, b + bStart, aStep, bStep, width)
            }
        }
    }

    package func clamp(_ out: MutableFloats, _ x: Floats, low: Float, high: Float, count: Int) {
        divide(count) { range in
            kernels.clamp(out + range.lowerBound, x + range.lowerBound, low, high, range.count)
        }
    }

    package func gatedAdd(
        _ out: MutableFloats, _ x: Floats, gate: Floats, _ y: Floats, rows: Int, columns: Int,
        rowsPerGate: Int
    ) {
        divide(rows, cost: columns) { range in
            for row in range {
                let i = row * columns
                kernels.gated_add(out + i, x + i, gate + row / rowsPerGate * columns, y + i, columns)
            }
        }
    }

    package func allFinite(_ x: Floats, count: Int) -> Bool {
        kernels.all_finite(x, count)
    }

    package func rope(_ out: MutableFloats, _ x: Floats, cos: Floats, sin: Floats, _ p: RopeProblem) {
        let width = p.heads * p.dim
        let tokens = p.batch * p.length
        withScratch(p.norm == nil ? 0 : workers(dividing: tokens, cost: width) * (width + 16)) { scratch in
            divide(tokens, cost: width) { range, worker in
                for token in range {
                    let angle = token % p.length * (p.dim / 2)
                    var from = x + token * width
                    if let norm = p.norm {
                        // A token's heads stay in the first cache between the norm and the turn.
                        let normed = scratch + worker * (width + 16)
                        for head in 0..<p.heads {
                            let at = head * p.dim
                            kernels.rms_norm(normed + at, from + at, norm.weight, norm.eps, p.dim)
                        }
                        from = UnsafePointer(normed)
                    }
                    kernels.rope(
                        out + token * width, from, cos + angle, sin + angle, p.layout == .interleaved,
                        p.heads, p.dim)
                }
            }
        }
    }

    package func upsampleNearest(
        _ out: MutableFloats, _ x: Floats, planes: Int, height: Int, width: Int, factor: Int
    ) {
        let wide = width * factor
        divide(planes * height, cost: wide * factor) { range in
            for row in range {
                let to = out + row * factor * wide
                kernels.repeat_each(to, x + row * width, factor, width)
                for copy in 1..<Swift.max(factor, 1) { (to + copy * wide).update(from: to, count: wide) }
            }
        }
    }

    package func embedding(
        _ out: MutableFloats, _ ids: UnsafePointer<Int64>, _ table: UnsafeRawPointer, _ tableType: DType,
        count: Int, width: Int
    ) {
        for i in 0..<count {
            let row = table + Int(ids[i]) * width * tableType.size
            if tableType == .f32 {
                (out + i * width).update(from: row.assumingMemoryBound(to: Float.self), count: width)
            } else {
                widen(out + i * width, row, tableType, count: width)
            }
        }
    }
}

extension UnaryOp {
    /// The op as the kernels number it.
    fileprivate var code: dk_unary_op {
        switch self {
        case .negate: DK_NEGATE
        case .exp: DK_EXP
        case .log: DK_LOG
        case .sqrt: DK_SQRT
        case .rsqrt: DK_RSQRT
        case .tanh: DK_TANH
        case .sigmoid: DK_SIGMOID
        case .sin: DK_SIN
        case .cos: DK_COS
        case .abs: DK_ABS
        case .silu: DK_SILU
        case .quickGELU: DK_QUICK_GELU
        case .relu: DK_RELU
        case .gelu: DK_GELU
        case .geluTanh: DK_GELU_TANH
        }
    }
}

extension BinaryOp {
    /// The op as the kernels number it.
    fileprivate var code: dk_binary_op {
        switch self {
        case .add: DK_ADD
        case .subtract: DK_SUBTRACT
        case .multiply: DK_MULTIPLY
        case .divide: DK_DIVIDE
        }
    }
}

extension StridedCopy {
    /// The same copy over as few axes as possible, axes that step on from one another made one.
    func merged() -> StridedCopy {
        var result = self
        (result.dims, result.outStrides, result.strides) = ([], [], [])
        for axis in dims.indices where dims[axis] != 1 {
            if let last = result.dims.indices.last, result.outStrides[last] == outStrides[axis] * dims[axis],
                result.strides[last] == strides[axis] * dims[axis]
            {
                result.dims[last] *= dims[axis]
                (result.outStrides[last], result.strides[last]) = (outStrides[axis], strides[axis])
            } else {
                result.dims.append(dims[axis])
                result.outStrides.append(outStrides[axis])
                result.strides.append(strides[axis])
            }
        }
        return result
    }
}
