/// The Unicode normalization form C of a stream of scalars (Unicode Standard Annex #15).
///
/// The text is cut where no scalar can combine with the one before it; only such a piece is held in memory. A piece
/// longer than `pieceLimit` scalars (a hostile run of combining marks) is cut there.
struct ComposedScalars<Base: IteratorProtocol>: IteratorProtocol where Base.Element == Unicode.Scalar {
    private var base: Base
    private var lookahead: Unicode.Scalar?
    private var piece: [Unicode.Scalar] = []
    private var emitted = 0

    init(_ base: Base) {
        self.base = base
        lookahead = self.base.next()
    }

    mutating func next() -> Unicode.Scalar? {
        if emitted < piece.count {
            emitted += 1
            return piece[emitted - 1]
        }
        guard let first = lookahead else { return nil }
        lookahead = base.next()
        // Below U+0300 every scalar is composed already and none combines with the one before it.
        if first.value < 0x300, lookahead.map({ $0.value < 0x300 }) ?? true { return first }
        fillPiece(first)
        emitted = 1
        return piece.first
    }

    private mutating func fillPiece(_ first: Unicode.Scalar) {
        let forms = CanonicalForms.shared
        piece.removeAll(keepingCapacity: true)
        forms.decompose(first, into: &piece)
        while let scalar = lookahead, piece.count < CanonicalForms.pieceLimit, forms.combinesBackward(scalar)
        {
            forms.decompose(scalar, into: &piece)
            lookahead = base.next()
        }
        forms.order(&piece)
        forms.compose(&piece)
    }
}

/// The canonical decompositions and compositions of Unicode 9, the version of Hugging Face's tokenizers.
///
/// Characters that came later neither decompose nor combine.
struct CanonicalForms: Sendable {
    static let shared = CanonicalForms()

    private static let unicodeVersion = 9

    /// The longest piece of combining scalars that is normalized as one.
    static let pieceLimit = 65_536

    private var decompositions: [Unicode.Scalar: (first: Unicode.Scalar, second: Unicode.Scalar?)] = [:]
    private var compositions: [Pair: Unicode.Scalar] = [:]
    /// The starters that combine with the scalar before them.
    private var seconds: Set<Unicode.Scalar> = []

    private struct Pair: Hashable {
        let first, second: Unicode.Scalar
    }

