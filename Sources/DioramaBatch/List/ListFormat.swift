import DioramaGraph

/// How a prompt list is written.
public enum ListFormat: String, Sendable, Hashable, CaseIterable {
    /// A prompt a line; lines that begin with `#` are comments.
    case text = "txt"
    /// Cells divided by commas below a header that names them.
    case csv
    /// Cells divided by tabs below a header that names them.
    case tsv
    /// A JSON object a line.
    case jsonl

    /// The format that a file's ending stands for.
    ///
    /// - Parameter fileExtension: in any case of letters, without a dot; nil comes back for endings of no list.
    public init?(fileExtension: String) {
        switch fileExtension.lowercased() {
        case "txt", "text", "prompts": self = .text
        case "csv": self = .csv
        case "tsv", "tab": self = .tsv
        case "jsonl", "ndjson": self = .jsonl
        default: return nil
        }
    }

    /// The format that a list's first line looks like: an object is JSON, cells of which one has a name that lists know
    /// are a header, and all else is a prompt.
    ///
    /// - Parameter line: the first line that is not blank.
    init(guessedFrom line: String) {
        if (try? JSON(parsing: line.utf8))?.object != nil {
            self = .jsonl
            return
        }
        let formats: [(ListFormat, Character)] = [(.tsv, "\t"), (.csv, ",")]
        for (format, separator) in formats where line.contains(separator) {
            let cells = line.split(separator: separator).map {
                $0.trimmed.trimming { $0 == "\"" }.lowercased()
            }
            if cells.contains(where: { ListField.names.contains($0) }) {
                self = format
                return
            }
        }
        self = ListField.names.contains(line.trimmed.lowercased()) ? .csv : .text
    }
}

extension StringProtocol {
    /// Without white space at both ends.
    var trimmed: String { String(trimming { $0.isWhitespace }) }

    /// Without characters of a kind at both ends.
    func trimming(_ isLeftOut: (Character) -> Bool) -> SubSequence {
        let start = drop(while: isLeftOut)
        guard let end = start.lastIndex(where: { !isLeftOut($0) }) else { return start.prefix(0) }
        return start[...end]
    }
}
