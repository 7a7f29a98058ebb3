import DioramaGraph
import DioramaModels
import DioramaSampling
import DioramaTensor

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Loads a diffusion model, its text encoder and its autoencoder.
struct CheckpointLoaderSimple: Node {
    static let spec = NodeSpec(
        "CheckpointLoaderSimple", title: "Load Checkpoint", category: "model/loaders",
        "Loads a diffusion model with its text encoder and its autoencoder: a model folder in diffusers' layout (one with a "
            + "model_index.json), or one file that holds all three. Weights are mapped into memory and used in place.",
        lane: .io, searchAliases: ["model", "diffusers", "safetensors"])

    @Input(
        "A model folder or file below the checkpoints folder; folders also below the diffusers or the models folder.",
        options: { $0.folders.models(in: kinds, includingRoots: true, where: isModel) },
        refusal: WeightsChoice.checkpoints.refusal)
    var ckptName: String

    @Input(PrecisionChoice.help, options: PrecisionChoice.names, optional: true, advanced: true)
    var precision = PrecisionChoice.automatic

    @Output("The diffusion model.") var model: Model
    @Output("The text encoder with its tokenizer.") var clip: CLIP
    @Output("The autoencoder between pixels and latents.") var vae: VAE

    static let kinds = WeightsChoice.checkpoints.kinds

    private static func isModel(_ url: URL) -> Bool {
        FileManager.default.fileExists(
            atPath: url.appending(path: "model_index.json").path(percentEncoded: false))
            || WeightsChoice.isWeights(url)
    }

    func run(_ context: RunContext) async throws {
        let folder = try context.folders.model(ckptName, in: Self.kinds, includingRoots: true)
        guard !WeightsChoice.isWeights(folder) else { return try load(file: folder, context) }
        let checkpoint = try ModelCatalog.builtin.load(
            folder, on: context.resource(Device.self),
            precision: context.environment.precision(precision))
        for note in checkpoint.notes { context.notice(note) }
        model = Model(
            network: checkpoint.model,
            sampling: try ModelSampling(checkpoint.schedule),
            latentFormat: checkpoint.autoencoder.config.latentFormat)
        clip = CLIP(encoder: checkpoint.textEncoder)
        vae = VAE(autoencoder: checkpoint.autoencoder)
    }

    /// Loads the parts of one file.
    private func load(file: URL, _ context: RunContext) throws {
        let checkpoint = try CheckpointFile(
            file, models: context.folders.models, on: context.resource(Device.self),
            precision: context.environment.precision(precision))
        for note in checkpoint.notes { context.notice(note) }
        model = try Model(checkpoint.diffusion)
        clip = CLIP(encoder: checkpoint.textEncoder)
        vae = VAE(autoencoder: checkpoint.autoencoder)
    }

    func fingerprint(_ environment: RunEnvironment) throws -> String? {
        guard let name = $ckptName.literal else { return nil }
        let folder = try environment.folders.model(name, in: Self.kinds, includingRoots: true)
        let identity = try FileIdentity(of: folder).description
        let wanted = environment.precision(precision)
        return wanted.map { "\(identity) in \($0.rawValue)" } ?? identity
    }
}
