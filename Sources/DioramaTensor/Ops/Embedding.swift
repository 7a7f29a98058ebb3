/// Rows of a table.
///
/// - Parameters:
///   - ids: row numbers within the table, i32 or i64, of any shape.
///   - table: [V, D], of any float type; read in place.
/// - Returns: f32, the shape of `ids` with D appended. f32 whatever the table's type: this is where activations
///   begin, and they are not to be rounded because the weights are.
public func embedding(_ ids: Tensor, table: Tensor) -> Tensor {
    precondition(
        !ids.dtype.isFloat && table.dtype.isFloat && table.rank == 2,
        "embedding: ids are \(ids.dtype) \(ids.shape), table is \(table.dtype) \(table.shape)")
    let rows = ids.converted(to: .i64)
    let (vocabulary, width) = (table.shape[0], table.shape[1])
    return .computed("embedding", [rows, table], Shape(ids.shape.dims + [width]), .f32, on: ids.device) {
        backend, out in
        let numbers = UnsafeBufferPointer(
            start: rows.bytes.assumingMemoryBound(to: Int64.self), count: rows.count)
        for number in numbers {
            precondition(
                number >= 0 && number < vocabulary,
                "embedding: id \(number) is outside of table \(table.shape)")
        }
        guard let first = numbers.baseAddress else { return }
        backend.embedding(out, first, table.bytes, table.dtype, count: rows.count, width: width)
    }
}
