/// A prompt cut into pieces that count more or less than others, as ComfyUI reads it.
///
/// `(word)` counts 1.1 times, `(word:1.3)` 1.3 times, both also within each other; `\(` and `\)` are parentheses of the text.
/// The formula of ComfyUI's `token_weights`.
public struct WeightedPrompt: Hashable, Sendable {
    /// Pieces of the text in their order, each with its weight.
    public let pieces: [(text: String, weight: Double)]

    /// Whether some piece counts other than 1.
    public var hasWeights: Bool { pieces.contains { $0.weight != 1 } }

    /// Parentheses that lie deeper than this are text.
    private static let deepest = 64

    /// Reads the weights in a text.
    public init(_ text: String) {
        var pieces: [(text: String, weight: Double)] = []
        Self.read(Self.scalars(text)[...], weight: 1, depth: 0, into: &pieces)
        self.pieces = pieces
    }

    /// What encoders without weights read: all of a text as it is, but that `\(` and `\)` are parentheses for them too.
    static func plain(_ text: String) -> String { unescaped(scalars(text)[...]) }

    /// A text all of which counts 1, parentheses and all.
    public init(unweighted text: String) { pieces = text.isEmpty ? [] : [(text, 1)] }

    /// Whether texts and weights are equal.
    public static func == (a: WeightedPrompt, b: WeightedPrompt) -> Bool {
        a.pieces.elementsEqual(b.pieces) { $0.text == $1.text && $0.weight == $1.weight }
    }

    /// Hashes texts and weights.
    public func hash(into hasher: inout Hasher) {
        for piece in pieces {
            hasher.combine(piece.text)
            hasher.combine(piece.weight)
        }
    }

    private static let open = UInt32(UInt8(ascii: "(")), close = UInt32(UInt8(ascii: ")"))
    private static let colon = UInt32(UInt8(ascii: ":")), backslash = UInt32(UInt8(ascii: "\\"))
    /// Added to an escaped parenthesis while the others are counted: more than any scalar of a text.
    private static let escaped: UInt32 = 0x11_0000

    /// The scalars of a text, of which `\(` and `\)` are one each.
    private static func scalars(_ text: String) -> [UInt32] {
        var scalars: [UInt32] = []
        scalars.reserveCapacity(text.unicodeScalars.count)
        for scalar in text.unicodeScalars.lazy.map(\.value) {
            if scalars.last == backslash, scalar == open || scalar == close {
                scalars[scalars.count - 1] = scalar + escaped
            } else {
                scalars.append(scalar)
            }
        }
        return scalars
    }

    private static func read(
        _ text: ArraySlice<UInt32>, weight: Double, depth: Int,
        into pieces: inout [(text: String, weight: Double)]
    ) {
        for group in groups(of: text) {
            guard depth < deepest, group.count >= 2, group.first == open, group.last == close else {
                pieces.append((unescaped(group), weight))
                continue
            }
            var inner = group.dropFirst().dropLast()
            var innerWeight = weight * 1.1
            if let mark = inner.lastIndex(of: colon), mark > inner.startIndex,
                let number = number(inner[(mark + 1)...])
            {
                (inner, innerWeight) = (inner[..<mark], number)
            }
            read(inner, weight: innerWeight, depth: depth + 1, into: &pieces)
        }
    }

    /// Cuts a text where parentheses of the outermost level begin and end.
    private static func groups(of text: ArraySlice<UInt32>) -> [ArraySlice<UInt32>] {
        var groups: [ArraySlice<UInt32>] = []
        var (start, level) = (text.startIndex, 0)
        for index in text.indices {
            if text[index] == open {
                if level == 0, start < index {
                    groups.append(text[start..<index])
                    start = index
                }
                level += 1
            } else if text[index] == close {
                level -= 1
                if level == 0 {
                    groups.append(text[start...index])
                    start = index + 1
                }
            }
        }
        if start < text.endIndex { groups.append(text[start...]) }
        return groups
    }

    /// A finite number as Python writes it, with white space around it: `1.2`, `.5`, `1e1`, `1_000`.
    private static func number(_ text: ArraySlice<UInt32>) -> Double? {
        guard text.count < 64 else { return nil }
        let words = unescaped(text).split(whereSeparator: \.isWhitespace)
        guard words.count == 1, words[0].utf8.allSatisfy({ "0123456789+-.eE_".utf8.contains($0) }) else {
            return nil
        }
        // Underscores stand between digits.
        let parts = words[0].split(separator: "_", omittingEmptySubsequences: false)
        for (left, right) in zip(parts, parts.dropFirst())
        where left.last?.isNumber != true || right.first?.isNumber != true {
            return nil
        }
        return Double(parts.joined()).flatMap { $0.isFinite ? $0 : nil }
    }

    private static func unescaped(_ text: ArraySlice<UInt32>) -> String {
        var view = String.UnicodeScalarView()
        view.append(
            contentsOf: text.lazy.compactMap { Unicode.Scalar($0 >= escaped ? $0 - escaped : $0) })
        return String(view)
    }
}
