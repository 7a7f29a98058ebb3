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
    let width = table.shape[1]
    return lookUp(ids, of: table.shape, operands: [table]) { backend, out, numbers in
        guard let first = numbers.baseAddress else { return }
        backend.embedding(out, first, table.bytes, table.dtype, count: numbers.count, width: width)
    }
}

/// Rows of a table that is stored in blocks; only those asked for are unpacked.
///
/// - Parameters:
///   - ids: row numbers within the table, i32 or i64, of any shape.
///   - table: [V, D]; read in place.
/// - Returns: f32, the shape of `ids` with D appended.
public func embedding(_ ids: Tensor, table: EncodedWeight) -> Tensor {
    precondition(!ids.dtype.isFloat, "embedding: ids are \(ids.dtype) \(ids.shape)")
    let width = table.inputs
    return lookUp(ids, of: [table.outputs, width], operands: table.tensors) { backend, out, numbers in
        for (place, number) in numbers.enumerated() {
            var row = table.rows
            row.bytes += Int(number) * table.bytes.shape[1]
            row.groups?.firstRow += Int(number)
            row.scales = row.scales.map { $0 + Int(number) }
            backend.decode(out + place * width, row, count: 1, columns: width)
        }
    }
}

/// Checks row numbers and gives them to `body` with the room for their rows.
private func lookUp(
    _ ids: Tensor, of table: Shape, operands: [Tensor],
    _ body: (any Backend, UnsafeMutablePointer<Float>, UnsafeBufferPointer<Int64>) -> Void
) -> Tensor {
    let rows = ids.converted(to: .i64)
    let shape = Shape(ids.shape.dims + [table[1]])
    return .computed("embedding", [rows] + operands, shape, .f32, on: ids.device) { backend, out in
        let numbers = UnsafeBufferPointer(
            start: rows.bytes.assumingMemoryBound(to: Int64.self), count: rows.count)
        for number in numbers {
            precondition(
                number >= 0 && number < table[0], "embedding: id \(number) is outside of table \(table)")
        }
        body(backend, out, numbers)
    }
}
