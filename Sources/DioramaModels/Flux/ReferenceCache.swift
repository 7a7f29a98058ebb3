import DioramaTensor
import Synchronization

/// Keys and values of the pictures that a model looks at, kept from the first evaluation of a run of a sampler for the later ones.
///
/// Those pictures do not change, and at time 0 (``ReferenceMethod/indexTimestepZero``) what modulates their tokens does not either: so
/// the first evaluation runs all tokens, and the later ones leave those of the pictures out and attend to what was kept. As ComfyUI's
/// `FluxKVCache`; made for [FLUX.2 klein 9B KV](https://github.com/black-forest-labs/flux2/blob/main/docs/flux2_klein_kv_cache.md).
///
/// It belongs to one run of a sampler and to one prompt, or prompts that are always asked together.
public final class ReferenceCache: Sendable {
    private let kept = Mutex<[Int: (key: Tensor, value: Tensor)]>([:])

    /// Nothing kept yet.
    public init() {}

    /// Whether all of a network's blocks have left their keys and values.
    func isComplete(blocks: Int) -> Bool { kept.withLock { $0.count == blocks } }

    /// Keeps a block's keys and values, [B, N, heads, d], in half the memory where products are rounded anyway.
    fileprivate func keep(_ key: Tensor, _ value: Tensor, at block: Int, _ precision: Precision) {
        // A part of a tensor may be a view that holds all of it: what is kept is a copy.
        func small(_ tensor: Tensor) -> Tensor {
            precision == .f32 ? .concatenated([tensor], axis: 1) : tensor.asType(.bf16)
        }
        let pair = (key: small(key), value: small(value))
        kept.withLock { $0[block] = pair }
    }

    /// A block's keys and values; nil where it left none.
    fileprivate func pair(at block: Int) -> (key: Tensor, value: Tensor)? { kept.withLock { $0[block] } }
}

/// Gives the keys and values that a block's tokens attend to, of their own, turned by their positions, and what attention rounds them to.
///
/// Both are sequences in parts, [B, L, heads, d] each.
typealias AttendedKeys = (_ keys: [Tensor], _ values: [Tensor], _ precision: Precision) -> (
    keys: [Tensor], values: [Tensor]
)

extension TextContext {
    /// The pictures whose tokens a network of so many blocks runs: none where their keys and values have been kept.
    func shownReferences(blocks: Int) -> [Tensor] {
        referenceCache?.isComplete(blocks: blocks) == true ? [] : references
    }
}

/// What attention does in one evaluation about the pictures that a model looks at.
struct ReferenceKeys: Sendable {
    private let cache: ReferenceCache
    private let tokens: Int

    /// - Parameters:
    ///   - cache: the run's; nil where nothing is kept, and there are no such keys.
    ///   - tokens: how many tokens at the end of the sequence are the pictures'; 0 where what was kept stands for them.
    init?(_ cache: ReferenceCache?, tokens: Int) {
        guard let cache else { return nil }
        (self.cache, self.tokens) = (cache, tokens)
    }

    /// What the block at a place among all of the network attends to: its own keys and values, kept for later, or with those that were
    /// kept behind them.
    func attended(at block: Int) -> AttendedKeys { { attended($0, $1, at: block, $2) } }

    private func attended(
        _ keys: [Tensor], _ values: [Tensor], at block: Int, _ precision: Precision
    ) -> (keys: [Tensor], values: [Tensor]) {
        if tokens > 0, let key = keys.last, let value = values.last {
            let places = key.shape[1] - tokens..<key.shape[1]
            cache.keep(
                key.narrowed(axis: 1, places), value.narrowed(axis: 1, places), at: block, precision)
            return (keys, values)
        }
        guard let kept = cache.pair(at: block) else { return (keys, values) }
        return (keys + [kept.key], values + [kept.value])
    }
}
