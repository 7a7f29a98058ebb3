public import DioramaGraph

/// One line of a prompt list, read but not yet checked against a graph.
public struct ListRecord: Sendable, Hashable {
    /// Where it begins, from 1.
    public let line: Int
    /// What it says, in the order of the list; cells that are empty are left out.
    public let fields: [ListField]

    /// A line of a list.
    ///
    /// - Parameters:
    ///   - line: where it begins, from 1.
    ///   - fields: what it says.
    public init(line: Int, fields: [ListField]) {
        self.line = line
        self.fields = fields
    }

    /// What it says under a name; nil when nothing.
    subscript(name: String) -> Assignment.Value? { fields.first { $0.name == name }?.value }
}

/// A named value of a line.
public struct ListField: Sendable, Hashable {
    /// A setting, `name`, or `node.input`.
    public let name: String
    /// What it shall be.
    public let value: Assignment.Value

    /// A named value.
    ///
    /// - Parameters:
    ///   - name: a setting, `name`, or `node.input`.
    ///   - value: what it shall be.
    public init(_ name: String, _ value: Assignment.Value) {
        self.name = name
        self.value = value
    }

    /// The names that stand for themselves; all others are `node.input`.
    public static let names = Setting.allCases.map(\.rawValue) + ["name"]
}

/// What a list has at one place: a line, or why it cannot be used.
public struct ListEntry: Sendable {
    /// Where it begins, from 1.
    public let line: Int
    /// The line, or what is wrong with it as a sentence.
    public let record: Result<ListRecord, ListProblem>

    init(_ record: ListRecord) {
        line = record.line
        self.record = .success(record)
    }

    init(_ problem: ListProblem) {
        line = problem.line
        record = .failure(problem)
    }
}

/// What is wrong with one line of a list.
public struct ListProblem: Error, Hashable, Sendable, CustomStringConvertible {
    /// Where the line begins, from 1.
    public let line: Int
    /// What was expected and what was found, without the line's number.
    public let message: String

    /// A problem.
    ///
    /// - Parameters:
    ///   - line: where the line begins, from 1.
    ///   - message: what was expected and what was found.
    public init(line: Int, _ message: String) {
        self.line = line
        self.message = message
    }

    /// The line's number, then the message.
    public var description: String { "line \(line): \(message)" }
}

/// Why a list as a whole cannot be used.
public struct ListError: Error, Hashable, Sendable, CustomStringConvertible {
    /// One sentence, beginning with the list's name.
    public let description: String

    init(_ list: String, _ problem: String) { description = "\(list): \(problem)" }
}
