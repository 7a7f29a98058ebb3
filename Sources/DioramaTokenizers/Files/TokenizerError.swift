/// What is wrong with the files of a tokenizer: every problem found, each with the file it is in.
public struct TokenizerError: Error, Hashable, CustomStringConvertible {
    /// One problem in one file.
    public struct Issue: Hashable, Sendable, CustomStringConvertible {
        /// The file's path as it was given, or its name when only its bytes were given.
        public let file: String
        /// A sentence that says what was expected, what was found and where.
        public let problem: String

        /// The file, a colon and the problem.
        public var description: String { "\(file): \(problem)" }
    }

    /// The problems, in the order they were found; at most `TokenizerError.issueLimit` and one that counts the rest.
    public let issues: [Issue]

    /// The most problems that are listed one by one.
    public static let issueLimit = 20

    /// One problem a line.
    public var description: String { issues.map(\.description).joined(separator: "\n") }

    init(_ issues: [Issue]) { self.issues = issues }

    init(_ file: String, _ problem: String) { issues = [Issue(file: file, problem: problem)] }
}

/// Collects the problems of several files, so that one run reports them all.
struct IssueList {
    private var issues: [TokenizerError.Issue] = []
    private var unlisted = 0

    mutating func add(_ file: String, _ problem: String) {
        guard issues.count < TokenizerError.issueLimit else {
            unlisted += 1
            return
        }
        issues.append(.init(file: file, problem: problem))
    }

    /// All problems as one error; nil if there is none.
    var error: TokenizerError? {
        guard let last = issues.last else { return nil }
        guard unlisted > 0 else { return TokenizerError(issues) }
        return TokenizerError(issues + [.init(file: last.file, problem: "and \(unlisted) more problems")])
    }

    func throwIfAny() throws(TokenizerError) {
        if let error { throw error }
    }
}
