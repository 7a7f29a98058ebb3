public import DioramaModels
public import DioramaSampling
public import DioramaTensor

/// A change to the evaluations of a network that may remember one for the next: it belongs to one run of a sampler.
///
/// A node adds to its `Model` how one is made; every run makes its own, so that runs at the same time know nothing of each other.
public protocol NetworkHook: Sendable {
    /// Gives what stands for the network's output, like `call.input`.
    ///
    /// - Parameters:
    ///   - call: what the network is asked.
    ///   - network: evaluates the network, with more hooks around the model's own; may be left alone.
    /// - Returns: the output, [B, C, H, W].
    /// - Throws: what `network` throws, or an error of its own that ends the run.
    func callAsFunction(_ call: NetworkCall, _ network: (_ adding: [BlockHook]) throws -> Tensor) throws
        -> Tensor

    /// What users are told of the run when it has ended, a sentence; nil for nothing.
    var notice: String? { get }
}

extension NetworkHook {
    /// Nothing.
    public var notice: String? { nil }
}

/// Makes a hook for a run, in which noise is measured in this way.
public typealias NetworkHookMaker = @Sendable (ModelSampling) -> any NetworkHook

/// One evaluation of a network in a run of a sampler.
public struct NetworkCall: Sendable {
    /// What goes into the network, [B, C, H, W]: a part for each conditioning, one after another on the first axis.
    public let input: Tensor
    /// The noise level.
    public let sigma: Float
    /// The conditionings that it is asked with: numbers that name them through the whole run.
    public let conditionings: [Int]
    /// Which prediction of the run it is a part of, from 0; a prediction may take a call for each conditioning.
    public let round: Int

    /// Describes an evaluation.
    ///
    /// - Parameters:
    ///   - input: what goes into the network, [B, C, H, W].
    ///   - sigma: the noise level.
    ///   - conditionings: numbers that name the conditionings through the whole run; each has a part of `input`.
    ///   - round: which prediction of the run it is a part of, from 0.
    public init(input: Tensor, sigma: Float, conditionings: [Int], round: Int) {
        self.input = input
        self.sigma = sigma
        self.conditionings = conditionings
        self.round = round
    }
}
