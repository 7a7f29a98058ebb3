import DioramaGraph
import DioramaModels

/// Steers by a picture what a model makes, whatever the prompt.
struct QwenImageDiffsynthControlnet: Node {
    static let spec = NodeSpec(
        "QwenImageDiffsynthControlnet", title: "Apply Qwen Image DiffSynth ControlNet",
        category: "model/patch/qwen",
        "Puts a ControlNet into a model, which it steers by a picture, such as its edges or its depth, whatever the prompt. Takes those "
            + "of Z-Image. Several of these nodes one behind the other add up.", lane: .io,
        searchAliases: ["controlnet", "z-image", "fun", "canny", "depth", "pose"], isExperimental: true)

    @Input("The model to change; the original stays as it is.") var model: Model
    @Input("The ControlNet; it must be made for the model.") var modelPatch: ModelPatch
    @Input("The model's autoencoder, which encodes the picture.") var vae: VAE
    @Input("What it looks at; scaled to the picture that is made, and cut around the middle.")
    var image: ImageBatch
    @Input("How strongly it steers; 0 leaves it out, less than 0 steers away.", in: -10...10, step: 0.01)
    var strength = 1.0
    @Input("What is made anew, 0 to 1, for ControlNets that look at a mask.") var mask: Mask?

    @Output("The model with the ControlNet.") var patched: Model

    func validate(_ environment: RunEnvironment, in node: SourceNode) -> [InputProblem] {
        ControlFit.problems(node, model: $model.name, patch: $modelPatch.name, environment)
    }

    func run(_ context: RunContext) async throws {
        let pictures = PatchPictures(shown: try context.pictures($image), mask: try context.masks($mask))
        patched = try context.patched(model, by: modelPatch, pictures, vae, strength: strength)
    }
}

/// Steers what a model makes by a picture, by the known part of one, or by both.
struct ZImageFunControlnet: Node {
    static let spec = NodeSpec(
        "ZImageFunControlnet", title: "Apply Z-Image Fun ControlNet", category: "model/patch/z-image",
        "Puts a ControlNet into a model, which it steers by a picture, such as its edges or its depth, by the known part of another, or by "
            + "both, whatever the prompt. Several of these nodes one behind the other add up.", lane: .io,
        searchAliases: ["controlnet", "z-image", "fun", "canny", "depth", "pose", "inpaint"],
        isExperimental: true)

    @Input("The model to change; the original stays as it is.") var model: Model
    @Input("The ControlNet; it must be made for the model.") var modelPatch: ModelPatch
    @Input("The model's autoencoder, which encodes the pictures.") var vae: VAE
    @Input("How strongly it steers; 0 leaves it out, less than 0 steers away.", in: -10...10, step: 0.01)
    var strength = 1.0
    @Input("What it looks at; scaled to the picture that is made, and cut around the middle.")
    var image: ImageBatch?
    @Input("A picture of which a part is known, for ControlNets that look at a mask; scaled as image is.")
    var inpaintImage: ImageBatch?
    @Input("What of it is made anew, 0 to 1; all where there is no mask.") var mask: Mask?

    @Output("The model with the ControlNet.") var patched: Model

    func validate(_ environment: RunEnvironment, in node: SourceNode) -> [InputProblem] {
        ControlFit.problems(node, model: $model.name, patch: $modelPatch.name, environment)
    }

    func run(_ context: RunContext) async throws {
        let pictures = PatchPictures(
            shown: try context.pictures($image), inpainted: try context.pictures($inpaintImage),
            mask: try context.masks($mask))
        patched = try context.patched(model, by: modelPatch, pictures, vae, strength: strength)
    }
}

/// What a node shows a ControlNet.
private struct PatchPictures {
    let shown: ImageBatch?
    var inpainted: ImageBatch?
    let mask: Mask?
}

extension RunContext {
    /// A model with one more ControlNet; unchanged where it does not count.
    ///
    /// - Throws: an error naming the input for a ControlNet of another model, an autoencoder whose latents it does not take, and where
    ///   there is no picture that it looks at.
    fileprivate func patched(
        _ model: Model, by patch: ModelPatch, _ pictures: PatchPictures, _ vae: VAE, strength: Double
    ) throws -> Model {
        if strength == 0 { return model }
        let (network, form) = (patch.network, patch.network.hint)
        do {
            try network.check(steers: model.network)
        } catch let error as ModelInputError {
            throw fail("model_patch", "does not fit: \(error)")
        }
        let channels = vae.autoencoder.latentChannels
        guard channels == form.channels else {
            throw fail(
                "vae",
                "gives latents of \(channels) channels, and this ControlNet looks at latents of \(form.channels): connect the autoencoder "
                    + "of the model that it was made for")
        }
        guard pictures.shown != nil || form.hasMask else {
            throw fail(
                "image", "is not connected, and this ControlNet looks at nothing else: connect a picture")
        }
        guard pictures.shown != nil || pictures.inpainted != nil else {
            throw fail(
                "image",
                "is not connected, and neither is inpaint_image: connect the picture that shall steer")
        }
        if !form.hasMask, pictures.inpainted != nil || pictures.mask != nil {
            notice(
                "this ControlNet looks at no mask and at one picture alone: inpaint_image and mask are left out; version 2.1 looks at them"
            )
        }
        var patched = model
        patched.controls.append(
            Control(
                network, images: pictures.shown, inpainted: form.hasMask ? pictures.inpainted : nil,
                mask: form.hasMask ? pictures.mask : nil, vae: vae, strength: strength))
        return patched
    }
}
