import DioramaModels
import DioramaSampling
import DioramaTensor
import Synchronization

/// First Block Cache in one run of a sampler: a cache for the conditionings of each call.
final class FirstBlockCacheHook: NetworkHook {
    private let options: BlockCache.Options
    private let window: SigmaWindow
    private let blocks: Int
    private let state = Mutex(State())

    private struct State {
        var caches: [[Int]: BlockCache] = [:]
        var count = 0
        var reused = 0
    }

    /// Leaves blocks out in `window`, of so many.
    init(_ options: BlockCache.Options, window: SigmaWindow, blocks: Int) {
        self.options = options
        self.window = window
        self.blocks = blocks
    }

    func callAsFunction(
        _ call: NetworkCall, _ network: ([BlockHook]) throws -> Tensor
    ) throws -> Tensor {
        let isIn = window.contains(call.sigma)
        let cache = state.withLock { state -> BlockCache? in
            state.count += 1
            guard isIn else { return nil }
            let cache = state.caches[call.conditionings] ?? BlockCache(options)
            state.caches[call.conditionings] = cache
            return cache
        }
        guard let cache else { return try network([]) }
        let output = try network([cache.hook()])
        if cache.reused { state.withLock { $0.reused += 1 } }
        return output
    }

    var notice: String? {
        state.withLock {
            "FirstBlockCache ran \(options.first + options.last) of \(blocks) blocks in \($0.reused) of \($0.count) calls"
        }
    }
}
