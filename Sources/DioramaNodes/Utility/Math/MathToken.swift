/// A word, number or sign of an expression.
struct MathToken {
    enum Kind: Equatable {
        case number(MathValue)
        case name
        case sign
        case end
    }

    let kind: Kind
    let text: String
    let position: Int

    /// Words that are signs.
    private static let words: Set<String> = ["and", "or", "not", "if", "else", "in"]
    private static let signs = [
        "**", "//", "<<", ">>", "<=", ">=", "==", "!=", "+", "-", "*", "/", "%", "<", ">", "(", ")", "[", "]",
        ",",
        "&", "|", "^", "~",
    ]

    /// The tokens of an expression, the last of which is its end.
    static func tokens(of text: String) throws(MathError) -> [MathToken] {
        guard text.unicodeScalars.count <= MathExpression.longest else {
            throw MathError(
                "the expression has \(text.unicodeScalars.count) characters; at most \(MathExpression.longest) are allowed"
            )
        }
        let characters = Array(text.unicodeScalars)
        var tokens: [MathToken] = []
        var place = 0
        while place < characters.count {
            if characters[place].properties.isWhitespace {
                place += 1
                continue
            }
            let token = try token(in: characters, at: place)
            tokens.append(token)
            place += token.text.unicodeScalars.count
        }
        guard !tokens.isEmpty else { throw MathError("the expression is empty") }
        return tokens + [MathToken(kind: .end, text: "the end", position: characters.count)]
    }

    private static func token(in characters: [Unicode.Scalar], at place: Int) throws(MathError) -> MathToken {
        let rest = characters[place...]
        let first = characters[place]
        let second = place + 1 < characters.count ? characters[place + 1] : " "
        if first.isDecimalDigit || first == "." && second.isDecimalDigit {
            let text = numberText(rest)
            guard let value = number(text) else { throw MathError("\(text) is no number", at: place) }
            return MathToken(kind: .number(value), text: text, position: place)
        }
        if first.isASCIILetter || first == "_" {
            let word = string(rest.prefix { $0.isWordCharacter })
            switch word {
            case "True", "False":
                return MathToken(kind: .number(.bool(word == "True")), text: word, position: place)
            default:
                return MathToken(kind: words.contains(word) ? .sign : .name, text: word, position: place)
            }
        }
        guard let sign = signs.first(where: { rest.starts(with: $0.unicodeScalars) }) else {
            throw MathError("unexpected \(String(first))", at: place)
        }
        return MathToken(kind: .sign, text: sign, position: place)
    }

    /// What belongs to a number: letters too, so that 2x is one mistake and not two tokens.
    private static func numberText(_ rest: ArraySlice<Unicode.Scalar>) -> String {
        let isHexadecimal = ["0x", "0X"].contains(string(rest.prefix(2)))
        var end = rest.startIndex
        while end < rest.endIndex {
            let scalar = rest[end]
            let isExponent = end > rest.startIndex && (rest[end - 1] == "e" || rest[end - 1] == "E")
            let isSign = (scalar == "+" || scalar == "-") && isExponent && !isHexadecimal
            guard scalar.isWordCharacter || scalar == "." || isSign else { break }
            end += 1
        }
        return string(rest[..<end])
    }

    private static func number(_ text: String) -> MathValue? {
        let parts = text.split(separator: "_", omittingEmptySubsequences: false)
        let joined = zip(parts, parts.dropFirst()).allSatisfy {
            $0.last?.isHexDigit == true && $1.first?.isHexDigit == true
        }
        guard joined else { return nil }
        let digits = parts.joined()
        for (mark, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] where digits.lowercased().hasPrefix(mark) {
            let bare = digits.dropFirst(2)
            guard bare.unicodeScalars.allSatisfy({ $0.isWordCharacter }) else { return nil }
            return Int(bare, radix: radix).map { .int($0) }
        }
        if digits.unicodeScalars.allSatisfy({ $0.isDecimalDigit }) {
            // As in Python, 012 is no number; 00 is.
            if digits.hasPrefix("0"), digits.contains(where: { $0 != "0" }) { return nil }
            return Int(digits).map { .int($0) }
        }
        guard digits.unicodeScalars.allSatisfy({ $0.isDecimalDigit || ".eE+-".unicodeScalars.contains($0) })
        else { return nil }
        let complete = digits.replacing(".e", with: ".0e").replacing(".E", with: ".0E")
        return Double(complete.hasSuffix(".") ? complete + "0" : complete).map { .float($0) }
    }

    private static func string(_ scalars: some Sequence<Unicode.Scalar>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }
}

extension Unicode.Scalar {
    /// Whether it is a letter of ASCII, a digit or an underscore.
    fileprivate var isWordCharacter: Bool { isASCIILetter || isDecimalDigit || self == "_" }
}
