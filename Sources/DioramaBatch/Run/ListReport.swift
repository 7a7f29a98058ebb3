import DioramaGraph

/// What a list holds, and what is wrong with it, found before anything runs.
public struct ListReport: Sendable {
    /// Lines that say something.
    public private(set) var lines = 0
    /// Items of the lines that can be used.
    public private(set) var items = 0
    /// Lines that cannot be used.
    public private(set) var problemCount = 0
    /// The first of them, each with its number.
    public private(set) var problems: [ListProblem] = []
    /// Things that are likely not meant: empty or repeated prompts, unknown names.
    public private(set) var warningCount = 0
    /// The first of them.
    public private(set) var warnings: [ListProblem] = []

    /// The first two items to which the batch's name pattern gives one name.
    public private(set) var nameClash: NameClash?
    /// How many items would get a name that another one has.
    public private(set) var nameClashCount = 0

    /// How many problems and warnings are kept.
    private static let most = 1000

    mutating func note(problem: ListProblem) {
        problemCount += 1
        if problems.count < Self.most { problems.append(problem) }
    }

    mutating func note(warning: ListProblem) {
        warningCount += 1
        if warnings.count < Self.most { warnings.append(warning) }
    }

    mutating func note(_ clash: NameClash) {
        nameClashCount += 1
        nameClash = nameClash ?? clash
    }

    mutating func count(items: Int) {
        lines += 1
        self.items += items
    }

    /// Problems or warnings as sentences; lines that share one are told together: `lines 3, 5 to 9: the prompt is empty`.
    ///
    /// - Parameter problems: in the order of their lines.
    /// - Returns: a sentence for each different message, in the order of their first lines.
    public static func sentences(_ problems: [ListProblem]) -> [String] {
        var order: [String] = []
        var lines: [String: [Int]] = [:]
        for problem in problems {
            if lines[problem.message] == nil { order.append(problem.message) }
            lines[problem.message, default: []].append(problem.line)
        }
        return order.map { message in
            let numbers = Self.ranges(lines[message] ?? [])
            return "\((lines[message]?.count ?? 0) == 1 ? "line" : "lines") \(numbers): \(message)"
        }
    }

    /// `3, 5 to 9`, at most eight pieces.
    private static func ranges(_ numbers: [Int]) -> String {
        var pieces: [ClosedRange<Int>] = []
        for number in numbers {
            if let last = pieces.last, number <= last.upperBound + 1 {
                pieces[pieces.count - 1] = last.lowerBound...max(number, last.upperBound)
            } else {
                pieces.append(number...number)
            }
        }
        let told = pieces.prefix(8).map { piece in
            switch piece.count {
            case 1: "\(piece.lowerBound)"
            case 2: "\(piece.lowerBound), \(piece.upperBound)"
            default: "\(piece.lowerBound) to \(piece.upperBound)"
            }
        }
        return told.joined(separator: ", ") + (pieces.count > 8 ? " and more" : "")
    }
}

extension Batch {
    /// Reads a list to its end and finds everything that is wrong with it.
    ///
    /// A line is a problem when it cannot be read, names an input that the graph has not, or gives a value that the
    /// graph's nodes refuse, or when the list calls it as another one. Empty and repeated prompts, unknown names and missing wildcard files are warnings.
    ///
    /// - Parameter list: not a stream, which could not be read again.
    /// - Returns: what was found.
    /// - Throws: `ListError` when the list as a whole cannot be used.
    public func check(_ list: PromptList) throws -> ListReport {
        var report = ListReport()
        var check = LineCheck(batch: self)
        try list.forEach { entry in
            do {
                let items = try check.take(entry, &report)
                report.count(items: items)
            } catch let problem as ListProblem {
                report.count(items: 0)
                report.note(problem: problem)
            }
        }
        check.noteUnknownNames(&report)
        return report
    }
}

/// Looks at the lines of a list one after another.
private struct LineCheck {
    let batch: Batch
    private var maker: ItemMaker
    /// The first line of everything that was said, by hash.
    private var seen: [CacheKey: Int] = [:]
    private var names: NameRegister
    private var isFirst = true

    init(batch: Batch) {
        self.batch = batch
        maker = batch.maker
        names = NameRegister(batch)
    }

    /// Checks a line.
    ///
    /// - Returns: how many items it has.
    /// - Throws: `ListProblem` when it cannot be used.
    mutating func take(_ entry: ListEntry, _ report: inout ListReport) throws -> Int {
        let record = try entry.record.get()
        let line = try maker.items(of: record)
        noteTexts(record, &report)
        let saying = CacheKey(saying: record)
        if let earlier = seen[saying] {
            report.note(
                warning: ListProblem(line: record.line, "it repeats line \(earlier) and is made once"))
        } else {
            seen[saying] = record.line
        }
        let item = line.item(0, ordinal: report.items)
        // What the grid says is the same for each line: all of it is checked with the first. Names may clash anywhere.
        let count =
            !batch.pattern(for: item).namesContent ? line.count : isFirst ? maker.cellsPerLine : 1
        isFirst = false
        for index in 0..<count {
            let planned = try batch.planned(line.item(index, ordinal: report.items + index))
            guard let clash = names.clash(of: planned) else { continue }
            guard batch.options.namePattern != nil else {
                throw ListProblem(line: record.line, clash.failure(nil))
            }
            report.note(clash)
        }
        if let prompt = item.prompt, prompt.allSatisfy(\.isWhitespace) {
            report.note(warning: ListProblem(line: record.line, "the prompt is empty"))
        }
        return line.count
    }

    private func noteTexts(_ record: ListRecord, _ report: inout ListReport) {
        for name in ["prompt", "negative"] {
            guard let text = record[name]?.string else { continue }
            for problem in batch.options.wildcards.problems(in: text) {
                report.note(warning: ListProblem(line: record.line, problem))
            }
        }
    }

    /// Tells of names that were passed over, once each.
    func noteUnknownNames(_ report: inout ListReport) {
        for unknown in maker.unknownNames {
            let guess = unknown.suggestion.map { "; did you mean '\($0)'?" } ?? "; lists know "
            let names =
                unknown.suggestion == nil ? ListField.names.joined(separator: ", ") + " and node.input" : ""
            report.note(
                warning: ListProblem(
                    line: unknown.line,
                    "the name '\(unknown.name)' says nothing here and is passed over\(guess)\(names)"))
        }
    }
}

extension Assignment.Value {
    /// The value if it is a text.
    fileprivate var string: String? {
        switch self {
        case .text(let text), .json(.string(let text)): text
        case .json: nil
        }
    }
}

extension CacheKey {
    /// What a line says, but for what it is called.
    fileprivate init(saying record: ListRecord) {
        var hash = StableHash()
        for field in record.fields.sorted(by: { $0.name < $1.name }) where field.name != "name" {
            hash.update(field: field.name)
            switch field.value {
            case .text(let text): hash.update(field: JSON.string(text).text())
            case .json(let json): hash.update(field: json.text())
            }
        }
        self.init(hash)
    }
}
