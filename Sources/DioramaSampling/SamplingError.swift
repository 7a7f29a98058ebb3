/// What can be wrong with a request to sample, each as one sentence for the person who made it.
public enum SamplingError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A shift, multiplier or beta range from which no usable table of noise levels follows.
    case unusableParameters(type: String, parameters: String, advice: String)
    /// A sampler that ComfyUI has but this room has not.
    case unsupportedSampler(name: String, implemented: [String])
    /// A sampler name that nobody has.
    case unknownSampler(name: String, implemented: [String])
    /// A scheduler name that is not one of the nine.
    case unknownScheduler(name: String, known: [String])
    /// A sampler that follows the unconditional prediction was given none.
    case missingUnconditional(sampler: String)
    /// A batch index of a latent that cannot be drawn.
    case batchIndexOutOfRange(Int, limit: Int)

    /// The sentence.
    public var description: String {
        switch self {
        case .unusableParameters(let type, let parameters, let advice):
            "The \(type) noise schedule with \(parameters) has no usable noise levels; \(advice)."
        case .unsupportedSampler(let name, let implemented):
            "The sampler “\(name)” is known but not implemented; use one of: "
                + implemented.joined(separator: ", ") + "."
        case .unknownSampler(let name, let implemented):
            "There is no sampler “\(name)”; use one of: " + implemented.joined(separator: ", ") + "."
        case .unknownScheduler(let name, let known):
            "There is no scheduler “\(name)”; use one of: " + known.joined(separator: ", ") + "."
        case .missingUnconditional(let sampler):
            "The sampler “\(sampler)” follows the unconditional prediction, but the model was not asked for one; "
                + "connect a negative prompt or choose a sampler whose name does not end in cfg_pp."
        case .batchIndexOutOfRange(let index, let limit):
            "A latent says that it is item \(index) of its batch; items 0 to \(limit) can be drawn."
        }
    }
}
