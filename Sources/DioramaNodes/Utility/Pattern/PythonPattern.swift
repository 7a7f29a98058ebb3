/// A regular expression in the syntax of Python's `re`, which cannot run for long.
///
/// Texts are sequences of Unicode scalars, as Python's are. Beyond Swift's own `Regex` it reads Python's syntax, tells what
/// is wrong with a pattern in its words, and ends after a number of steps: a graph that anyone may have written must not
/// be able to keep a machine busy for ever. What it does not know: characters by name (`\N{...}`) and the locale flag.
package struct PythonPattern {
    /// How many groups it has.
    package let groupCount: Int
    /// The numbers of groups that have names.
    package let groupNames: [String: Int]
    private let program: PatternProgram

    /// Reads a pattern.
    ///
    /// - Parameters:
    ///   - text: the pattern.
    ///   - options: what holds for the whole of it unless it says otherwise.
    /// - Throws: what is wrong with it.
    package init(_ text: String, _ options: PatternOptions = PatternOptions()) throws(PatternError) {
        let (root, groups, names) = try PatternParser.parse(text, options)
        groupCount = groups
        groupNames = names
        program = try PatternProgram(root, groups: groups)
    }

    /// Every place in a text where the pattern fits, from left to right, as Python's `finditer` finds them.
    ///
    /// - Parameters:
    ///   - text: what to search.
    ///   - check: called now and then; throws to end the search.
    ///   - visit: told of each match; returns whether to go on.
    /// - Throws: `PatternTooSlow`, and what the closures throw.
    package func matches(
        in text: [Unicode.Scalar], check: @escaping () throws -> Void = {},
        visit: (PatternMatch) throws -> Bool
    ) throws {
        var matcher = PatternMatcher(program, text: text, check: check)
        var (start, mustAdvance) = (0, false)
        while let match = try matcher.search(from: start, groups: groupCount, mustAdvance: mustAdvance) {
            guard try visit(match) else { return }
            start = match.range.upperBound
            mustAdvance = match.range.isEmpty
        }
    }

    /// The first place in a text where the pattern fits.
    ///
    /// - Parameters:
    ///   - text: what to search.
    ///   - check: called now and then; throws to end the search.
    /// - Returns: nil where it fits nowhere.
    /// - Throws: `PatternTooSlow`, and what `check` throws.
    package func firstMatch(in text: [Unicode.Scalar], check: @escaping () throws -> Void = {}) throws
        -> PatternMatch?
    {
        var found: PatternMatch?
        try matches(in: text, check: check) { match in
            found = match
            return false
        }
        return found
    }
}

/// Where a pattern fits.
package struct PatternMatch: Equatable {
    /// The ranges of the whole and of each group, in characters; nil for groups without a text.
    package let ranges: [Range<Int>?]

    /// The range of the whole.
    package var range: Range<Int> { ranges[0] ?? 0..<0 }
}
