import DioramaGraph
import DioramaModels
import DioramaTensor

/// Steers by a picture what a model makes.
struct ControlNetApplyAdvanced: Node {
    static let spec = NodeSpec(
        "ControlNetApplyAdvanced", title: "Apply ControlNet", category: "model/conditioning/controlnet",
        "Lets a ControlNet steer a model by a picture, such as its edges or its depth. Several of these nodes one behind the other "
            + "add up.", lane: .io, searchAliases: ["controlnet", "canny", "depth", "pose"])

    @Input("What the picture shall show.") var positive: Conditioning
    @Input("What the picture shall not show.") var negative: Conditioning
    @Input("The ControlNet; it must be made for the model that will be steered.") var controlNet: ControlNet
    @Input("What it looks at; scaled to the picture that is made, and cut around the middle.")
    var image: ImageBatch
    @Input("How strongly it steers; 0 leaves it out.", in: 0...10, step: 0.01) var strength = 1.0
    @Input("Where it begins to steer: 0 is pure noise.", in: 0...1, step: 0.001) var startPercent = 0.0
    @Input("Where it ceases to steer: 1 is the picture.", in: 0...1, step: 0.001) var endPercent = 1.0
    @Input("The model's autoencoder, which encodes the picture.") var vae: VAE?

    @Output("What the picture shall show, steered.", name: "positive") var positiveOut: Conditioning
    @Output("What the picture shall not show, steered.", name: "negative") var negativeOut: Conditioning

    func run(_ context: RunContext) throws {
        guard let vae else {
            throw context.fail(
                "vae",
                "is not connected, and this ControlNet looks at latents: connect the model's autoencoder")
        }
        let control = try context.control(
            controlNet, $image, vae, strength: strength, from: startPercent, to: endPercent)
        (positiveOut, negativeOut) = (positive.steered(by: control), negative.steered(by: control))
    }
}

/// Steers by a picture what a model makes; an older node.
struct ControlNetApplySD3: Node {
    static let spec = NodeSpec(
        "ControlNetApplySD3", title: "Apply Controlnet with VAE", category: "model/conditioning/controlnet",
        "Lets a ControlNet steer a model by a picture. ControlNetApplyAdvanced does the same.", lane: .io,
        isDeprecated: true)

    @Input("What the picture shall show.") var positive: Conditioning
    @Input("What the picture shall not show.") var negative: Conditioning
    @Input("The ControlNet; it must be made for the model that will be steered.") var controlNet: ControlNet
    @Input("The model's autoencoder, which encodes the picture.") var vae: VAE
    @Input("What it looks at; scaled to the picture that is made, and cut around the middle.")
    var image: ImageBatch
    @Input("How strongly it steers; 0 leaves it out.", in: 0...10, step: 0.01) var strength = 1.0
    @Input("Where it begins to steer: 0 is pure noise.", in: 0...1, step: 0.001) var startPercent = 0.0
    @Input("Where it ceases to steer: 1 is the picture.", in: 0...1, step: 0.001) var endPercent = 1.0

    @Output("What the picture shall show, steered.", name: "positive") var positiveOut: Conditioning
    @Output("What the picture shall not show, steered.", name: "negative") var negativeOut: Conditioning

    func run(_ context: RunContext) throws {
        let control = try context.control(
            controlNet, $image, vae, strength: strength, from: startPercent, to: endPercent)
        (positiveOut, negativeOut) = (positive.steered(by: control), negative.steered(by: control))
    }
}

extension RunContext {
    /// A ControlNet with pictures; nil where it does not count.
    ///
    /// - Throws: an error naming the input for values that are no pictures, and an autoencoder whose latents it does not take.
    fileprivate func control(
        _ controlNet: ControlNet, _ images: InputReference<ImageBatch>, _ vae: VAE, strength: Double,
        from start: Double, to end: Double
    ) throws -> Control? {
        if strength == 0 { return nil }
        let (channels, wanted) = (vae.autoencoder.latentChannels, controlNet.network.hint.channels)
        guard channels == wanted else {
            throw fail(
                "vae",
                "gives latents of \(channels) channels, and this ControlNet looks at latents of \(wanted): connect the autoencoder "
                    + "of the model that it was made for")
        }
        return Control(
            controlNet.network, images: try pictures(images), vae: vae, strength: strength, from: start,
            to: end)
    }
}

extension Conditioning {
    /// The same with one more ControlNet; unchanged without.
    fileprivate func steered(by control: Control?) -> Conditioning {
        guard let control else { return self }
        return mapped { $0.controls.append(control) }
    }
}
