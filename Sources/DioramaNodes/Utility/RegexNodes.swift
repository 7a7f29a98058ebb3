import DioramaGraph

/// Asks whether a pattern fits a text.
struct RegexMatch: Node {
    static let spec = NodeSpec(
        "RegexMatch", title: "Match Text", category: "text",
        "Tells whether a regular expression, in Python's syntax, fits anywhere in a text.", lane: .io,
        searchAliases: ["regex", "pattern", "test"])

    @Input("The text.", multiline: true) var string: String
    @Input("The pattern, such as \\bfox(es)?\\b.", multiline: true) var regexPattern: String
    @Input("Whether upper and lower case are one.", advanced: true) var caseInsensitive = true
    @Input("Whether ^ and $ stand for every line.", advanced: true) var multiline = false
    @Input("Whether a dot takes line breaks too.", advanced: true) var dotall = false

    @Output("Whether it fits; false for a pattern that cannot be read.", name: "matches") var matches: Bool

    func run(_ context: RunContext) async throws {
        let options = PatternOptions(ignoresCase: caseInsensitive, multiline: multiline, dotAll: dotall)
        guard let pattern = context.pattern(regexPattern, options, $regexPattern) else {
            matches = false
            return
        }
        matches = try context.searching($regexPattern) {
            try pattern.firstMatch(in: PythonText(string).scalars, check: context.checkCancellation) != nil
        }
    }
}

/// Takes what a pattern finds out of a text.
struct RegexExtract: Node {
    static let spec = NodeSpec(
        "RegexExtract", title: "Extract Text", category: "text",
        "Takes out of a text what a regular expression, in Python's syntax, finds in it. Several finds stand on lines of their "
            + "own.", lane: .io, searchAliases: ["regex", "pattern", "find", "capture"])

    @Input("The text.", multiline: true) var string: String
    @Input("The pattern, such as size: (\\d+).", multiline: true) var regexPattern: String
    @Input(
        "A match is what the whole pattern fits, a group what a part of it in parentheses fits. In All Matches, the first "
            + "group counts where there are groups.",
        options: ["First Match", "All Matches", "First Group", "All Groups"])
    var mode: String
    @Input("Whether upper and lower case are one.", advanced: true) var caseInsensitive = true
    @Input("Whether ^ and $ stand for every line.", advanced: true) var multiline = false
    @Input("Whether a dot takes line breaks too.", advanced: true) var dotall = false
    @Input("Which group, from 1; 0 is the whole match.", in: 0...100, advanced: true) var groupIndex = 1

    @Output("What was found; empty where nothing was, or for a pattern that cannot be read.") var text: String

    func run(_ context: RunContext) async throws {
        let options = PatternOptions(ignoresCase: caseInsensitive, multiline: multiline, dotAll: dotall)
        guard let pattern = context.pattern(regexPattern, options, $regexPattern) else {
            text = ""
            return
        }
        let group: Int
        switch mode {
        case "First Match": group = 0
        case "All Matches": group = min(1, pattern.groupCount)
        // Asked for all groups, a pattern without groups gives none, not even group 0.
        case "All Groups": group = pattern.groupCount > 0 ? groupIndex : .max
        default: group = groupIndex
        }
        guard group <= pattern.groupCount else {
            text = ""
            return
        }
        let scalars = PythonText(string).scalars
        var found: [[Unicode.Scalar]] = []
        var length = 0
        try context.searching($regexPattern) {
            try pattern.matches(in: scalars, check: context.checkCancellation) { match in
                let part = Array(scalars[match.ranges[group] ?? 0..<0])
                found.append(part)
                length += part.count + 1
                guard length <= PythonText.longest else { throw context.tooLong($string) }
                return mode.hasPrefix("All")
            }
        }
        text = PythonText(found.joined(separator: ["\n"])).string
    }
}

/// Replaces what a pattern finds in a text.
struct RegexReplace: Node {
    static let spec = NodeSpec(
        "RegexReplace", title: "Replace Text (Regex)", category: "text",
        "Puts a text in the place of all that a regular expression, in Python's syntax, finds.", lane: .io,
        searchAliases: ["regex", "pattern", "substitute"])

    @Input("The text.", multiline: true) var string: String
    @Input("The pattern, such as (\\w+) fox.", multiline: true) var regexPattern: String
    @Input(
        "What to put in its place: \\1 or \\g<1> is what the first part in parentheses fits, \\g<0> the whole.",
        multiline: true)
    var replace: String
    @Input("Whether upper and lower case are one.", optional: true, advanced: true) var caseInsensitive = true
    @Input("Whether ^ and $ stand for every line.", optional: true, advanced: true) var multiline = false
    @Input("Whether a dot takes line breaks too.", optional: true, advanced: true) var dotall = false
    @Input(
        "How many to replace, from the first on; 0 replaces all.", in: 0...100, optional: true, advanced: true
    )
    var count = 0

    @Output("The changed text.") var text: String

    func run(_ context: RunContext) async throws {
        let options = PatternOptions(ignoresCase: caseInsensitive, multiline: multiline, dotAll: dotall)
        let pattern: PythonPattern
        do throws(PatternError) {
            pattern = try PythonPattern(regexPattern, options)
        } catch {
            throw context.fail($regexPattern, "cannot be read: \(error)")
        }
        let replacement: PatternReplacement
        do throws(PatternError) {
            replacement = try PatternReplacement(replace, for: pattern)
        } catch {
            throw context.fail($replace, "cannot be read: \(error)")
        }
        let scalars = PythonText(string).scalars
        var result: [Unicode.Scalar] = []
        var (end, replaced) = (0, 0)
        try context.searching($regexPattern) {
            try pattern.matches(in: scalars, check: context.checkCancellation) { match in
                result += scalars[end..<match.range.lowerBound]
                result += replacement(match, in: scalars)
                guard result.count <= PythonText.longest else { throw context.tooLong($replace) }
                end = match.range.upperBound
                replaced += 1
                return replaced != count
            }
        }
        text = try context.bounded(PythonText(result + scalars[end...]).string, $replace)
    }
}

extension RunContext {
    /// A pattern; nil, with a note to the user, for one that cannot be read, of which ComfyUI's nodes say nothing.
    fileprivate func pattern(
        _ text: String, _ options: PatternOptions, _ input: InputReference<String>
    ) -> PythonPattern? {
        do throws(PatternError) {
            return try PythonPattern(text, options)
        } catch {
            notice("\(input.name) cannot be read and finds nothing: \(error)")
            return nil
        }
    }

    /// Searches, and names the input in the error where that takes too long.
    fileprivate func searching<Result>(
        _ input: InputReference<String>, _ search: () throws -> Result
    ) throws -> Result {
        do {
            return try search()
        } catch let error as PatternTooSlow {
            throw fail(input, "\(error)")
        }
    }
}
