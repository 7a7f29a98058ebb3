import DioramaGraph
import DioramaModels

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Whether prompts come from text encoders that a model takes, told by the headers of files before anything runs.
enum EncoderFit {
    /// The first problem of a node that asks a model with prompts; none where the graph does not tell.
    ///
    /// - Parameters:
    ///   - node: the node.
    ///   - model: the name of the input with the model.
    ///   - prompts: the names of those with prompts.
    ///   - environment: folders, and what was found before.
    /// - Returns: one problem at most: prompts mostly come from the same encoder.
    static func problems(
        _ node: SourceNode, model: String, prompts: [String], _ environment: RunEnvironment
    ) -> [InputProblem] {
        let files = environment.resources[EncoderFacts.self] ?? EncoderFacts()
        guard let loader = node.source(of: model)?.origin(ofType: Model.portType),
            let fit = files.fit(of: loader, environment)
        else { return [] }
        return prompts.lazy.compactMap { prompt -> InputProblem? in
            guard
                let encoded = node.source(of: prompt)?.origin(ofType: Conditioning.portType),
                let clip = encoded.source(ofType: CLIP.portType)?.origin(ofType: CLIP.portType),
                let choice = files.choice(of: clip, environment), let problem = fit.problem(with: choice)
            else { return nil }
            return InputProblem(prompt, problem)
        }.prefix(1).map { $0 }
    }
}

/// The text encoders in files, and those that the diffusion models in files take; kept for the next graph.
package final class EncoderFacts: Sendable {
    private let kinds = HeaderFacts<[TextEncoderKind]>()
    private let fits = HeaderFacts<TextEncoderFit>()
    private let families = HeaderFacts<TextEncoderFiles.Family>()

    /// Knows none.
    package init() {}

    /// What the diffusion model that a loader loads takes; nil where the graph or the file does not tell.
    func fit(of loader: SourceNode, _ environment: RunEnvironment) -> TextEncoderFit? {
        loader.diffusionFile(environment).flatMap {
            fits.fact("model", of: $0) { try TextEncoderFit(DiffusionFile($0)) }
        }
    }

    /// The text encoders that a loader loads; nil where the graph or a file does not tell.
    func choice(of loader: SourceNode, _ environment: RunEnvironment) -> TextEncoderFit.Choice? {
        let type = loader.literal("type")?.string.flatMap(TextEncoderFiles.Family.init(rawValue:))
        let (family, inputs): (TextEncoderFiles.Family?, [String])
        switch loader.className {
        case CLIPLoader.spec.className: (family, inputs) = (type, ["clip_name"])
        case DualCLIPLoader.spec.className: (family, inputs) = (type, ["clip_name1", "clip_name2"])
        case TripleCLIPLoader.spec.className:
            (family, inputs) = (.sd3, ["clip_name1", "clip_name2", "clip_name3"])
        case CheckpointLoaderSimple.spec.className:
            let url = loader.file("ckpt_name", .checkpoints, environment)
            guard let url, let kinds = kinds(of: url),
                let family = families.fact("family", of: url, { try CheckpointFile.encoderFamily(of: $0) })
            else { return nil }
            return TextEncoderFit.Choice(kinds, as: family)
        default: return nil
        }
        guard let family else { return nil }
        let found = inputs.compactMap {
            loader.file($0, .textEncoders, environment).flatMap(kinds(of:))
        }
        guard found.count == inputs.count else { return nil }
        return TextEncoderFit.Choice(found.flatMap { $0 }, as: family)
    }

    private func kinds(of url: URL) -> [TextEncoderKind]? {
        kinds.fact("encoders", of: url) { FoundTextEncoder.all(in: $0).map(\.kind) }
    }
}
