/// SentencePiece's table of character replacements: a double-array trie (darts-clone) from texts to texts.
///
/// The bytes are the trie's length in bytes (32 bits, little-endian), its units of 32 bits, and the replacements, each
/// ended by a zero byte. A unit holds a label (bits 0 to 7 and 31), the offset to its children, and in bit 8 whether a
/// text ends there; the unit that stands for the end holds, beside bit 31, the place of the replacement.
struct PrecompiledCharsmap: Sendable {
    /// The longest text that is looked up, in bytes; those of real tables are below 64.
    static let keyLimit = 256

    private let units: [UInt32]
    private let replacements: [UInt8]
    /// Whether an ASCII character that stands alone is kept.
    private var keepsASCII = Array(repeating: true, count: 128)

    /// Reads the bytes of a table; nil, and an issue, if they are none.
    ///
    /// - Parameters:
    ///   - bytes: the table.
    ///   - file: the file, for issues.
    ///   - issues: gets what is wrong.
    init?(_ bytes: [UInt8], file: String, _ issues: inout IssueList) {
        let name = "the precompiled charsmap"
        guard bytes.count >= 4 else {
            issues.add(file, "\(name) has \(bytes.count) bytes, at least 4 are expected")
            return nil
        }
        let size = Int(Self.word(bytes, 0))
        guard size > 0, size % 4 == 0, size <= bytes.count - 4 else {
            issues.add(
                file,
                "\(name) says that its trie has \(size) bytes, expected a multiple of 4 from 4 to \(bytes.count - 4)"
            )
            return nil
        }
        units = stride(from: 4, to: 4 + size, by: 4).map { Self.word(bytes, $0) }
        replacements = Array(bytes[(4 + size)...])
        guard replacements.last == 0 else {
            issues.add(file, "the replacements of \(name) do not end in a zero byte")
            return nil
        }
        let count = replacements.count
        if let unit = units.first(where: { $0 >> 31 == 1 && Int($0 & 0x7FFF_FFFF) >= count }) {
            issues.add(
                file,
                "\(name) names a replacement at byte \(unit & 0x7FFF_FFFF), but there are \(count) bytes of them"
            )
            return nil
        }
        for value in 0..<UInt8(128) {
            let scalar = CollectionOfOne(Unicode.Scalar(value))
            keepsASCII[Int(value)] = longestMatch(scalar[...]) == nil
        }
    }

    private static func word(_ bytes: [UInt8], _ start: Int) -> UInt32 {
        bytes[start..<start + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// Whether a scalar that stands alone is kept, as far as that is known without looking it up.
    func surelyKeeps(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 128 && keepsASCII[Int(scalar.value)]
    }

    /// The replacement of the shortest beginning of a text that has one.
    func shortestMatch(_ text: some Collection<Unicode.Scalar>) -> [Unicode.Scalar]? {
        var found: Int?
        walk(text) { _, value in
            found = value
            return false
        }
        return found.map(replacement)
    }

    /// The replacement of the longest beginning of a text that has one, and where that ends.
    func longestMatch<Text: Collection<Unicode.Scalar>>(
        _ text: Text
    ) -> (end: Text.Index, replacement: [Unicode.Scalar])? {
        var found: (end: Text.Index, value: Int)?
        walk(text) { end, value in
            found = (end, value)
            return true
        }
        return found.map { ($0.end, replacement(at: $0.value)) }
    }

    /// Calls `match` for every beginning of a text that has a replacement, the shortest first, until it returns false.
    private func walk<Text: Collection<Unicode.Scalar>>(_ text: Text, _ match: (Text.Index, Int) -> Bool) {
        var place = Self.offset(units[0])
        var length = 0
        var index = text.startIndex
        while index < text.endIndex {
            var value: Int?
            for byte in text[index].utf8 {
                place ^= Int(byte)
                guard byte != 0, place < units.count, units[place] & 0x8000_00FF == UInt32(byte),
                    length < Self.keyLimit
                else { return }
                let unit = units[place]
                place ^= Self.offset(unit)
                length += 1
                let hasValue = unit >> 8 & 1 == 1 && place < units.count
                value = hasValue ? Int(units[place] & 0x7FFF_FFFF) : nil
            }
            text.formIndex(after: &index)
            if let value, !match(index, value) { return }
        }
    }

    private static func offset(_ unit: UInt32) -> Int { Int(unit >> 10) << Int((unit & 0x200) >> 6) }

    private func replacement(at start: Int) -> [Unicode.Scalar] {
        guard start < replacements.count else { return [] }
        let text = replacements[start...].prefix { $0 != 0 }
        return Array(String(decoding: text, as: UTF8.self).unicodeScalars)
    }
}
