import DioramaModels
import DioramaSampling
import DioramaTensor
import Synchronization

/// EasyCache in one run of a sampler.
final class EasyCacheHook: NetworkHook {
    private let window: SigmaWindow
    private let isVerbose: Bool
    private let state: Mutex<State>

    private struct State {
        var cache: EasyCache
        var count = 0
        var skipped = 0
    }

    /// Skips in `window`, as long as predicted changes add up to less than `threshold`.
    init(threshold: Double, window: SigmaWindow, isVerbose: Bool) {
        self.window = window
        self.isVerbose = isVerbose
        state = Mutex(State(cache: EasyCache(threshold: threshold)))
    }

    func callAsFunction(
        _ call: NetworkCall, _ network: ([BlockHook]) throws -> Tensor
    ) throws -> Tensor {
        let isIn = window.contains(call.sigma)
        let known = state.withLock { state -> Tensor? in
            state.count += 1
            guard isIn else { return nil }
            let known = state.cache.output(for: call.input, of: call.conditionings, round: call.round)
            if known != nil { state.skipped += 1 }
            return known
        }
        if let known { return known }
        let output = try network([])
        if isIn {
            state.withLock { $0.cache.record(output, of: call.input, for: call.conditionings) }
        }
        return output
    }

    var notice: String? {
        state.withLock { state in
            var words = "EasyCache skipped the network in \(state.skipped) of \(state.count) calls"
            if isVerbose {
                func list(_ rates: [Float]) -> String {
                    rates.map { "\(($0 * 10_000).rounded() / 10_000)" }.joined(separator: " ")
                }
                words +=
                    "; changes of the calls made: \(list(state.cache.changes)); predicted from the third on: "
                words += list(state.cache.predictedChanges)
            }
            return words
        }
    }
}