    private init() {
        var values: [UInt32] = []
        CanonicalDecompositions.table.withUTF8Buffer { bytes in
            var value: UInt32 = 0
            for byte in bytes {
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"):
                    value = value << 4 | UInt32(byte - UInt8(ascii: "0"))
                case UInt8(ascii: "A")...UInt8(ascii: "F"):
                    value = value << 4 | UInt32(byte - UInt8(ascii: "A") + 10)
                default:
                    if value > 0 { values.append(value) }
                    value = 0
                    guard byte == UInt8(ascii: ";") else { continue }
                    add(values.compactMap(Unicode.Scalar.init))
                    values.removeAll(keepingCapacity: true)
                }
            }
        }
    }

    private mutating func add(_ entry: [Unicode.Scalar]) {
        guard entry.count >= 2, Self.isKnown(entry[0]) else { return }
        guard entry.count == 3 else {
            decompositions[entry[0]] = (entry[1], nil)
            return
        }
        decompositions[entry[0]] = (entry[1], entry[2])
        guard !entry[0].properties.isFullCompositionExclusion else { return }
        compositions[Pair(first: entry[1], second: entry[2])] = entry[0]
        seconds.insert(entry[2])
    }

    /// Whether a scalar may change when a scalar is put before it.
    func combinesBackward(_ scalar: Unicode.Scalar) -> Bool {
        guard scalar.value >= 0x300 else { return false }
        var first = scalar
        while let decomposition = decompositions[first] { first = decomposition.first }
        return combiningClass(first) != 0 || seconds.contains(first) || Hangul.combinesBackward(first)
    }

    /// Appends the full canonical decomposition of a scalar.
    func decompose(_ scalar: Unicode.Scalar, into piece: inout [Unicode.Scalar]) {
        if let decomposition = decompositions[scalar] {
            decompose(decomposition.first, into: &piece)
            if let second = decomposition.second { decompose(second, into: &piece) }
        } else if !Hangul.decompose(scalar, into: &piece) {
            piece.append(scalar)
        }
    }

    /// Sorts every run of combining scalars by combining class, equal classes in the order they stand in.
    func order(_ piece: inout [Unicode.Scalar]) {
        var start = 0
        while start < piece.count {
            guard combiningClass(piece[start]) != 0 else {
                start += 1
                continue
            }
            let end = piece[start...].firstIndex { combiningClass($0) == 0 } ?? piece.count
            if end - start > 1 {
                let run = piece[start..<end].map { (scalar: $0, order: combiningClass($0)) }
                piece.replaceSubrange(start..<end, with: run.sorted { $0.order < $1.order }.map(\.scalar))
            }
            start = end
        }
    }

    /// Replaces pairs by their composition, in place; the scalars must be decomposed and ordered.
    func compose(_ piece: inout [Unicode.Scalar]) {
        var starter: Int?
        var lastClass: UInt8 = 0
        var count = 0
        for scalar in piece {
            let scalarClass = combiningClass(scalar)
            if let starter, count == starter + 1 || (lastClass != 0 && lastClass < scalarClass),
                let composition = composition(piece[starter], scalar)
            {
                piece[starter] = composition
                continue
            }
            if scalarClass == 0 { starter = count }
            lastClass = scalarClass
            piece[count] = scalar
            count += 1
        }
        piece.removeSubrange(count...)
    }

    private func composition(_ first: Unicode.Scalar, _ second: Unicode.Scalar) -> Unicode.Scalar? {
        compositions[Pair(first: first, second: second)] ?? Hangul.compose(first, second)
    }

    private func combiningClass(_ scalar: Unicode.Scalar) -> UInt8 {
        guard scalar.value >= 0x300 else { return 0 }
        let combiningClass = scalar.properties.canonicalCombiningClass.rawValue
        return combiningClass != 0 && Self.isKnown(scalar) ? combiningClass : 0
    }

    /// A text in form C.
    static func composed(_ text: String) -> String {
        var scalars = ComposedScalars(text.unicodeScalars.makeIterator())
        var composed = String.UnicodeScalarView()
        while let scalar = scalars.next() { composed.append(scalar) }
        return String(composed)
    }

    private static func isKnown(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.age.map { $0.major <= unicodeVersion } ?? false
    }
}

/// The arithmetic of Hangul syllables (The Unicode Standard, section 3.12).
private enum Hangul {
    static let syllables: UInt32 = 0xAC00
    static let leads: UInt32 = 0x1100
    static let vowels: UInt32 = 0x1161
    static let tails: UInt32 = 0x11A7
    static let leadCount: UInt32 = 19
    static let vowelCount: UInt32 = 21
    static let tailCount: UInt32 = 28
    static let syllableCount = leadCount * vowelCount * tailCount

    static func combinesBackward(_ scalar: Unicode.Scalar) -> Bool {
        index(scalar, vowels, vowelCount) != nil || index(scalar, tails + 1, tailCount - 1) != nil
    }

    static func decompose(_ scalar: Unicode.Scalar, into piece: inout [Unicode.Scalar]) -> Bool {
        guard let syllable = index(scalar, syllables, syllableCount) else { return false }
        let tail = syllable % tailCount
        let parts = [
            leads + syllable / (vowelCount * tailCount),
            vowels + syllable % (vowelCount * tailCount) / tailCount,
            tails + tail,
        ]
        piece.append(contentsOf: parts.prefix(tail == 0 ? 2 : 3).compactMap(Unicode.Scalar.init))
        return true
    }

    static func compose(_ first: Unicode.Scalar, _ second: Unicode.Scalar) -> Unicode.Scalar? {
        if let lead = index(first, leads, leadCount), let vowel = index(second, vowels, vowelCount) {
            return Unicode.Scalar(syllables + (lead * vowelCount + vowel) * tailCount)
        }
        if let syllable = index(first, syllables, syllableCount), syllable % tailCount == 0,
            let tail = index(second, tails + 1, tailCount - 1)
        {
            return Unicode.Scalar(first.value + tail + 1)
        }
        return nil
    }

    private static func index(_ scalar: Unicode.Scalar, _ start: UInt32, _ count: UInt32) -> UInt32? {
        scalar.value >= start && scalar.value < start + count ? scalar.value - start : nil
    }
}
