import DioramaGraph
import DioramaModels
import DioramaTensor

/// Loads an autoencoder from a file of its own.
struct VAELoader: Node {
    static let spec = NodeSpec(
        "VAELoader", title: "Load VAE", category: "model/loaders",
        "Loads an autoencoder from one safetensors file of the vae folder. Weights are mapped into memory and used in place.",
        lane: .io, searchAliases: ["autoencoder", "ae"])

    @Input("A file of the vae folder.", options: WeightsChoice.autoencoders.names) var vaeName: String

    @Input(PrecisionChoice.help, options: PrecisionChoice.names, optional: true, advanced: true)
    var precision = PrecisionChoice.automatic

    @Output("The autoencoder between pixels and latents.") var vae: VAE

    func run(_ context: RunContext) async throws {
        let file = try AutoencoderFile(WeightsChoice.autoencoders.open(vaeName, context))
        let (autoencoder, notes) = try file.load(
            on: context.resource(Device.self),
            precision: context.environment.precision(precision))
        for note in notes { context.notice(note) }
        vae = VAE(autoencoder: autoencoder)
    }

    func fingerprint(_ environment: RunEnvironment) throws -> String? {
        try WeightsChoice.autoencoders.fingerprint([$vaeName.literal], precision, environment)
    }
}
