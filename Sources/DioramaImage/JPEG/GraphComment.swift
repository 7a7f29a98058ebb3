import DioramaJSON

/// Texts in a user's comment: one JSON object, `{"prompt": {...}, "workflow": {...}}`, whose members are the texts.
enum GraphComment {
    /// The members of an object, or nil where the comment is none.
    ///
    /// A value keeps its spelling, byte for byte; a string gives its contents.
    static func members(of comment: String) -> [(key: String, text: String)]? {
        let bytes = Array(comment.utf8)
        var members: [(key: String, text: String)] = []
        do {
            var scanner = try JSONScanner(bytes)
            try scanner.object { (scanner, key) throws(JSON.ParseError) in
                if try scanner.kind() == .string {
                    members.append((key, try scanner.string()))
                } else {
                    try scanner.skip()
                    let spelling = bytes[scanner.valuePosition..<scanner.position]
                    members.append((key, String(decoding: spelling, as: UTF8.self)))
                }
            }
            try scanner.end()
        } catch {
            return nil
        }
        return members
    }

    /// An object of those entries whose texts are JSON, or nil where there is none.
    static func text(of entries: [ImageMetadata.Entry]) -> String? {
        let members = entries.filter { isJSON($0.text) }
        if members.isEmpty { return nil }
        return "{" + members.map { "\"\($0.key)\": \($0.text)" }.joined(separator: ", ") + "}"
    }

    private static func isJSON(_ text: String) -> Bool {
        do {
            var scanner = try JSONScanner(Array(text.utf8))
            try scanner.skip()
            try scanner.end()
            return true
        } catch {
            return false
        }
    }
}
