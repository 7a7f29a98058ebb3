/// The vector that `matrix` (a list of rows) takes to `right`, by elimination with pivots: for systems of a few rows.
func solved(_ matrix: [[Double]], _ right: [Double]) -> [Double] {
    let count = right.count
    var rows = zip(matrix, right).map { $0 + [$1] }
    for column in 0..<count {
        let pivot = (column..<count).max { rows[$0][column].magnitude < rows[$1][column].magnitude } ?? column
        rows.swapAt(column, pivot)
        for row in 0..<count where row != column {
            let factor = rows[row][column] / rows[column][column]
            rows[row] = zip(rows[row], rows[column]).map { $0 - factor * $1 }
        }
    }
    return (0..<count).map { rows[$0][count] / rows[$0][$0] }
}
