import DioramaJSON

/// What a piece is for, as GGUF and SentencePiece number it.
enum GGUFTokenType: Int {
    case normal = 1
    case unknown, control, userDefined, unused, byte

    /// The types of pieces; as many as there are pieces, and numbers that have a meaning, else an issue.
    static func types(
        _ numbers: [Int], of tokens: [String], _ file: String, _ issues: inout IssueList
    ) -> [GGUFTokenType] {
        guard numbers.count == tokens.count else {
            issues.add(file, "\(tokens.count) tokens have \(numbers.count) token types")
            return Array(repeating: .normal, count: tokens.count)
        }
        return numbers.indices.map { place in
            guard let type = GGUFTokenType(rawValue: numbers[place]) else {
                issues.add(
                    file, "the type of \(quoted(tokens[place])) is \(numbers[place]), types are 1 to 6")
                return .normal
            }
            return type
        }
    }

    /// The pieces that are added tokens: control and user-defined ones.
    static func addedTokens(
        _ tokens: [String], _ numbers: [Int], _ file: String, _ issues: inout IssueList
    ) -> [AddedToken] {
        zip(tokens, types(numbers, of: tokens, file, &issues)).compactMap { token, type in
            switch type {
            case .control: AddedToken(token)
            case .userDefined: AddedToken(token, special: false, normalized: false)
            default: nil
            }
        }
    }
}
