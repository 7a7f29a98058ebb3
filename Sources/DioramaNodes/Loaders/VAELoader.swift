import DioramaGraph
import DioramaModels
import DioramaTensor

/// Loads an autoencoder from a file of its own.
struct VAELoader: Node {
    static let spec = NodeSpec(
        "VAELoader", title: "Load VAE", category: "model/loaders",
        "Loads an autoencoder from one safetensors file of the vae folder, or a tiny one (taesd, taesdxl, taesd3, taef1, taef2) from its "
            + "encoder and its decoder in the vae_approx folder. Weights are mapped into memory and used in place.",
        lane: .io, searchAliases: ["autoencoder", "ae", "taesd"])

    @Input(
        "A file of the vae folder, or the name of a tiny autoencoder.",
        options: { WeightsChoice.autoencoders.names($0) + TinyAutoencoders.names($0.folders) },
        refusal: {
            TinyAutoencoders.refusal($0, $1.folders) ?? WeightsChoice.autoencoders.refusal($0, $1)
        })
    var vaeName: String

    @Input(PrecisionChoice.help, options: PrecisionChoice.names, optional: true, advanced: true)
    var precision = PrecisionChoice.automatic

    @Output("The autoencoder between pixels and latents.") var vae: VAE

    func run(_ context: RunContext) async throws {
        let device = try context.resource(Device.self)
        let precision = context.environment.precision(precision)
        let (autoencoder, notes): (any Autoencoder, [String])
        if let tiny = try TinyAutoencoders.file(vaeName, context.folders) {
            (autoencoder, notes) = try tiny.load(on: device, precision: precision, named: vaeName)
        } else {
            let source = try WeightsChoice.autoencoders.open(vaeName, context)
            if let tiny = TinyAutoencoderFile(source) {
                (autoencoder, notes) = try tiny.load(on: device, precision: precision)
            } else {
                (autoencoder, notes) = try AutoencoderFile(source).load(on: device, precision: precision)
            }
        }
        for note in notes { context.notice(note) }
        vae = VAE(autoencoder: autoencoder)
    }

    func fingerprint(_ environment: RunEnvironment) throws -> String? {
        if let name = $vaeName.literal, let files = TinyAutoencoders.files(name, environment.folders) {
            let identity = try [files.decoder, files.encoder].compactMap { $0 }.map {
                try FileIdentity(of: $0).description
            }
            let wanted = environment.precision(precision).map { ["in \($0.rawValue)"] } ?? []
            return (identity + wanted).joined(separator: " ")
        }
        return try WeightsChoice.autoencoders.fingerprint([$vaeName.literal], precision, environment)
    }
}
