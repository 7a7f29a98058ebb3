import DioramaGraph
import DioramaModels

/// Whether ControlNets are for the model that they steer, told by the headers of files before anything runs.
enum ControlFit {
    /// The first problem of a node that asks a model with prompts, which may carry ControlNets; none where the graph does not tell.
    ///
    /// - Parameters:
    ///   - node: the node.
    ///   - model: the name of the input with the model.
    ///   - prompts: the names of those with prompts.
    ///   - environment: folders, and what was found before.
    /// - Returns: one problem at most: prompts mostly carry the same ControlNets.
    static func problems(
        _ node: SourceNode, model: String, prompts: [String], _ environment: RunEnvironment
    ) -> [InputProblem] {
        let facts = facts(environment)
        guard let model = facts.model(node.source(of: model), environment) else { return [] }
        return prompts.lazy.compactMap { prompt -> InputProblem? in
            var next = node.source(of: prompt)
            while let current = next {
                let loader = current.source(ofType: ControlNet.portType)?.origin(ofType: ControlNet.portType)
                if let problem = facts.fit(loader, environment)?.problem(steering: model) {
                    return InputProblem(prompt, problem)
                }
                next = current.source(ofType: Conditioning.portType)
            }
            return nil
        }.prefix(1).map { $0 }
    }

    /// The problem of a node that puts a ControlNet into a model; none where the graph does not tell.
    static func problems(
        _ node: SourceNode, model: String, patch: String, _ environment: RunEnvironment
    ) -> [InputProblem] {
        let facts = facts(environment)
        guard let model = facts.model(node.source(of: model), environment),
            let loader = node.source(of: patch)?.origin(ofType: ModelPatch.portType),
            let problem = facts.fit(loader, environment)?.problem(steering: model)
        else { return [] }
        return [InputProblem(patch, problem)]
    }

    private static func facts(_ environment: RunEnvironment) -> ControlFacts {
        environment.resources[ControlFacts.self] ?? ControlFacts()
    }
}

/// What the ControlNets and the diffusion models in files are; kept for the next graph.
package final class ControlFacts: Sendable {
    private let models = HeaderFacts<ControlNetFit.Model>()
    private let fits = HeaderFacts<ControlNetFit>()

    /// Knows none.
    package init() {}

    /// The diffusion model behind what changes it; nil where the graph or the file does not tell.
    func model(_ source: SourceNode?, _ environment: RunEnvironment) -> ControlNetFit.Model? {
        source?.origin(ofType: Model.portType).diffusionFile(environment).flatMap { url in
            models.fact("model", of: url) { try ControlNetFit.Model(DiffusionFile($0)) }
        }
    }

    /// What the ControlNet of a loader is for; nil where the graph or the file does not tell.
    func fit(_ loader: SourceNode?, _ environment: RunEnvironment) -> ControlNetFit? {
        switch loader?.className {
        case ControlNetLoader.spec.className:
            loader?.file("control_net_name", .controlNets, environment).flatMap { url in
                fits.fact("ControlNet", of: url) { try ControlNetFit(ControlNetFile($0)) }
            }
        case ModelPatchLoader.spec.className:
            loader?.file("name", .modelPatches, environment).flatMap { url in
                fits.fact("patch", of: url) { try ControlNetFit(ModelPatchFile($0)) }
            }
        default: nil
        }
    }
}
