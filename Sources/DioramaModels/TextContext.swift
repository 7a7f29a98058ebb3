public import DioramaTensor

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// What a text encoder tells a diffusion model.
///
/// A run of equal tokens at the end is kept as one token that stands for `tailCount`: tokens without positions that start equal stay
/// equal through every layer, as queries one of them speaks for all, and as keys n of them weigh as one whose score has log(n)
/// added. Stable Diffusion 3 without T5 has 256 such tokens; folding them is exact up to rounding.
public struct TextContext: Sendable {
    /// Token states, [B, L, D].
    public let tokens: Tensor
    /// One vector for the whole text, [B, P].
    public let pooled: Tensor
    /// How many equal tokens the last one stands for, 1 or more.
    public let tailCount: Int

    /// A context whose last token stands for `tailCount` equal ones.
    public init(tokens: Tensor, pooled: Tensor, tailCount: Int = 1) {
        precondition(
            tailCount >= 1 && tokens.shape[0] == pooled.shape[0], "TextContext: batches or count disagree")
        self.tokens = tokens
        self.pooled = pooled
        self.tailCount = tailCount
    }

    /// All tokens written out, [B, L - 1 + tailCount, D], as other programs have them.
    public var unfolded: Tensor {
        guard tailCount > 1 else { return tokens }
        let length = tokens.shape[1]
        let tail = tokens.narrowed(axis: 1, length - 1..<length)
        return .concatenated([tokens, tail.repeated(tailCount - 1, axis: 1)], axis: 1)
    }

    /// What attention adds to the scores of these tokens as keys, [1, before + L], after `before` other keys; nil where all are single.
    func keyBias(after before: Int) -> Tensor? {
        guard tailCount > 1 else { return nil }
        let count = before + tokens.shape[1]
        return Tensor([1, count], on: tokens.device) { bias in
            bias.initialize(repeating: 0)
            bias[count - 1] = Float(log(Double(tailCount)))
        }
    }

    /// Several contexts as one batch; nil where their lengths or tails differ, so that each must be run by itself.
    public static func batch(_ contexts: [TextContext]) -> TextContext? {
        guard let first = contexts.first,
            contexts.allSatisfy({
                $0.tailCount == first.tailCount
                    && $0.tokens.shape.dims.dropFirst() == first.tokens.shape.dims.dropFirst()
                    && $0.pooled.shape[1] == first.pooled.shape[1]
            })
        else { return nil }
        return TextContext(
            tokens: .concatenated(contexts.map(\.tokens), axis: 0),
            pooled: .concatenated(contexts.map(\.pooled), axis: 0), tailCount: first.tailCount)
    }

    /// The same context for each of `count` pictures; the batch must be 1.
    public func repeated(_ count: Int) -> TextContext {
        TextContext(
            tokens: tokens.repeated(count, axis: 0), pooled: pooled.repeated(count, axis: 0),
            tailCount: tailCount)
    }
}
