import DioramaGraph
import DioramaModels
import DioramaWeights

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Whether an autoencoder takes the latents that reach it, told by the headers of files before anything runs.
enum LatentFit {
    /// The problem of a node with an autoencoder that decodes a sampler's latents; none where the graph does not tell.
    static func problems(
        _ node: SourceNode, latent: String, vae: String, _ environment: RunEnvironment
    ) -> [InputProblem] {
        guard let loader = node.source(of: vae), let sampler = node.source(of: latent),
            let model = model(behind: sampler),
            case let files = environment.resources[LatentChannels.self] ?? LatentChannels(),
            let wanted = files.ofAutoencoder(loader, environment),
            let given = files.ofModel(model, environment), wanted != given
        else { return [] }
        return [
            InputProblem(
                vae,
                "the autoencoder takes latents of \(wanted) channels, but the model of the sampler makes them of \(given): load the "
                    + "autoencoder that belongs to the model")
        ]
    }

    /// The loader of the model that made a latent: through what changes latents, then through what changes models.
    private static func model(behind sampler: SourceNode) -> SourceNode? {
        var node: SourceNode? = sampler
        while let current = node {
            let guided = current.source(ofType: Guider.portType)
            if let model = (guided ?? current).source(ofType: Model.portType) {
                return model.origin(ofType: Model.portType)
            }
            node = current.source(ofType: Latent.portType)
        }
        return nil
    }
}

/// The channels of the latents of files that were looked into, kept for the next graph.
package final class LatentChannels: Sendable {
    private let headers = HeaderFacts<Int>()

    /// Knows none.
    package init() {}

    /// Those of the autoencoder that a loader loads; nil where the graph or the file does not tell.
    func ofAutoencoder(_ loader: SourceNode, _ environment: RunEnvironment) -> Int? {
        switch loader.className {
        case VAELoader.spec.className:
            guard let name = loader.literal("vae_name")?.string else { return nil }
            if let tiny = TinyAutoencoders.files(name, environment.folders) {
                return channels(of: tiny.decoder, "autoencoder") { TinyAutoencoderFile($0)?.latentChannels }
            }
            return file(name, WeightsChoice.autoencoders.kinds, "autoencoder", environment, Self.autoencoder)
        case CheckpointLoaderSimple.spec.className:
            return file(
                loader.literal("ckpt_name")?.string, CheckpointLoaderSimple.kinds, "autoencoder", environment,
                Self.autoencoder)
        default: return nil
        }
    }

    /// Those of the diffusion model that a loader loads; nil where the graph or the file does not tell.
    func ofModel(_ loader: SourceNode, _ environment: RunEnvironment) -> Int? {
        let (input, kinds): (String, [String])
        switch loader.className {
        case UNETLoader.spec.className: (input, kinds) = ("unet_name", WeightsChoice.diffusionModels.kinds)
        case CheckpointLoaderSimple.spec.className:
            (input, kinds) = ("ckpt_name", CheckpointLoaderSimple.kinds)
        default: return nil
        }
        return file(loader.literal(input)?.string, kinds, "model", environment) {
            try DiffusionFile($0).latentChannels
        }
    }

    private static func autoencoder(_ source: any TensorSource) throws -> Int? {
        try TinyAutoencoderFile(source)?.latentChannels ?? AutoencoderFile(source).config.latentChannels
    }

    private func file(
        _ name: String?, _ kinds: [String], _ role: String, _ environment: RunEnvironment,
        _ read: (any TensorSource) throws -> Int?
    ) -> Int? {
        guard let name, let url = try? environment.folders.model(name, in: kinds),
            WeightsChoice.isWeights(url)
        else { return nil }
        return channels(of: url, role, read)
    }

    private func channels(of url: URL, _ role: String, _ read: (any TensorSource) throws -> Int?) -> Int? {
        headers.fact(role, of: url, read)
    }
}
