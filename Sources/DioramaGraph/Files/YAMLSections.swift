/// The part of YAML that lists of folders use: sections of names with values, which are plain or quoted texts or blocks of lines.
///
/// Everything else that YAML has is an error that says what is expected.
struct YAMLSections {
    /// One name and its value.
    struct Entry {
        let key: String
        /// The text; a block's lines are joined by newlines.
        let value: String
        let line: Int

        func problem(_ text: String) -> ExtraModelPathsError {
            ExtraModelPathsError(line: line, problem: text)
        }
    }

    /// The entries of one section.
    struct Section {
        let name: String
        var entries: [Entry] = []
    }

    private(set) var sections: [Section] = []
    private let lines: [Line]
    private var next = 0

    /// Reads a text; throws at the first line that is none of those known.
    init(_ text: String) throws(ExtraModelPathsError) {
        let text = text.hasPrefix("\u{FEFF}") ? text.dropFirst() : text[...]
        lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated().map {
            Line(String($1), number: $0 + 1)
        }
        var indentation: Int?
        while next < lines.count {
            let line = lines[next]
            next += 1
            if line.isBlank || line.text == "---" && sections.isEmpty { continue }
            guard !line.text.prefix(line.indentation + 1).contains("\t") else {
                throw line.problem("begins with a tab; expected spaces")
            }
            let (key, value) = try line.pair()
            if line.indentation == 0 {
                guard try line.scalar(value).isEmpty else {
                    throw line.problem(
                        "'\(key)' has a value, but stands at the left; expected the name of a section, as in 'comfyui:'"
                    )
                }
                guard !sections.contains(where: { $0.name == key }) else {
                    throw line.problem("the section '\(key)' occurs twice")
                }
                sections.append(Section(name: key))
                indentation = nil
                continue
            }
            guard !sections.isEmpty else {
                throw line.problem("expected the name of a section at the left first, as in 'comfyui:'")
            }
            guard line.indentation == indentation ?? line.indentation else {
                throw line.problem(
                    "begins after \(line.indentation) spaces, but the section's first line after \(indentation ?? 0)"
                )
            }
            indentation = line.indentation
            let entry = Entry(key: key, value: try self.value(value, of: line), line: line.number)
            guard !sections[sections.count - 1].entries.contains(where: { $0.key == key }) else {
                throw line.problem(
                    "'\(key)' occurs twice in its section; several folders are written as a block: '\(key): |'"
                )
            }
            sections[sections.count - 1].entries.append(entry)
        }
    }

    /// What stands behind a name, and below it where that is a block.
    private mutating func value(_ text: Substring, of line: Line) throws(ExtraModelPathsError) -> String {
        if ["|", "|-", "|+"].contains(line.withoutComment(text)) { return block(below: line) }
        return try line.scalar(text)
    }

    /// The lines that begin further right than `line`.
    private mutating func block(below line: Line) -> String {
        var texts: [String] = []
        while next < lines.count, lines[next].isEmpty || lines[next].indentation > line.indentation {
            texts.append(lines[next].trimmed)
            next += 1
        }
        return texts.joined(separator: "\n")
    }

    /// One line of the text.
    private struct Line {
        let text: String
        let number: Int
        /// Spaces at its beginning.
        let indentation: Int

        init(_ text: String, number: Int) {
            self.text = text
            self.number = number
            indentation = text.prefix { $0 == " " }.count
        }

        var trimmed: String { Self.trimmed(text[...]) }
        var isEmpty: Bool { trimmed.isEmpty }
        var isBlank: Bool { isEmpty || trimmed.hasPrefix("#") }

        func problem(_ text: String) -> ExtraModelPathsError {
            ExtraModelPathsError(line: number, problem: text)
        }

        /// The name before the colon, and what stands behind it.
        func pair() throws(ExtraModelPathsError) -> (key: String, value: Substring) {
            let rest = text.dropFirst(indentation)
            guard !rest.hasPrefix("- "), rest != "-" else {
                throw problem(
                    "lists with dashes are not read; write several folders as a block: 'loras: |', each on a line below"
                )
            }
            let colon = rest.indices.first { index in
                rest[index] == ":"
                    && (rest.index(after: index) == rest.endIndex
                        || " \t".contains(rest[rest.index(after: index)]))
            }
            guard let colon else { throw problem("expected 'name: value', found '\(rest.prefix(60))'") }
            let key = try scalar(rest[..<colon])
            guard !key.isEmpty else { throw problem("expected a name before the colon") }
            let value = rest[rest.index(after: colon)...]
            return (key, withoutComment(value).isEmpty ? "" : value)
        }

        /// A plain or quoted text.
        func scalar(_ text: Substring) throws(ExtraModelPathsError) -> String {
            let start = text.drop { " \t".contains($0) }
            if let quote = start.first, quote == "'" || quote == "\"" {
                return try quoted(start.dropFirst(), by: quote)
            }
            let plain = withoutComment(text)
            if let first = plain.first,
                "[]{}&*!|>%@`,".contains(first) || plain.hasPrefix("- ") || plain.hasPrefix("? ")
            {
                throw problem(
                    "a value that begins with '\(first)' is not read; expected a path, quoted where it begins so, or a block: '|'"
                )
            }
            guard !plain.contains(": "), !plain.hasSuffix(":") else {
                throw problem(
                    "expected one value, found '\(plain.prefix(60))'; a path with ': ' must be quoted")
            }
            return ["~", "null", "Null", "NULL"].contains(plain) ? "" : plain
        }

        /// The text up to the quote, which only a comment may follow.
        private func quoted(_ text: Substring, by quote: Character) throws(ExtraModelPathsError) -> String {
            var result = ""
            var rest = text
            while let character = rest.popFirst() {
                if character == quote {
                    if quote == "'", rest.first == quote {
                        result.append(quote)
                        rest.removeFirst()
                        continue
                    }
                    guard rest.isEmpty || rest.first == " " || rest.first == "\t",
                        withoutComment(rest).isEmpty
                    else {
                        throw problem("expected nothing behind the quote, found '\(rest.prefix(60))'")
                    }
                    return result
                }
                guard quote == "\"", character == "\\" else {
                    result.append(character)
                    continue
                }
                guard let escaped = rest.popFirst(), "\"\\/".contains(escaped) else {
                    throw problem(
                        "expected \\\\, \\\" or \\/ after a backslash in double quotes; single quotes take backslashes as they are"
                    )
                }
                result.append(escaped)
            }
            throw problem("the quote \(quote) is not closed on its line")
        }

        /// A text without spaces around it and without a comment, which a space stands before.
        func withoutComment(_ text: Substring) -> String {
            var end = text.endIndex
            var before: Character = " "
            for index in text.indices {
                if text[index] == "#", before == " " || before == "\t" {
                    end = index
                    break
                }
                before = text[index]
            }
            return Self.trimmed(text[..<end])
        }

        private static func trimmed(_ text: Substring) -> String {
            let start = text.drop { $0 == " " || $0 == "\t" }
            return String(
                start[
                    ..<(start.lastIndex { $0 != " " && $0 != "\t" }.map { start.index(after: $0) }
                        ?? start.startIndex)])
        }
    }
}
