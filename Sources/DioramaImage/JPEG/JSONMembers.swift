/// The members of a JSON object as texts, without reading the values: `{"prompt": {...}, "workflow": {...}}`.
///
/// Only as much of JSON as it takes to find where members end; whoever reads a text as JSON checks it.
enum JSONMembers {
    /// The members of an object whose keys are plain, or nil where the text is none.
    static func split(_ text: String) -> [(key: String, text: String)]? {
        let bytes = Array(text.utf8)
        guard let first = bytes.firstIndex(where: { !isSpace($0) }), bytes[first] == UInt8(ascii: "{"),
            let last = bytes.lastIndex(where: { !isSpace($0) && $0 != 0 }), bytes[last] == UInt8(ascii: "}"),
            first < last
        else { return nil }
        var members: [(key: String, text: String)] = []
        for member in pieces(bytes[(first + 1)..<last], separator: UInt8(ascii: ",")) {
            let parts = pieces(member, separator: UInt8(ascii: ":"))
            guard parts.count == 2, let key = string(trimmed(parts[0])) else { return nil }
            let value = trimmed(parts[1])
            members.append((key, string(value) ?? String(decoding: value, as: UTF8.self)))
        }
        return members
    }

    /// An object of entries whose texts are JSON, or nil where there is none.
    static func join(_ entries: [ImageMetadata.Entry]) -> String? {
        if entries.isEmpty { return nil }
        return "{" + entries.map { "\"\($0.key)\": \($0.text)" }.joined(separator: ", ") + "}"
    }

    /// The parts between separators that stand outside strings and brackets.
    private static func pieces(_ bytes: ArraySlice<UInt8>, separator: UInt8) -> [ArraySlice<UInt8>] {
        var pieces: [ArraySlice<UInt8>] = []
        var start = bytes.startIndex
        var depth = 0
        var isInString = false
        var isEscaped = false
        for (place, byte) in zip(bytes.indices, bytes) {
            if isInString {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isInString = true
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            case separator where depth == 0:
                pieces.append(bytes[start..<place])
                start = place + 1
            default: break
            }
        }
        pieces.append(bytes[start...])
        return pieces
    }

    /// The contents of a string that has no escapes, or nil.
    private static func string(_ bytes: ArraySlice<UInt8>) -> String? {
        guard bytes.count >= 2, bytes.first == UInt8(ascii: "\""), bytes.last == UInt8(ascii: "\"") else {
            return nil
        }
        let contents = bytes.dropFirst().dropLast()
        guard !contents.contains(UInt8(ascii: "\\")), !contents.contains(UInt8(ascii: "\"")) else {
            return nil
        }
        return String(decoding: contents, as: UTF8.self)
    }

    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let start = bytes.firstIndex { !isSpace($0) } ?? bytes.endIndex
        let end = bytes.lastIndex { !isSpace($0) }.map { $0 + 1 } ?? start
        return bytes[start..<end]
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || 0x09...0x0D ~= byte
    }
}
