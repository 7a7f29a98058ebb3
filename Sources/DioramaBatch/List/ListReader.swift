import DioramaFiles
import DioramaGraph

/// Reads the lines of a prompt list one after another, without holding the list.
final class ListReader {
    private let name: String
    private var lines: LineReader
    private var format: ListFormat?
    private var header: [String]?
    /// A line that was read to find out the format.
    private var unread: LineReader.Line?

    /// - Parameters:
    ///   - source: the bytes.
    ///   - format: how they are written; nil to guess from the first line.
    ///   - name: what the user calls the list.
    init(_ source: ByteSource, format: ListFormat?, name: String) {
        lines = LineReader(source)
        self.format = format
        self.name = name
    }

    /// The next line that says something; nil at the end.
    ///
    /// - Throws: `ListError` when the list as a whole cannot be used, `CancellationError` when waiting was given up.
    func next() throws -> ListEntry? {
        do {
            switch try knownFormat() {
            case nil: return nil
            case .text: return try nextPrompt()
            case .jsonl: return try nextObject()
            case .csv: return try nextRow(separator: ",")
            case .tsv: return try nextRow(separator: "\t")
            }
        } catch let error as FileError {
            throw ListError(name, error.reason)
        }
    }

    // MARK: Lines

    /// The next line that is not blank, as text or as a problem; nil at the end.
    private func nextText() throws -> (number: Int, text: Result<String, ListProblem>)? {
        while let line = try nextLine() {
            let text = Result { () throws(ListProblem) in try line.text() }
            if case .success(let text) = text, text.allSatisfy(\.isWhitespace) { continue }
            return (line.number, text)
        }
        return nil
    }

    private func nextLine() throws -> LineReader.Line? {
        if let line = unread {
            unread = nil
            return line
        }
        let line = try lines.next()
        if line?.number == 1, let start = line?.bytes.prefix(2),
            start == [0xFF, 0xFE] || start == [0xFE, 0xFF]
        {
            throw ListError(name, "it is UTF-16; save the list as UTF-8")
        }
        return line
    }

    private func knownFormat() throws -> ListFormat? {
        if let format { return format }
        while let line = try nextLine() {
            let text = (try? line.text()) ?? ""
            if text.allSatisfy(\.isWhitespace), !line.isTooLong { continue }
            unread = line
            format = ListFormat(guessedFrom: text)
            return format
        }
        return nil
    }

    // MARK: Text

    private func nextPrompt() throws -> ListEntry? {
        while let (line, text) = try nextText() {
            switch text {
            case .failure(let problem): return ListEntry(problem)
            case .success(let text):
                var prompt = text.trimmed
                if prompt.hasPrefix("#") { continue }
                if prompt.hasPrefix("\\#") { prompt.removeFirst() }
                return ListEntry(
                    ListRecord(line: line, fields: [ListField("prompt", .json(.string(prompt)))]))
            }
        }
        return nil
    }

    // MARK: JSON

    private func nextObject() throws -> ListEntry? {
        guard let (line, text) = try nextText() else { return nil }
        do {
            return ListEntry(ListRecord(line: line, fields: try Self.fields(of: text.get(), line: line)))
        } catch let problem as ListProblem {
            return ListEntry(problem)
        }
    }

    private static func fields(of text: String, line: Int) throws -> [ListField] {
        let json: JSON
        do {
            json = try JSON(parsing: text.utf8)
        } catch {
            throw ListProblem(line: line, "it is not JSON: column \(error.position.column): \(error.message)")
        }
        if let prompt = json.string { return [ListField("prompt", .json(.string(prompt)))] }
        guard let members = json.object else {
            throw ListProblem(
                line: line,
                "expected an object, such as {\"prompt\": \"a fox\", \"seed\": 7}; found \(json.kind)")
        }
        return members.flatMap { key, value -> [ListField] in
            // {"sampler": {"steps": 8}} is another way to write {"sampler.steps": 8}.
            guard case .object(let inputs) = value, inputs["__value__"] == nil, !key.contains(".") else {
                return [ListField(key, .json(value))]
            }
            return inputs.map { ListField("\(key).\($0.key)", .json($0.value)) }
        }
    }

    // MARK: Cells

    private func nextRow(separator: Unicode.Scalar) throws -> ListEntry? {
        if header == nil {
            guard let row = try row(separator) else { return nil }
            header = try names(of: row.cells)
        }
        guard let header, let row = try row(separator) else { return nil }
        do {
            let cells = try row.cells.get()
            guard cells.count == header.count else {
                throw ListProblem(
                    line: row.line,
                    "it has \(cells.count) cells where the header has \(header.count); a cell that holds "
                        + (separator == "," ? "a comma" : "a tab") + " stands in double quotes")
            }
            let fields = zip(header, cells).compactMap { name, cell in
                cell.isEmpty || name.isEmpty ? nil : ListField(name, .text(cell))
            }
            return ListEntry(ListRecord(line: row.line, fields: fields))
        } catch let problem as ListProblem {
            return ListEntry(problem)
        }
    }

    /// The cells of the next record, which may span lines; nil at the end.
    private func row(_ separator: Unicode.Scalar) throws -> (line: Int, cells: Result<[String], ListProblem>)?
    {
        guard let (line, first) = try nextText() else { return nil }
        do {
            var record = DelimitedRecord(separator: separator, line: line)
            var isWhole = try record.take(first.get())
            while !isWhole {
                guard let next = try nextLine() else { throw record.unclosed }
                isWhole = try record.take(next.text())
            }
            return (line, .success(record.cells))
        } catch let problem as ListProblem {
            return (line, .failure(problem))
        }
    }

    private func names(of header: Result<[String], ListProblem>) throws -> [String] {
        switch header {
        case .failure(let problem): throw ListError(name, "\(problem)")
        case .success(let cells):
            let names = cells.map { cell in
                let name = cell.trimmed
                return ListField.names.first { $0 == name.lowercased() } ?? name
            }
            guard names.contains(where: { ListField.names.contains($0) || $0.contains(".") }) else {
                throw ListError(
                    name,
                    "its first line names no input: expected some of \(ListField.names.joined(separator: ", ")) or "
                        + "node.input, found \(cells.prefix(8).map { "'\($0)'" }.joined(separator: ", "))")
            }
            for (position, name) in names.enumerated()
            where !name.isEmpty && names[..<position].contains(name) {
                throw ListError(self.name, "two columns are called '\(name)'")
            }
            return names
        }
    }
}
