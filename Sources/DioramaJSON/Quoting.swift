extension JSON {
    /// The value for a message: cut when long.
    package var brief: String {
        switch self {
        case .string(let text): return quoted(text)
        case .array(let elements) where elements.count > 8: return "[… \(elements.count) elements]"
        case .object(let members) where members.count > 8: return "{… \(members.count) members}"
        default:
            let text = text()
            return text.utf8.count > 80 ? String(text.prefix(79)) + "…" : text
        }
    }
}

/// A text in quotes for a message, cut when long, with control characters escaped.
///
/// - Parameter text: what a user or a file wrote.
/// - Returns: at most 80 characters of it.
package func quoted(_ text: String) -> String { "\"\(brief(text))\"" }

/// A text for a message, cut when long, with control characters escaped.
///
/// - Parameter text: what a user or a file wrote.
/// - Returns: at most 80 characters of it.
package func brief(_ text: String) -> String {
    let head = text.unicodeScalars.prefix(80)
    var shown = ""
    for scalar in head {
        if scalar.value < 0x20 || scalar.value == 0x7F {
            shown += scalar.escaped(asASCII: true)
        } else {
            shown.unicodeScalars.append(scalar)
        }
    }
    return shown + (head.endIndex < text.unicodeScalars.endIndex ? "…" : "")
}
