import DioramaModels
import DioramaTensor
import Synchronization

/// A network that knows the picture, a target of `[1, C, H, W]`, and notes how it is asked.
///
/// Its velocity leads from any noise straight to the picture.
struct ToyNetwork: DiffusionModel {
    /// One call of the network.
    struct Call: Sendable {
        /// The noisy latents, the model's times, and the first number of each conditioning.
        let latent: Tensor
        let times, prompts: [Float]
    }

    let target: Tensor
    /// The time that the network is told at sigma 1.
    let timesPerSigma: Float
    /// Told how many calls there were, after each.
    var onCall: @Sendable (Int) -> Void = { _ in }
    private let log = CallLog()

    var calls: [Call] { log.calls.withLock { $0 } }

    init(_ target: Tensor, timesPerSigma: Float = 1000) {
        self.target = target
        self.timesPerSigma = timesPerSigma
    }

    var latentChannels: Int { target.shape[1] }

    func check(latent: Shape, context: TextContext) throws {}

    func callAsFunction(
        _ latent: Tensor, timestep: Tensor, context: TextContext, through runner: BlockRunner
    ) throws -> Tensor {
        let times = timestep.floats()
        let call = Call(
            latent: latent, times: times,
            prompts: (0..<context.tokens.shape[0]).map { context.tokens[$0].floats()[0] })
        onCall(
            log.calls.withLock { calls in
                calls.append(call)
                return calls.count
            })
        // x = (1 - sigma) picture + sigma noise, so noise - picture is (x - picture) / sigma.
        let sigma = times[0] / timesPerSigma
        return (latent - target) / sigma
    }

    /// A text that the network tells from others by its number.
    static func prompt(_ number: Float, length: Int = 2, on device: Device) -> TextContext {
        TextContext(
            tokens: .full(number, [1, length, 3], on: device), pooled: .full(number, [1, 3], on: device))
    }
}

private final class CallLog: Sendable {
    let calls = Mutex<[ToyNetwork.Call]>([])
}
