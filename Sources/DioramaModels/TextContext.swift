public import DioramaTensor

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// What a model that was distilled with guidance is told of it.
public enum DistilledGuidance: Hashable, Sendable {
    /// How strongly to follow the text.
    case scale(Float)
    /// Nothing.
    case unguided
}

/// What a diffusion model is told beside its latent and the time: the encoded text, and what nodes add to it.
///
/// A run of equal tokens at the end is kept as one token that stands for `tailCount`: tokens without positions that start equal stay
/// equal through every layer, as queries one of them speaks for all, and as keys n of them weigh as one whose score has log(n)
/// added. Stable Diffusion 3 without T5 has 256 such tokens; folding them is exact up to rounding.
public struct TextContext: Sendable {
    /// Token states, [B, L, D].
    public let tokens: Tensor
    /// One vector for the whole text, [B, P]; nil where the family's encoder has none.
    public let pooled: Tensor?
    /// How many equal tokens the last one stands for, 1 or more.
    public let tailCount: Int

    /// How strongly a model that was distilled with guidance shall follow the text; nil for the family's usual scale.
    public var guidance: DistilledGuidance?
    /// Latents of pictures that the model looks at beside its own, each [B, C, h, w], scaled as its own is.
    public var references: [Tensor] = []
    /// How the model tells those pictures apart; nil for the family's usual way.
    public var referenceMethod: ReferenceMethod?
    /// Where keys and values of those pictures are kept from one evaluation to the next; nil where they are made anew in each.
    public var referenceCache: ReferenceCache?
    /// Channels that the model is shown beside those of its latent, [B, C, H, W].
    public var concatenated: Tensor?
    /// Tokens of pictures' styles among those of the text, in order, where these count more or less; families but FLUX.1 and Chroma do not look.
    public var styles: [StyleTokens] = []

    /// A context whose last token stands for `tailCount` equal ones.
    public init(tokens: Tensor, pooled: Tensor? = nil, tailCount: Int = 1) {
        precondition(
            tailCount >= 1 && pooled.map { tokens.shape[0] == $0.shape[0] } ?? true,
            "TextContext: batches or count disagree")
        self.tokens = tokens
        self.pooled = pooled
        self.tailCount = tailCount
    }

    /// The pooled vector of a model that has checked that there is one; throws `ModelInputError`.
    var requiredPooled: Tensor {
        get throws {
            guard let pooled else { throw ModelInputError("the conditioning has no pooled vector") }
            return pooled
        }
    }

    /// The shape of the pooled vector, for errors.
    var pooledDescription: String { pooled.map { $0.shape.description } ?? "nothing" }

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

    /// Several contexts as one batch; nil where their forms differ, so that each must be run by itself.
    public static func batch(_ contexts: [TextContext]) -> TextContext? {
        guard let first = contexts.first, contexts.allSatisfy({ $0.form == first.form }) else { return nil }
        func joined(_ tensors: [Tensor?]) -> Tensor? {
            let tensors = tensors.compactMap { $0 }
            return tensors.isEmpty ? nil : .concatenated(tensors, axis: 0)
        }
        var batch = TextContext(
            tokens: .concatenated(contexts.map(\.tokens), axis: 0), pooled: joined(contexts.map(\.pooled)),
            tailCount: first.tailCount)
        batch.guidance = first.guidance
        batch.referenceMethod = first.referenceMethod
        batch.referenceCache = first.referenceCache.map { _ in ReferenceCache() }
        batch.styles = first.styles
        batch.references = first.references.indices.map { index in
            .concatenated(contexts.map { $0.references[index] }, axis: 0)
        }
        batch.concatenated = joined(contexts.map(\.concatenated))
        return batch
    }

    /// What must be equal for contexts to be run as one batch.
    public struct Form: Hashable, Sendable {
        private let tokens: [Int]
        private let pooled: [Int]?
        private let types: [DType]
        private let tailCount: Int
        private let guidance: DistilledGuidance?
        private let references: [[Int]]
        private let referenceMethod: ReferenceMethod?
        private let concatenated: [Int]?
        private let styles: [StyleTokens]

        fileprivate init(_ context: TextContext) {
            func form(_ tensor: Tensor) -> [Int] { Array(tensor.shape.dims.dropFirst()) }
            tokens = form(context.tokens)
            pooled = context.pooled.map(form)
            types = [context.tokens.dtype] + (context.pooled.map { [$0.dtype] } ?? [])
            tailCount = context.tailCount
            guidance = context.guidance
            references = context.references.map(form)
            referenceMethod = context.referenceMethod
            concatenated = context.concatenated.map(form)
            styles = context.styles
        }
    }

    /// What contexts of one batch have in common.
    public var form: Form { Form(self) }

    /// The same context for each of `count` pictures.
    public func repeated(_ count: Int) -> TextContext {
        var copy = TextContext(
            tokens: tokens.repeated(count, axis: 0), pooled: pooled?.repeated(count, axis: 0),
            tailCount: tailCount)
        copy.guidance = guidance
        copy.referenceMethod = referenceMethod
        copy.referenceCache = referenceCache.map { _ in ReferenceCache() }
        copy.styles = styles
        copy.references = references.map { $0.repeated(count, axis: 0) }
        copy.concatenated = concatenated?.repeated(count, axis: 0)
        return copy
    }
}
