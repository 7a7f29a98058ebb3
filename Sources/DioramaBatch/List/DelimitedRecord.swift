/// The cells of a record of comma- or tab-separated values, by RFC 4180: a cell in double quotes may hold separators,
/// line ends, and quotes written twice.
struct DelimitedRecord {
    /// The cells read so far.
    private(set) var cells: [String] = []
    private var cell = String.UnicodeScalarView()
    private var state = State.start
    private let separator: Unicode.Scalar
    private let line: Int

    private enum State {
        /// Before a cell's first character.
        case start
        case plain
        case quoted
        /// Behind a quote that may be the end of a cell, or the first half of one written twice.
        case quote
    }

    init(separator: Unicode.Scalar, line: Int) {
        self.separator = separator
        self.line = line
    }

    /// Takes a line of the record.
    ///
    /// - Parameter text: without its end.
    /// - Returns: whether the record ends with it; else a quoted cell goes on in the next line.
    /// - Throws: `ListProblem` where a quote stands at a wrong place.
    mutating func take(_ text: String) throws(ListProblem) -> Bool {
        // Not by character: a combining mark behind a separator would hide it.
        for scalar in text.unicodeScalars { try take(scalar) }
        if state == .quoted {
            cell.append("\n")
            return false
        }
        endCell()
        return true
    }

    /// What is wrong when the list ends within a quoted cell.
    var unclosed: ListProblem {
        ListProblem(
            line: line, "a cell's opening quote has no closing one; quotes inside a cell are written \"\"")
    }

    private mutating func take(_ scalar: Unicode.Scalar) throws(ListProblem) {
        switch (state, scalar) {
        case (.start, "\""): state = .quoted
        case (.start, separator), (.plain, separator), (.quote, separator): endCell()
        case (.start, _), (.plain, _):
            cell.append(scalar)
            state = .plain
        case (.quoted, "\""): state = .quote
        case (.quoted, _): cell.append(scalar)
        case (.quote, "\""):
            cell.append("\"")
            state = .quoted
        case (.quote, _):
            throw ListProblem(
                line: line,
                "cell \(cells.count + 1) has text behind its closing quote; quotes inside a cell are written \"\""
            )
        }
    }

    private mutating func endCell() {
        cells.append(String(cell))
        cell = String.UnicodeScalarView()
        state = .start
    }
}
