import DioramaGraph
package import DioramaModels
package import DioramaSampling
import DioramaTensor

/// Loads a diffusion model from a file of its own.
struct UNETLoader: Node {
    static let spec = NodeSpec(
        "UNETLoader", title: "Load Diffusion Model", category: "model/loaders",
        "Loads a diffusion model from one file (safetensors or GGUF) of the diffusion_models folder; its family is known by its "
            + "tensors. Weights are mapped into memory and used in place.",
        lane: .io, searchAliases: ["unet", "dit", "transformer", "gguf", "flux", "z-image"])

    @Input(
        "A file of the diffusion_models folder.", options: WeightsChoice.diffusionModels.names,
        refusal: WeightsChoice.diffusionModels.refusal)
    var unetName: String
    @Input(
        "Kept for ComfyUI's graphs: weights are used as they are stored.",
        options: ["default", "fp8_e4m3fn", "fp8_e4m3fn_fast", "fp8_e5m2"], advanced: true)
    var weightDtype = "default"

    @Input(PrecisionChoice.help, options: PrecisionChoice.names, optional: true, advanced: true)
    var precision = PrecisionChoice.automatic

    @Output("The diffusion model.") var model: Model

    func run(_ context: RunContext) async throws {
        let file = try DiffusionFile(WeightsChoice.diffusionModels.open(unetName, context))
        let part = try file.load(
            on: context.resource(Device.self),
            precision: context.environment.precision(precision))
        for note in part.notes { context.notice(note) }
        model = try Model(part)
    }

    func fingerprint(_ environment: RunEnvironment) throws -> String? {
        try WeightsChoice.diffusionModels.fingerprint([$unetName.literal], precision, environment)
    }
}

extension Model {
    /// A loaded diffusion model, sampled as its family usually is.
    init(_ part: DiffusionPart) throws {
        self.init(
            network: part.model, sampling: try ModelSampling(part.schedule), latentFormat: part.latentFormat)
    }
}

extension ModelSampling {
    /// The noise levels of a family.
    package init(_ schedule: NoiseSchedule) throws {
        switch schedule {
        case .flow(let shift, let timeScale): self = try .flow(shift: shift, multiplier: timeScale)
        case .flux(let shift): self = try .flux(shift: shift)
        case .epsilon(let start, let end):
            self = try .epsilon(betaStart: start, betaEnd: end, spacing: .even)
        case .picture(let start, let end):
            self = try .epsilon(betaStart: start, betaEnd: end, predictsPicture: true)
        }
    }
}
