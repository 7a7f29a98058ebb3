/// What can be wrong with a request to sample, each as one sentence for the person who made it.
public enum SamplingError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A shift, multiplier or beta range from which no usable table of noise levels follows.
    case unusableParameters(type: String, parameters: String, advice: String)
    /// A sampler name that is not one of ComfyUI's.
    case unknownSampler(name: String, known: [String])
    /// A scheduler name that is not one of the nine.
    case unknownScheduler(name: String, known: [String])
    /// A sampler that follows the unconditional prediction was given none.
    case missingUnconditional(sampler: String)
    /// Noise levels over which a sampler cannot go.
    case unusableLevels(sampler: String, problem: String)
    /// A sampler that chooses its steps cannot get away from a noise level, or has asked too often on its way.
    case noWayOn(sampler: String, sigma: Float, evaluations: Int)
    /// A sampler that asks about, or gives, a latent that is not like the one it started with.
    case otherLatent(sampler: String, expected: String, found: String)
    /// A batch index of a latent that cannot be drawn.
    case batchIndexOutOfRange(Int, limit: Int)

    /// The sentence.
    public var description: String {
        switch self {
        case .unusableParameters(let type, let parameters, let advice):
            "The \(type) noise schedule with \(parameters) has no usable noise levels; \(advice)."
        case .unknownSampler(let name, let known):
            "There is no sampler “\(name)”; use one of: " + known.joined(separator: ", ") + "."
        case .unknownScheduler(let name, let known):
            "There is no scheduler “\(name)”; use one of: " + known.joined(separator: ", ") + "."
        case .missingUnconditional(let sampler):
            "The sampler “\(sampler)” follows the unconditional prediction, but the model was not asked for one; "
                + "connect a negative prompt or choose a sampler whose name does not end in cfg_pp."
        case .unusableLevels(let sampler, let problem):
            "The noise levels do not suit the sampler “\(sampler)”: it \(problem)."
        case .noWayOn(let sampler, let sigma, let evaluations):
            "The sampler “\(sampler)” has come no farther than noise level \(sigma) with \(evaluations) evaluations of the model; "
                + "allow larger errors (rtol, atol), start with longer steps (h_init), lower accept_safety, or choose "
                + "another sampler."
        case .otherLatent(let sampler, let expected, let found):
            "The sampler “\(sampler)” makes a latent \(found) from one \(expected); mend its formula so that shape, type "
                + "and device stay as they are."
        case .batchIndexOutOfRange(let index, let limit):
            "A latent says that it is item \(index) of its batch; items 0 to \(limit) can be drawn."
        }
    }
}
