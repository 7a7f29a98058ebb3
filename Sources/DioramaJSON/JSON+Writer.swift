extension JSON {
    /// How a value is laid out as text.
    public enum Style: Sendable {
        /// One line, `", "` and `": "` between things: what Python's `json.dumps` writes, hence ComfyUI.
        case python
        /// Two spaces of indentation and one member a line, for people.
        case pretty
    }

    /// The value as JSON text in pure ASCII: every other character is escaped, as Python does.
    ///
    /// - Parameter style: the layout.
    /// - Returns: text that `JSON(parsing:)` and Python's `json.loads` read back.
    public func text(_ style: Style = .python) -> String {
        var writer = JSONWriter(style: style)
        writer.write(self, depth: 0)
        return writer.text
    }
}

extension JSON: CustomStringConvertible {
    /// The value in Python's layout.
    public var description: String { text() }
}

/// Builds the text of a value.
private struct JSONWriter {
    let style: JSON.Style
    var text = ""

    mutating func write(_ value: JSON, depth: Int) {
        switch value {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .integer(let value): text += String(value)
        case .unsigned(let value): text += String(value)
        case .double(let value): text += pythonRepr(value)
        case .string(let value): write(quoted: value)
        case .array(let elements):
            write(elements.count, "[", "]", depth) { writer, index in
                writer.write(elements[index], depth: depth + 1)
            }
        case .object(let members):
            write(members.count, "{", "}", depth) { writer, index in
                writer.write(quoted: members[index].key)
                writer.text += ": "
                writer.write(members[index].value, depth: depth + 1)
            }
        }
    }

    private mutating func write(
        _ count: Int, _ open: String, _ close: String, _ depth: Int, element: (inout Self, Int) -> Void
    ) {
        text += open
        for index in 0..<count {
            if index > 0 { text += style == .python ? ", " : "," }
            breakLine(depth + 1)
            element(&self, index)
        }
        if count > 0 { breakLine(depth) }
        text += close
    }

    private mutating func breakLine(_ depth: Int) {
        guard style == .pretty else { return }
        text += "\n"
        text += String(repeating: "  ", count: depth)
    }

    private mutating func write(quoted value: String) {
        text += "\""
        for unit in value.utf16 {
            switch unit {
            case 0x22: text += "\\\""
            case 0x5C: text += "\\\\"
            case 0x08: text += "\\b"
            case 0x09: text += "\\t"
            case 0x0A: text += "\\n"
            case 0x0C: text += "\\f"
            case 0x0D: text += "\\r"
            case 0x20...0x7E: text.unicodeScalars.append(Unicode.Scalar(UInt8(unit)))
            default:
                let hex = String(unit, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            }
        }
        text += "\""
    }
}

/// A double as Python's `repr` and `json.dumps` write it: the shortest digits that read back to the same value,
/// with an exponent below 1e-4 and from 1e16 on.
///
/// - Parameter value: any double.
/// - Returns: for example `8.0`, `0.1`, `1e-05`, `1.5e+300`, `NaN`, `-Infinity`.
package func pythonRepr(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
    let sign = value.sign == .minus ? "-" : ""
    if value == 0 { return sign + "0.0" }
    // Swift prints the same shortest digits; only where it switches to an exponent differs.
    let parts = value.magnitude.description.split(separator: "e")
    let mantissa = parts[0].split(separator: ".")
    let whole = mantissa[0]
    let fraction = mantissa.count > 1 && mantissa[1] != "0" ? mantissa[1] : ""
    var digits = (whole + fraction).drop { $0 == "0" }
    let leadingZeros = whole.count + fraction.count - digits.count
    /// The power of ten of the first digit.
    let exponent = whole.count - 1 - leadingZeros + (parts.count > 1 ? Int(parts[1]) ?? 0 : 0)
    while digits.count > 1, digits.last == "0" { digits.removeLast() }

    if exponent < -4 || exponent >= 16 {
        let tail = digits.count > 1 ? "." + digits.dropFirst() : ""
        let power = String(abs(exponent))
        return sign + digits.prefix(1) + tail + (exponent < 0 ? "e-" : "e+") + (power.count < 2 ? "0" : "")
            + power
    }
    if exponent < 0 {
        return sign + "0." + String(repeating: "0", count: -exponent - 1) + digits
    }
    let padding = String(repeating: "0", count: max(0, exponent + 1 - digits.count))
    let before = digits.prefix(exponent + 1) + padding
    let after = digits.dropFirst(exponent + 1)
    return sign + before + "." + (after.isEmpty ? "0" : after)
}
