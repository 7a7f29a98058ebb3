/// `value` with exactly `digits` decimals, rounded to nearest: `fixed(2.449, 1)` is `2.4`.
func fixed(_ value: Double, _ digits: Int) -> String {
    guard value.isFinite else { return "-" }
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    guard let scaled = Int(exactly: (abs(value) * scale).rounded()) else { return String(value) }
    let sign = value < 0 && scaled != 0 ? "-" : ""
    guard digits > 0 else { return sign + String(scaled) }
    let text = String(scaled)
    let padded = String(repeating: "0", count: max(0, digits + 1 - text.count)) + text
    return sign + padded.dropLast(digits) + "." + padded.suffix(digits)
}

/// A length of time as people read it: `0.4 s`, `12.3 s`, `2:05`, `1:02:03`.
func clock(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 360_000 else { return "-" }
    guard seconds >= 59.95 else { return fixed(max(0, seconds), 1) + " s" }
    let whole = Int(seconds.rounded())
    let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60)
    func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
    return hours > 0 ? "\(hours):\(two(minutes)):\(two(rest))" : "\(minutes):\(two(rest))"
}

/// A number of bytes in binary units: `512 B`, `1.5 KiB`, `3.2 MiB`, `1.1 GiB`.
func byteSize(_ bytes: Int) -> String {
    var value = Double(bytes)
    guard value >= 1024 else { return "\(bytes) B" }
    for unit in ["KiB", "MiB", "GiB"] {
        value /= 1024
        if value < 1023.95 { return fixed(value, 1) + " " + unit }
    }
    return fixed(value / 1024, 1) + " TiB"
}

/// `count` and a noun in the right number: `1 node`, `3 nodes`.
func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

/// `text` filled up with spaces to `width` characters.
func padded(_ text: String, to width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
}

/// Breaks `text` at spaces into lines of at most `width` characters, each after `indent` spaces; words longer than a line stand alone.
func wrapped(_ text: String, width: Int, indent: Int = 0) -> String {
    let margin = String(repeating: " ", count: indent)
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ") {
        if line.isEmpty {
            line = String(word)
        } else if indent + line.count + 1 + word.count <= width {
            line += " " + word
        } else {
            lines.append(margin + line)
            line = String(word)
        }
    }
    if !line.isEmpty { lines.append(margin + line) }
    return lines.joined(separator: "\n")
}

/// `text` with everything that could move a terminal's cursor, color it or turn its lines around shown as `\u{1B}`.
///
/// Names, titles and prompts come from files that strangers made. Newlines stay.
func printable(_ text: String) -> String {
    func isHarmful(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x0A: false
        case 0x00..<0x20, 0x7F..<0xA0, 0x202A...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
    guard text.unicodeScalars.contains(where: isHarmful) else { return text }
    var clean = ""
    for scalar in text.unicodeScalars {
        if isHarmful(scalar) {
            clean += "\\u{" + String(scalar.value, radix: 16, uppercase: true) + "}"
        } else {
            clean.unicodeScalars.append(scalar)
        }
    }
    return clean
}

/// How many columns of a terminal `character` takes: 2 for the wide ones of East Asia and for pictures, else 1.
func columns(of character: Character) -> Int {
    guard let first = character.unicodeScalars.first else { return 0 }
    if first.properties.isEmojiPresentation { return 2 }
    return switch first.value {
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97C, 0xAC00...0xD7A3: 2
    case 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF01...0xFF60, 0xFFE0...0xFFE6, 0x20000...0x3FFFD: 2
    default: 1
    }
}

/// How many columns of a terminal `text` takes.
func columns(of text: some StringProtocol) -> Int { text.reduce(0) { $0 + columns(of: $1) } }

/// The longest beginning of `text` that takes at most `limit` columns.
func beginning(of text: String, columns limit: Int) -> Substring {
    var taken = 0
    return text.prefix { character in
        taken += columns(of: character)
        return taken <= limit
    }
}
