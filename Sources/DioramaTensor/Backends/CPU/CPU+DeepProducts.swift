import CKernels

// Products through OpenBLAS, in blocks of a fixed size that the threads share.
extension CPUBackend {
    /// Rows and columns of a block.
    private static let blockRows = 512, blockColumns = 256

    /// The least depth, and rows and columns, at which the left operand leaves the cache and blocking pays.
    private static let deep = 1024, deepRows = 256

    /// OpenBLAS's product, for shapes where it is faster than our own and if the machine has it.
    func deepProduct(rows: Int, columns: Int, depth: Int) -> OpenBLAS.Product? {
        guard depth >= Self.deep, rows >= Self.deepRows, columns >= Self.deepRows,
            Swift.max(rows, columns, depth) <= Int32.max
        else { return nil }
        return openBLAS.product
    }

    /// Calls `body` for each block of `count` results, with the rows, columns, result and worker.
    func divideDeep(
        rows: Int, columns: Int, count: Int = 1,
        _ body: (_ rows: Range<Int>, _ columns: Range<Int>, _ index: Int, _ worker: Int) -> Void
    ) {
        let down = (rows + Self.blockRows - 1) / Self.blockRows
        let across = (columns + Self.blockColumns - 1) / Self.blockColumns
        pool.run(down * across * count) { part, worker in
            let (row, column) = (part % down * Self.blockRows, part / down % across * Self.blockColumns)
            body(
                row..<Swift.min(row + Self.blockRows, rows),
                column..<Swift.min(column + Self.blockColumns, columns),
                part / (down * across), worker)
        }
    }

    /// A fully connected layer; each thread converts the weights of its block to f32 first.
    func deepLinear(
        _ product: OpenBLAS.Product, _ out: MutableFloats, _ x: Floats, _ weight: UnsafeRawPointer,
        _ weightType: DType, bias: Floats?, rows: Int, inputs: Int, outputs: Int
    ) {
        let room = weightType == .f32 ? 0 : Self.blockColumns * inputs
        withScratch(pool.threads * room) { scratch in
            divideDeep(rows: rows, columns: outputs) { rows, columns, _, worker in
                let source = weight + columns.lowerBound * inputs * weightType.size
                var weights = source.assumingMemoryBound(to: Float.self)
                if weightType != .f32 {
                    let own = scratch + worker * room
                    widen(own, source, weightType, count: columns.count * inputs)
                    weights = UnsafePointer(own)
                }
                let to = out + rows.lowerBound * outputs + columns.lowerBound
                product(
                    to, stride: outputs, x + rows.lowerBound * inputs, stride: inputs, weights,
                    stride: inputs,
                    transposed: true, m: rows.count, n: columns.count, k: inputs)
                guard let bias else { return }
                for row in 0..<rows.count {
                    let line = to + row * outputs
                    kernels.binary(DK_ADD, line, line, bias + columns.lowerBound, 1, 1, columns.count)
                }
            }
        }
    }
}
