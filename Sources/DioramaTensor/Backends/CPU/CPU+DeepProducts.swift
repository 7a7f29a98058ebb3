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
}
