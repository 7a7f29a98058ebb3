import DioramaGraph

extension PythonText {
    /// As Python's `str` of what its `json.loads` reads: texts as they are, lists and objects as Python writes them.
    ///
    /// - Parameter json: the value.
    init(strOf json: JSON) {
        if case .string(let text) = json { self.init(text) } else { self.init(Self.repr(json)) }
    }

    /// As Python's `repr` of a text.
    init(reprOf text: String) { self.init(Self.repr(text)) }

    /// As Python's `repr` of a value.
    private static func repr(_ json: JSON) -> String {
        switch json {
        case .null: "None"
        case .string(let text): repr(text)
        case .array(let elements): "[" + elements.map(repr).joined(separator: ", ") + "]"
        case .object(let members):
            "{" + members.map { repr($0.key) + ": " + repr($0.value) }.joined(separator: ", ") + "}"
        case .bool, .integer, .unsigned, .double: (try? String(literal: json)) ?? ""
        }
    }

    private static func repr(_ text: String) -> String {
        let quote: Unicode.Scalar = text.contains("'") && !text.contains("\"") ? "\"" : "'"
        var shown = String(quote)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\", quote: shown += "\\" + String(scalar)
            case "\n": shown += "\\n"
            case "\r": shown += "\\r"
            case "\t": shown += "\\t"
            default:
                if scalar.isPythonPrintable {
                    shown.unicodeScalars.append(scalar)
                } else {
                    shown += escaped(scalar.value)
                }
            }
        }
        return shown + String(quote)
    }

    /// A character as Python escapes it by its number.
    static func escaped(_ value: UInt32) -> String {
        let digits = String(value, radix: 16)
        let (letter, count) = value < 0x100 ? ("x", 2) : value < 0x1_0000 ? ("u", 4) : ("U", 8)
        return "\\" + letter + String(repeating: "0", count: count - digits.count) + digits
    }
}

extension Unicode.Scalar {
    /// Whether Python's `repr` shows the character as it is.
    fileprivate var isPythonPrintable: Bool {
        switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator:
            false
        case .spaceSeparator: self == " "
        default: true
        }
    }
}
