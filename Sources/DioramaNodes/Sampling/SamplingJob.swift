import DioramaGraph
import DioramaModels
import DioramaSampling
import DioramaTensor

/// A run of a sampler with everything that it walks with: prompts, noise levels and the latent, noise and mask as tensors.
struct SamplingJob: Sendable {
    let guider: Guider
    let sampler: Sampler
    let sigmas: [Float]
    /// For the noise of the steps.
    let seed: UInt64
    /// The latent as the model has it, `[B, C, H, W]`.
    let start: Tensor
    /// The starting noise, of the same shape.
    let noise: Tensor
    let mask: SamplingMask?
    /// What may change, [B, 1, H, W], as models are shown it that make a part of a picture anew; nil where everything may.
    let coverage: Tensor?
    /// Progress and cancellation.
    let context: RunContext

    /// Walks by itself.
    ///
    /// - Returns: where it ended.
    /// - Throws: what ``SamplingRun`` throws.
    func sampledAlone() throws -> SampledLatents {
        let walk = JobWalk(jobs: [self]) { _ in
            !context.isCancelled
        } onFailure: { _, error in
            throw error
        }
        return try walk()[0]
    }

    /// What must be equal for jobs to be walked as one batch; nil where the job must be walked by itself.
    var kinship: Kinship? {
        let model = guider.model
        guard sampler.walksBatchesApart, mask == nil, model.blockHooks.isEmpty, model.guidance.isEmpty,
            model.networkHooks.isEmpty, model.controls.isEmpty, guider.third == nil,
            let positive = Kinship.Prompt(guider.positive)
        else { return nil }
        var negative: Kinship.Prompt?
        if asksNegative {
            guard let prompt = Kinship.Prompt(guider.negative) else { return nil }
            negative = prompt
        }
        return Kinship(
            network: model.networkIdentity, sampling: model.sampling, sampler: sampler.name, sigmas: sigmas,
            scale: guider.scale, latent: start.shape, device: start.device, positive: positive,
            negative: negative)
    }

    /// Whether the model is asked with the negative prompt too, hooks aside.
    var asksNegative: Bool {
        Guidance(scale: guider.scale).needsUnconditional || sampler.needsUnconditional
    }

    /// What jobs of one batch have in common.
    struct Kinship: Equatable, Sendable {
        /// The form of an encoded text.
        struct Prompt: Equatable, Sendable {
            private let form: TextContext.Form

            /// The form of a conditioning; nil where it is more than one text that holds everywhere and always.
            init?(_ conditioning: Conditioning) {
                guard conditioning.entries.count == 1, let entry = conditioning.entries.first,
                    entry.percents == 0...1, entry.mask == nil, entry.strength == 1, entry.guidance == nil,
                    !entry.isUnguided,
                    entry.area == nil, entry.references.isEmpty, entry.inpainting == nil,
                    entry.controls.isEmpty
                else { return nil }
                form = entry.context.form
            }
        }

        let network: NetworkIdentity
        let sampling: ModelSampling
        let sampler: String
        let sigmas: [Float]
        let scale: Double
        let latent: Shape
        let device: Device
        let positive: Prompt
        /// Nil where the model is not asked with it.
        let negative: Prompt?

        static func == (a: Kinship, b: Kinship) -> Bool {
            a.network === b.network && a.sampler == b.sampler && a.scale == b.scale && a.latent == b.latent
                && a.device == b.device && a.positive == b.positive && a.negative == b.negative
                && a.sigmas == b.sigmas && a.sampling == b.sampling
        }
    }
}

/// Where a run of a sampler ended.
struct SampledLatents: Sendable {
    /// The latent at the last noise level, `[B, C, H, W]`.
    let end: Tensor
    /// The picture that the model saw in the last step, of the same shape.
    let seen: Tensor
}
