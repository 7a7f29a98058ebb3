import CKernels

// Products of matrices. Where the left operand stays in the cache the right one is packed panel by panel, each by
// the thread that then multiplies all rows of the left one with it; panels live in scratch of one thread and are
// never kept. Deep products of many rows, for which the cache is too small, go to OpenBLAS block by block.
extension CPUBackend {
    /// Rows of the left operand that pass by one packed panel.
    private static let rowBlock = 252

    /// Multiply-adds that are worth a part of their own.
    private static let productGrain = 1 << 18

    package func matmul(_ out: MutableFloats, _ a: Floats, _ b: Floats, _ problem: MatmulProblem) {
        let (m, n, k) = (problem.m, problem.n, problem.k)
        if let product = deepProduct(rows: m, columns: n, depth: k) {
            divideDeep(rows: m, columns: n, count: problem.pairs.count) { rows, columns, index, _ in
                let pair = problem.pairs[index]
                product(
                    out + (index * m + rows.lowerBound) * n + columns.lowerBound, stride: n,
                    a + pair.a + rows.lowerBound * k, stride: k, b + pair.b + columns.lowerBound, stride: n,
                    transposed: false, m: rows.count, n: columns.count, k: k)
            }
            return
        }
        multiply(rows: m, columns: n, depth: k, count: problem.pairs.count) { panel, rows, columns, index in
            let pair = problem.pairs[index]
            kernels.pack_columns(panel, b + pair.b + columns.lowerBound, n, columns.count, k)
            let c = out + (index * m + rows.lowerBound) * n + columns.lowerBound
            kernels.gemm(
                c, n, a + pair.a + rows.lowerBound * k, k, panel, nil, nil, rows.count, columns.count, k)
        }
    }

    /// Divides products of one size into blocks of rows and panels of columns.
    ///
    /// - Parameters:
    ///   - rows: rows of each result.
    ///   - columns: columns of each result.
    ///   - depth: the summed extent.
    ///   - count: how many products.
    ///   - body: computes rows and columns of the product of an index, with room for a panel of that depth.
    func multiply(
        rows: Int, columns: Int, depth: Int, count: Int = 1,
        _ body: (_ panel: MutableFloats, _ rows: Range<Int>, _ columns: Range<Int>, _ index: Int) -> Void
    ) {
        guard rows > 0, columns > 0, count > 0 else { return }
        let width = kernels.tile_columns
        let panels = (columns + width - 1) / width
        let blocks = (rows + Self.rowBlock - 1) / Self.rowBlock
        let work = Swift.max(Swift.min(rows, Self.rowBlock) * width * depth, 1)
        let panelsPerPart = Swift.min(Swift.max(Self.productGrain / work, 1), panels)
        let groups = (panels + panelsPerPart - 1) / panelsPerPart
        let parts = groups * blocks * count
        withScratch(pool.workers(parts) * width * depth) { scratch in
            pool.run(parts) { part, worker in
                let (group, block, index) = (part % groups, part / groups % blocks, part / (groups * blocks))
                let rowRange = block * Self.rowBlock..<Swift.min((block + 1) * Self.rowBlock, rows)
                for panel in group * panelsPerPart..<Swift.min((group + 1) * panelsPerPart, panels) {
                    let columnRange = panel * width..<Swift.min((panel + 1) * width, columns)
                    body(scratch + worker * width * depth, rowRange, columnRange, index)
                }
            }
        }
    }
}

extension DType {
    /// The type as the kernels number it; f32 for types that are no weights.
    var kernelType: dk_float_type {
        switch self {
        case .f16: DK_F16
        case .bf16: DK_BF16
        case .f32, .i32, .i64, .u8: DK_F32
        }
    }
}
