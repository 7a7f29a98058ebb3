import DioramaGraph

/// Puts two texts together.
struct StringConcatenate: Node {
    static let spec = NodeSpec(
        "StringConcatenate", title: "Concatenate Text", category: "text",
        "Puts two texts together, for example a description and a style.", lane: .io,
        searchAliases: ["join text", "combine text", "merge text", "append"])

    @Input("The first text.", multiline: true) var stringA: String
    @Input("The second text.", multiline: true) var stringB: String
    @Input("What to put between them, such as a comma and a space.") var delimiter = ""

    @Output("Both texts.") var text: String

    func run(_ context: RunContext) async throws {
        text = try context.bounded(stringA + delimiter + stringB, $stringA)
    }
}

/// Takes a part of a text.
struct StringSubstring: Node {
    static let spec = NodeSpec(
        "StringSubstring", title: "Substring", category: "text", "Takes a part of a text.", lane: .io,
        searchAliases: ["slice", "extract text", "part"])

    @Input("The text.", multiline: true) var string: String
    @Input("The first character to take: 0 is the first of the text, -1 its last.") var start: Int
    @Input("The character before which to stop; beyond the end of the text, the end.") var end: Int

    @Output("The part.") var text: String

    func run(_ context: RunContext) async throws { text = PythonText(string).slice(start, end).string }
}

/// Counts the characters of a text.
struct StringLength: Node {
    static let spec = NodeSpec(
        "StringLength", title: "Text Length", category: "text",
        "Counts the characters of a text, as Unicode numbers them: an emoji may have several.", lane: .io,
        searchAliases: ["character count", "size"])

    @Input("The text.", multiline: true) var string: String

    @Output("How many characters it has.", name: "length") var length: Int

    func run(_ context: RunContext) async throws { length = string.unicodeScalars.count }
}

/// Puts a text into upper or lower case.
struct CaseConverter: Node {
    static let spec = NodeSpec(
        "CaseConverter", title: "Convert Text Case", category: "text",
        "Puts a text into capitals, into small letters, or the first letters into capitals.", lane: .io,
        searchAliases: ["uppercase", "lowercase", "capitalize"])

    @Input("The text.", multiline: true) var string: String
    @Input(
        "Capitalize makes the first letter of the text a capital, Title Case that of every word.",
        options: ["UPPERCASE", "lowercase", "Capitalize", "Title Case"])
    var mode: String

    @Output("The text in the other case.") var text: String

    func run(_ context: RunContext) async throws {
        let old = PythonText(string)
        let new =
            switch mode {
            case "UPPERCASE": old.uppercased
            case "lowercase": old.lowercased
            case "Capitalize": old.capitalized
            case "Title Case": old.titled
            default: old
            }
        text = try context.bounded(new.string, $string)
    }
}

/// Takes the spaces off a text.
struct StringTrim: Node {
    static let spec = NodeSpec(
        "StringTrim", title: "Trim Text", category: "text",
        "Takes spaces and line breaks off the ends of a text.", lane: .io,
        searchAliases: ["strip", "whitespace", "clean text"])

    @Input("The text.", multiline: true) var string: String
    @Input("Off which end.", options: ["Both", "Left", "Right"]) var mode: String

    @Output("The text without them.") var text: String

    func run(_ context: RunContext) async throws {
        text = PythonText(string).stripped(left: mode != "Right", right: mode != "Left").string
    }
}

/// Replaces words of a text.
struct StringReplace: Node {
    static let spec = NodeSpec(
        "StringReplace", title: "Replace Text", category: "text",
        "Puts one text in the place of another wherever that stands.", lane: .io,
        searchAliases: ["find and replace", "substitute", "swap text"])

    @Input("The text.", multiline: true) var string: String
    @Input("What to look for; upper and lower case differ.", multiline: true) var find: String
    @Input("What to put in its place.", multiline: true) var replace: String

    @Output("The changed text.") var text: String

    func run(_ context: RunContext) async throws {
        guard let changed = PythonText(string).replacing(PythonText(find), with: PythonText(replace)) else {
            throw context.tooLong($replace)
        }
        text = changed.string
    }
}

/// Asks whether a text has another one in it.
struct StringContains: Node {
    static let spec = NodeSpec(
        "StringContains", title: "Contains Text", category: "text",
        "Tells whether a text has another one in it.", lane: .io, searchAliases: ["includes", "has", "find"])

    @Input("The text.", multiline: true) var string: String
    @Input("What to look for.", multiline: true) var substring: String
    @Input("Whether upper and lower case differ.", advanced: true) var caseSensitive = true

    @Output("Whether it is there.", name: "contains") var contains: Bool

    func run(_ context: RunContext) async throws {
        let (whole, part) = (PythonText(string), PythonText(substring))
        contains = caseSensitive ? whole.contains(part) : whole.lowercased.contains(part.lowercased)
    }
}

/// Compares texts.
struct StringCompare: Node {
    static let spec = NodeSpec(
        "StringCompare", title: "Compare Text", category: "text",
        "Tells whether a text equals another one, or starts or ends with it.", lane: .io,
        searchAliases: ["equals", "starts with", "ends with"])

    @Input("The text.", multiline: true) var stringA: String
    @Input("What to compare it with.", multiline: true) var stringB: String
    @Input("What to ask.", options: ["Starts With", "Ends With", "Equal"]) var mode: String
    @Input("Whether upper and lower case differ.", advanced: true) var caseSensitive = true

    @Output("The answer.") var answer: Bool

    func run(_ context: RunContext) async throws {
        var (a, b) = (PythonText(stringA), PythonText(stringB))
        if !caseSensitive { (a, b) = (a.lowercased, b.lowercased) }
        answer =
            switch mode {
            case "Starts With": a.scalars.starts(with: b.scalars)
            case "Ends With": a.scalars.reversed().starts(with: b.scalars.reversed())
            default: a == b
            }
    }
}

extension RunContext {
    /// A text that is no longer than texts may be; the error names an input.
    func bounded(_ text: String, _ input: InputReference<String>) throws -> String {
        guard text.utf8.count <= PythonText.longest else { throw tooLong(input) }
        return text
    }

    /// The error about a text that would be too long.
    func tooLong(_ input: InputReference<String>) -> any Error {
        fail(input, "would make a text of more than \(PythonText.longest) characters, which no text may have")
    }
}
