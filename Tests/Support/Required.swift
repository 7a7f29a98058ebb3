/// The value of an optional of a golden, which must be there.
///
/// - Throws: `MissingInGolden` where it is not.
package func required<Value>(_ value: Value?, file: String = #fileID, line: Int = #line) throws -> Value {
    guard let value else { throw MissingInGolden(place: "\(file):\(line)") }
    return value
}

/// A golden has not what is read from it.
package struct MissingInGolden: Error {
    /// Where it is read.
    package let place: String
}
