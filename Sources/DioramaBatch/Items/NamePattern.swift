import DioramaGraph

/// How the files of items are called: text with words in braces, such as `{line:4}-{prompt}-{seed}`.
///
/// | word | stands for |
/// |---|---|
/// | `{id}` | 16 digits that name the content |
/// | `{line}`, `{item}` | the line in the list, from 1; the item's place in the batch, from 1 |
/// | `{index}` | the place among the items of a line, from 1 |
/// | `{seed}`, `{steps}`, `{cfg}`, `{width}`, `{height}`, `{node.input}` | that setting |
/// | `{prompt}`, `{negative}` | the beginning of the text |
/// | `{name}` | the list's name for the line |
///
/// A number behind a colon is a width: numbers are filled up with zeros to it, texts are cut to it. Slashes of the
/// pattern make folders. What words stand for never does: characters that no file name should have become hyphens.
public struct NamePattern: Sendable, Hashable {
    private enum Part: Sendable, Hashable {
        case text(String)
        case word(String, width: Int?)
    }

    /// Why a text is no pattern.
    public struct Problem: Error, Hashable, Sendable, CustomStringConvertible {
        /// One sentence.
        public let description: String
    }

    private let parts: [Part]
    /// The pattern as it was written.
    public let text: String

    /// The name that says what a picture shows and that no other content has.
    public static let byContent = NamePattern(
        parts: [.word("prompt", width: 40), .text("-"), .word("id", width: nil)], text: "{prompt:40}-{id}")

    static let byName = NamePattern(parts: [.word("name", width: nil)], text: "{name}")
    static let byNameAndIndex = NamePattern(
        parts: [.word("name", width: nil), .text("-"), .word("index", width: nil)], text: "{name}-{index}")

    private static let words =
        ["id", "line", "item", "index", "name"] + Setting.allCases.map(\.rawValue)

    private init(parts: [Part], text: String) {
        self.parts = parts
        self.text = text
    }

    /// Reads a pattern.
    ///
    /// - Parameter text: with words in braces.
    /// - Throws: `Problem` for a word that there is not, with the nearest right one.
    public init(_ text: String) throws(Problem) {
        var parts: [Part] = []
        var rest = Substring(text)
        while let open = rest.firstIndex(of: "{") {
            guard let close = rest[open...].firstIndex(of: "}") else {
                throw Problem(description: "'\(text)' has a { that nothing closes")
            }
            if open > rest.startIndex { parts.append(.text(String(rest[..<open]))) }
            parts.append(try Self.word(rest[rest.index(after: open)..<close], in: text))
            rest = rest[rest.index(after: close)...]
        }
        if !rest.isEmpty { parts.append(.text(String(rest))) }
        guard !parts.isEmpty else { throw Problem(description: "it is empty") }
        self.init(parts: parts, text: text)
    }

    private static func word(_ text: Substring, in pattern: String) throws(Problem) -> Part {
        let pieces = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let word = pieces.first.map { $0.trimmed } ?? ""
        guard words.contains(word) || word.contains(".") else {
            let guess = Spelling.nearest(to: word, in: words).map { "; did you mean {\($0)}?" } ?? "."
            let all = words.map { "{\($0)}" }.joined(separator: ", ")
            throw Problem(
                description:
                    "'\(pattern)' has the word {\(word)}, which there is not\(guess) The words: \(all)")
        }
        guard pieces.count == 2 else { return .word(word, width: nil) }
        guard let width = Int(pieces[1]), (1...200).contains(width) else {
            throw Problem(
                description:
                    "'\(pattern)': the width of {\(word)} is a number from 1 to 200, not '\(pieces[1])'")
        }
        return .word(word, width: width)
    }

    /// Whether the names of one line's items differ.
    public var tellsItemsOfALineApart: Bool {
        parts.contains { part in
            guard case .word(let word, _) = part else { return false }
            return ["id", "index", "item", "seed"].contains(word)
        }
    }

    /// Whether no two contents have the same name.
    var namesContent: Bool {
        parts.contains { part in
            if case .word("id", _) = part { true } else { false }
        }
    }

    /// The name of an item's files without ending.
    ///
    /// - Parameters:
    ///   - item: what is made.
    ///   - id: the name of its content.
    /// - Returns: a relative path that stays inside its folder.
    func name(of item: BatchItem, id: String) -> String {
        let name = parts.map { part in
            switch part {
            case .text(let text): text
            case .word(let word, let width): FileNameText.part(Self.value(word, item, id), width: width)
            }
        }.joined()
        // A word that stands for nothing leaves its hyphens.
        let levels = name.split(separator: "/").map { FileNameText.level(String($0), id: id) }
        return levels.isEmpty ? id : levels.joined(separator: "/")
    }

    private static func value(_ word: String, _ item: BatchItem, _ id: String) -> JSON {
        switch word {
        case "id": .string(id)
        case "line": .integer(item.line)
        case "item": .integer(item.ordinal + 1)
        case "index": .integer(item.index + 1)
        case "name": .string(item.name ?? "")
        case "prompt": .string(item.prompt ?? "")
        case "negative": .string(item.negative ?? "")
        case "seed": item.seed.map { JSON($0) } ?? .string("")
        default: item.settings[word] ?? .string("")
        }
    }
}

/// Makes file names of texts.
enum FileNameText {
    /// The longest level of a path, in bytes: leaves room in 255 for a number and an ending.
    private static let longest = 180
    /// Names that Windows keeps for devices.
    private static let devices: Set<String> = Set(
        ["con", "prn", "aux", "nul"] + (1...9).flatMap { ["com\($0)", "lpt\($0)"] })

    /// What a word stands for, with only letters, digits, `-`, `_`, `.`, `+` and `=`.
    static func part(_ value: JSON, width: Int?) -> String {
        switch value {
        case .string(let text):
            let kept = cleaned(text)
            return trimmed(String(kept.prefix(width ?? 120)))
        default:
            let digits = cleaned(value.text())
            return String(repeating: "0", count: max(0, (width ?? 0) - digits.count)) + digits
        }
    }

    /// A level of a path that every file system takes.
    ///
    /// - Parameters:
    ///   - text: what it shall be.
    ///   - id: names the content: the level where nothing is left of the text, and the end of one that had to be cut, which
    ///     might be that of others too.
    /// - Returns: a name for a file or folder.
    static func level(_ text: String, id: String) -> String {
        var level = trimmed(
            String(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? "-" : Character($0) }))
        if level.utf8.count > longest {
            while level.utf8.count > longest - id.utf8.count - 1 { level.removeLast() }
            level = trimmed(level) + "-" + id
        }
        // A leading dot would hide the file, and `..` would leave the folder.
        level = String(level.trimming { ".- ".contains($0) })
        if level.isEmpty { level = id }
        let stem = level.prefix { $0 != "." }.lowercased()
        return devices.contains(stem) ? "_" + level : level
    }

    private static func cleaned(_ text: String) -> String {
        var result = ""
        for character in text {
            let follows = result.last.map { $0.isLetter || $0.isNumber } ?? false
            if character.isLetter || character.isNumber || "_+=".contains(character)
                || (character == "." && follows)
            {
                result.append(character)
            } else if !result.hasSuffix("-") {
                result.append("-")
            }
        }
        return trimmed(result)
    }

    private static func trimmed(_ text: String) -> String { String(text.trimming { $0 == "-" || $0 == " " }) }
}
