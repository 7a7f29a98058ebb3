import DioramaGraph
import DioramaModels
import DioramaSampling
import DioramaTensor

/// The walk of one job, or of several that agree as one batch.
struct JobWalk {
    /// One, or several of one ``SamplingJob/Kinship``.
    let jobs: [SamplingJob]
    /// Whether someone still waits for a job; the walk ends when no one waits for any.
    let isWanted: @Sendable (Int) -> Bool
    /// Told of a job whose latent is no longer finite; may throw to end the walk.
    ///
    /// The other jobs' latents do not depend on it.
    let onFailure: (Int, any Error) throws -> Void

    init(
        jobs: [SamplingJob], isWanted: @escaping @Sendable (Int) -> Bool,
        onFailure: @escaping (Int, any Error) throws -> Void
    ) {
        self.jobs = jobs
        self.isWanted = isWanted
        self.onFailure = onFailure
    }

    /// Walks.
    ///
    /// - Returns: where each job ended.
    /// - Throws: `CancellationError` when no one waits any more, `ModelInputError`, and what `onFailure` throws.
    func callAsFunction() throws -> [SampledLatents] {
        let first = jobs[0]
        let model = first.guider.model
        let start = joined(\.start)
        var guider = first.guider
        guider.positive = try prompt(\.positive)
        guider.negative = jobs.count == 1 || first.asksNegative ? try prompt(\.negative) : Conditioning([])
        let guided = try GuidedModel(
            guider, latent: start.shape, sigmas: first.sigmas, coverage: first.coverage,
            needsUnconditional: first.sampler.needsUnconditional, onBlock: reporter)
        for query in guided.queries {
            try model.network.check(latent: query.latent, context: query.context)
        }

        let previewer = LatentPreviewer(model, first.context.environment, notice: first.context.notice)
        report(0, of: max(0, first.sigmas.count - 1))
        var seen: Tensor?
        let end = try first.sampler.sample(
            latent: start, noise: joined(\.noise), sigmas: first.sigmas, model: model.sampling,
            stepNoise: NoiseSource(seeds: jobs.map(\.seed)), mask: first.mask
        ) { x, sigma in
            try checkIsWanted()
            return try guided(x, sigma: sigma)
        } onStep: { step in
            try checkFinite(step)
            seen = step.denoised
            if let previewer { show(step, previewer) }
            report(step.index + 1, of: step.count)
        }
        for notice in guided.notices { first.context.notice(notice) }
        return zip(parts(end), parts(seen ?? end)).map { SampledLatents(end: $0, seen: $1) }
    }

    // MARK: Batches

    private func joined(_ tensor: KeyPath<SamplingJob, Tensor>) -> Tensor {
        jobs.count == 1
            ? jobs[0][keyPath: tensor] : .concatenated(jobs.map { $0[keyPath: tensor] }, axis: 0)
    }

    private func parts(_ batch: Tensor) -> [Tensor] {
        jobs.count == 1 ? [batch] : batch.chunked(into: jobs.count, axis: 0)
    }

    /// The prompts of all jobs as one conditioning, with a text for each latent.
    private func prompt(_ prompt: KeyPath<Guider, Conditioning>) throws -> Conditioning {
        guard jobs.count > 1 else { return jobs[0].guider[keyPath: prompt] }
        let contexts = jobs.flatMap { job in
            job.guider[keyPath: prompt].entries.map { $0.context.repeated(job.start.shape[0]) }
        }
        guard let batch = TextContext.batch(contexts) else {
            throw ModelInputError("the prompts are not of one shape")
        }
        return Conditioning([batch])
    }

    // MARK: Each job's own

    private func checkIsWanted() throws {
        guard jobs.indices.contains(where: isWanted) else { throw CancellationError() }
    }

    private var reporter: @Sendable (BlockReport) throws -> Void {
        let contexts = jobs.map(\.context)
        let isWanted = isWanted
        return { block in
            let wanted = contexts.indices.filter(isWanted)
            if wanted.isEmpty { throw CancellationError() }
            for index in wanted { contexts[index].report(WorkUnit(block)) }
        }
    }

    private func report(_ step: Int, of total: Int) {
        for (index, job) in jobs.enumerated() where isWanted(index) { job.context.progress(step, of: total) }
    }

    private func show(_ step: SamplingStep, _ previewer: LatentPreviewer) {
        for (index, latent) in parts(step.denoised).enumerated() where isWanted(index) {
            if let preview = previewer.preview(latent, after: step.index + 1, of: step.count) {
                jobs[index].context.preview(preview)
            }
        }
    }

    private func checkFinite(_ step: SamplingStep) throws {
        if step.x.allFinite { return }
        for (index, latent) in parts(step.x).enumerated() where isWanted(index) && !latent.allFinite {
            try onFailure(index, NonFiniteLatent(step: step.index + 1, of: step.count))
        }
    }
}
