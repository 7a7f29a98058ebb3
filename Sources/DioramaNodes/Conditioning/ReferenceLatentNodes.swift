import DioramaGraph
import DioramaModels

/// Shows a model a picture beside the one it makes.
struct ReferenceLatent: Node {
    static let spec = NodeSpec(
        "ReferenceLatent", title: "Set Reference Latent", category: "model/conditioning",
        "Lets an editing model, such as Flux Kontext or FLUX.2, look at a picture. Several of these nodes one behind the other "
            + "show several pictures.", lane: .io, searchAliases: ["kontext", "edit", "reference"])

    @Input("The prompt.") var conditioning: Conditioning
    @Input("The picture, encoded by the model's autoencoder.") var latent: Latent?

    @Output("The prompt with the picture.") var shown: Conditioning

    func run(_ context: RunContext) {
        shown = conditioning.mapped { entry in
            if let latent { entry.references.append(latent.samples) }
        }
    }
}

/// Chooses how a model tells the pictures that it looks at apart.
struct FluxKontextMultiReferenceLatentMethod: Node {
    static let spec = NodeSpec(
        "FluxKontextMultiReferenceLatentMethod", title: "Edit Model Reference Method",
        category: "model/conditioning/flux",
        "Chooses where a model thinks the pictures are that it looks at: offset side by side, index each in a frame of its own, "
            + "uxo/uno behind its own picture, corner to corner, index_timestep_zero as index and always seen as at the end of sampling.",
        lane: .io, isExperimental: true)

    @Input("The prompt with its pictures.") var conditioning: Conditioning
    @Input("Where they are.", options: ["offset", "index", "uxo/uno", "index_timestep_zero"], advanced: true)
    var referenceLatentsMethod = "offset"

    @Output("The prompt with the choice.") var chosen: Conditioning

    func run(_ context: RunContext) {
        let method: ReferenceMethod =
            switch referenceLatentsMethod {
            case "index": .index
            case "uxo/uno": .uxo
            case "index_timestep_zero": .indexTimestepZero
            default: .offset
            }
        chosen = conditioning.mapped { $0.referenceMethod = method }
    }
}

/// Takes the guidance of a distilled model out of a prompt.
struct FluxDisableGuidance: Node {
    static let spec = NodeSpec(
        "FluxDisableGuidance", category: "model/conditioning/flux",
        "Lets a model that was distilled with guidance, such as Flux, follow a prompt without being told how strongly.",
        lane: .io)

    @Input("The prompt.") var conditioning: Conditioning

    @Output("The prompt without guidance.") var unguided: Conditioning

    func run(_ context: RunContext) {
        unguided = conditioning.mapped {
            $0.guidance = nil
            $0.isUnguided = true
        }
    }
}
