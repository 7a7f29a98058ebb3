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
    /// - Parameters: as those of `attention`; `q`, `k` and `v` are [B, L, H, D].
    /// - Returns: [B, L, H, D].
    func callAsFunction(_ q: Tensor, _ k: Tensor, _ v: Tensor, precision: Precision) -> Tensor {
        let length = q.shape[1]
        let bounds = [0, length] + styles.flatMap { [$0.places.lowerBound, $0.places.upperBound] }
        let cuts = Set(bounds.map { min($0, length) }).sorted()
        let parts = zip(cuts, cuts.dropFirst()).map { start, end in
            let own = styles.lastIndex { $0.places.contains(start) }
            return attention(
                q.narrowed(axis: 1, start..<end), k, v,
                keyBias: bias(styles[(own.map { $0 + 1 } ?? 0)...], keys: k.shape[1], on: q.device),
                precision: precision)
        }
        return parts.count == 1 ? parts[0] : .concatenated(parts, axis: 1)
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

/// Attention as Flux's blocks have it, [B, L, H, D]; where `styles` is given, some tokens count more or less.
func attention(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, styles: StyleAttention?, precision: Precision
) -> Tensor {
    styles?(q, k, v, precision: precision) ?? attention(q, k, v, precision: precision)
}
