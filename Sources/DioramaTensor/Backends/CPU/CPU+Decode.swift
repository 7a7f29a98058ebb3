import CKernels

// Weights that are stored in blocks: unpacked row by row where they are used, a piece of a row at a time.
extension CPUBackend {
    /// Columns that are unpacked at a time, a multiple of every block's length: a panel of them stays in the second cache.
    private static let unpackedDepth = 512
    /// Singles between one row and the next, not a power of two, so that rows do not share the same lines of the cache.
    private static let unpackedStride = unpackedDepth + 16

    package func decode(_ out: MutableFloats, _ rows: EncodedRows, count: Int, columns: Int) {
        divide(count, cost: columns) { part in
            for row in part {
                decode(out + row * columns, rows, row: row, 0..<columns, of: columns)
            }
        }
    }

    /// Some columns of a row, whole blocks.
    func decode(
        _ out: MutableFloats, _ rows: EncodedRows, row: Int, _ part: Range<Int>, of columns: Int
    ) {
        let (length, size) = (rows.encoding.blockLength, rows.encoding.blockBytes)
        let block = row * (columns / length) + part.lowerBound / length
        kernels.decode(out, rows.encoding.kernelEncoding, rows.bytes + block * size, part.count / length)
        if let groups = rows.groups {
            let first = part.lowerBound / groups.length
            kernels.scale_groups(
                out, groups.format.kernelType, groups.bytes + groups.offset(ofRow: row), groups.length, first,
                part.upperBound / groups.length - first)
        }
        if let scales = rows.scales { kernels.binary(DK_MULTIPLY, out, out, scales + row, 1, 0, part.count) }
    }

    /// Singles of scratch that packing a panel wants.
    func unpackedRoom(_ problem: LinearProblem) -> Int {
        guard case .encoded = problem.weight else { return 0 }
        return kernels.panel_columns * Self.unpackedStride
    }

    /// Packs a panel of the outputs `columns`.
    func pack(
        _ packed: MutableFloats, _ rows: EncodedRows, _ columns: Range<Int>, _ problem: LinearProblem,
        scratch: MutableFloats
    ) {
        let precision = problem.precision.kernelPrecision
        for first in stride(from: 0, to: problem.inputs, by: Self.unpackedDepth) {
            let part = first..<Swift.min(first + Self.unpackedDepth, problem.inputs)
            for (line, column) in columns.enumerated() {
                decode(scratch + line * Self.unpackedStride, rows, row: column, part, of: problem.inputs)
            }
            kernels.pack_panel(
                packed + kernels.panel_units(precision, first) * kernels.panel_columns, precision, scratch,
                DK_F32, Self.unpackedStride, columns.count, part.count)
        }
    }

    /// The sums of a few rows: each row of the weight is unpacked once.
    func dotProducts(_ out: MutableFloats, _ x: Floats, _ weight: EncodedRows, _ problem: LinearProblem) {
        let (rows, inputs, outputs) = (problem.rows, problem.inputs, problem.outputs)
        // Lines of whole vectors, so that each is aligned.
        let room = (inputs + 15) / 16 * 16
        withScratch(workers(dividing: outputs, cost: inputs * rows) * room) { scratch in
            divide(outputs, cost: inputs * rows) { range, worker in
                let line = scratch + worker * room
                for output in range {
                    decode(line, weight, row: output, 0..<inputs, of: inputs)
                    kernels.dot_rows(
                        out + output, outputs, x, line, DK_F32, problem.bias.map { $0 + output }, rows,
                        inputs, 1)
                }
            }
        }
    }
}

extension GroupScales.Format {
    fileprivate var kernelType: dk_scale_type {
        switch self {
        case .e4m3: DK_SCALE_E4M3
        case .e8m0: DK_SCALE_E8M0
        }
    }
}

extension BlockEncoding {
    /// The encoding as the kernels number it.
    fileprivate var kernelEncoding: dk_encoding {
        switch self {
        case .q4_0: DK_Q4_0
        case .q4_1: DK_Q4_1
        case .q5_0: DK_Q5_0
        case .q5_1: DK_Q5_1
        case .q8_0: DK_Q8_0
        case .q2_K: DK_Q2_K
        case .q3_K: DK_Q3_K
        case .q4_K: DK_Q4_K
        case .q5_K: DK_Q5_K
        case .q6_K: DK_Q6_K
        case .iq4_NL: DK_IQ4_NL
        case .iq4_XS: DK_IQ4_XS
        case .f8E4M3: DK_F8_E4M3
        case .f8E5M2: DK_F8_E5M2
        case .f4E2M1: DK_F4_E2M1
        }
    }
}
