import DioramaTensor

/// Tokens of a picture's style among those of a text, and what attention adds to their scores as keys.
///
/// All tokens add it but these themselves and those of styles behind them, as ComfyUI's `StyleModelApply` has it (`attn_bias`).
public struct StyleTokens: Hashable, Sendable {
    /// Their places among the text's tokens.
    public let places: Range<Int>
    /// What is added to their scores: log(s) where they shall count s times as much.
    public let bias: Float

    /// Tokens at places that lie behind those of other styles.
    public init(_ places: Range<Int>, bias: Float) { (self.places, self.bias) = (places, bias) }
}

/// Attention of a sequence that begins with a text's tokens, of which some count more or less as keys, depending on who asks.
struct StyleAttention: Sendable {
    private let styles: [StyleTokens]

    /// Nil where all tokens count as they are.
    init?(_ context: TextContext) {
        guard context.styles.contains(where: { $0.bias != 0 }) else { return nil }
        styles = context.styles
    }

    /// Attends from the queries of each style, and of what is between and behind them, with a bias of their own.
    ///
    /// - Parameters: as those of `attention`; the first of `q` begins with the text's tokens, and has them all.
    /// - Returns: [B, L, H, D] for each of `q`.
    func callAsFunction(
        _ q: [Tensor], _ k: [Tensor], _ v: [Tensor], precision: Precision
    ) -> [Tensor] {
        let keys = k.reduce(0) { $0 + $1.shape[1] }
        func attend(_ q: [Tensor], behind count: Int) -> [Tensor] {
            let bias = bias(styles[count...], keys: keys, on: k[0].device)
            return attention(q, k, v, keyBias: bias, precision: precision)
        }
        let (text, others) = (q[0], Array(q.dropFirst()))
        let length = text.shape[1]
        let bounds = [0, length] + styles.flatMap { [$0.places.lowerBound, $0.places.upperBound] }
        let cuts = Set(bounds.map { min($0, length) }).sorted()
        let parts = zip(cuts, cuts.dropFirst()).flatMap { start, end in
            let own = styles.lastIndex { $0.places.contains(start) }
            return attend([text.narrowed(axis: 1, start..<end)], behind: own.map { $0 + 1 } ?? 0)
        }
        let mixed = parts.count == 1 ? parts[0] : .concatenated(parts, axis: 1)
        return [mixed] + (others.isEmpty ? [] : attend(others, behind: 0))
    }

    /// What is added to the scores of keys, [1, keys]; nil for nothing.
    private func bias(_ styles: ArraySlice<StyleTokens>, keys: Int, on device: Device) -> Tensor? {
        guard styles.contains(where: { $0.bias != 0 }) else { return nil }
        return Tensor([1, keys], on: device) { bias in
            bias.initialize(repeating: 0)
            for style in styles {
                for place in style.places where place < keys { bias[place] = style.bias }
            }
        }
    }
}

/// Attention as Flux's blocks have it, [B, L, H, D] for each part of the queries; where `styles` is given, some tokens count more or less.
func attention(
    _ q: [Tensor], _ k: [Tensor], _ v: [Tensor], styles: StyleAttention?, precision: Precision
) -> [Tensor] {
    styles?(q, k, v, precision: precision) ?? attention(q, k, v, precision: precision)
}
