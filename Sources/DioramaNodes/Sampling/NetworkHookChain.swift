import DioramaModels
import DioramaTensor
import Synchronization

/// A model's network hooks in one run of a sampler; a later one stands around the earlier ones.
final class NetworkHookChain: Sendable {
    private let hooks: [any NetworkHook]
    private let rounds = Mutex(0)

    /// Makes the hooks for a run.
    init(_ model: Model) { hooks = model.networkHooks.map { $0(model.sampling) } }

    /// What the hooks tell of the run.
    var notices: [String] { hooks.compactMap(\.notice) }

    /// Counts the predictions of the run: 0, 1, 2.
    func nextRound() -> Int {
        rounds.withLock { rounds in
            defer { rounds += 1 }
            return rounds
        }
    }

    /// The network's output, through all hooks; throws what they and the network throw, and an error for a wrong shape.
    func callAsFunction(
        _ call: NetworkCall, _ network: ([BlockHook]) throws -> Tensor
    ) throws -> Tensor {
        try pass(call, through: hooks[...], adding: [], network)
    }

    private func pass(
        _ call: NetworkCall, through hooks: ArraySlice<any NetworkHook>, adding added: [BlockHook],
        _ network: ([BlockHook]) throws -> Tensor
    ) throws -> Tensor {
        guard let outermost = hooks.last else { return try network(added) }
        let output = try outermost(call) { more in
            try pass(call, through: hooks.dropLast(), adding: added + more, network)
        }
        guard output.shape == call.input.shape, output.device == call.input.device else {
            throw ModelInputError(
                "a network hook gives \(output.shape) on \(output.device) where \(call.input.shape) on "
                    + "\(call.input.device) is expected")
        }
        return output
    }
}
