public import DioramaTensor
public import DioramaWeights

/// A file with a ControlNet, known by its keys; those of Stable Diffusion 3 and 3.5 can be loaded.
public struct ControlNetFile: Sendable {
    /// What people call the family that it steers.
    public static let family = "Stable Diffusion 3"
    let shapes: FileShapes

    /// Finds the ControlNet in a file.
    ///
    /// - Parameter source: the file.
    /// - Throws: `WeightsError` that says what the file is, where it is known to be something else.
    public init(_ source: any TensorSource) throws {
        let steered = Self.steered(by: source)
        guard steered == Self.family else {
            let sentence = steered.map { "; it looks like \(Self.description(steering: $0))" }
            throw WeightsError(
                source.place,
                "holds no ControlNet known here\(sentence ?? FileGuess.sentence(source)); known are those of Stable Diffusion 3 and 3.5"
            )
        }
        shapes = FileShapes(source)
    }

    /// Its configuration, read off the shapes; throws `WeightsError` where they do not fit together, or it is not supported.
    public var config: SD3ControlNetConfig {
        get throws {
            try SD3ControlNetConfig(
                shapes.sd3ControlNetConfig(),
                isOriginal: shapes.hasFolder("transformer_blocks.0.adaLN_modulation."), values: values)
        }
    }

    /// Makes the ControlNet, its weights used in place.
    ///
    /// - Parameters:
    ///   - device: where it will run.
    ///   - precision: what layers round the terms of their products to; nil for what the weights are stored as.
    /// - Returns: the ControlNet, and what a person should know about the loading.
    /// - Throws: `WeightsError` where a tensor is missing or of another shape.
    public func load(
        on device: Device, precision: Precision? = nil
    ) throws -> (network: any ControlNetwork, notes: [String]) {
        let (made, weights) = try make(on: device, precision: precision)
        return (made, weights.noteOfUnused)
    }

    /// The ControlNet, and the weights it has taken.
    func make(on device: Device, precision: Precision? = nil) throws -> (SD3ControlNet, Weights) {
        let config = try config
        let weights = Weights(
            shapes.source, on: device, names: SD3ControlNet.names(config), precision: precision,
            keepsPacked: true)
        for place in ["control_type"] + (config.hasText ? [] : ["pos_embed.proj"]) { weights[place].skip() }
        return (try SD3ControlNet(weights, config), weights)
    }

    /// What Stability's files say they look at: 0 a blurred picture, 1 edges, 2 depth.
    private var values: ControlHint.Values {
        get throws {
            let key = "control_type"
            guard let info = shapes.source.info(key) else { return .asTheyAre }
            guard info.shape.count == 1, let type = info.type.readAs else {
                throw WeightsError(
                    shapes.source.place, "\(key) is \(info.type.rawValue) \(info.shape), expected one number")
            }
            let tensor = try shapes.source.tensor(key, on: .reference())
            let number = type.isFloat ? tensor.floats()[0] : Float(tensor.ints()[0])
            return switch number.rounded() {
            case 1: .edges
            case 2: .inverted
            default: .asTheyAre
            }
        }
    }
}

extension ControlNetFile {
    private typealias Mark = (start: String, family: String)

    /// Beginnings of keys that only ControlNets have; the first that fits counts.
    private static let marks: [Mark] = [
        ("after_proj_list.", "HunyuanDiT"), ("lora_controlnet", "Stable Diffusion XL (Control-LoRA)"),
        ("controlnet_cond_embedding.", "Stable Diffusion 1, 2 or XL"),
        ("input_hint_block.", "Stable Diffusion 1, 2 or XL"), ("zero_convs.", "Stable Diffusion 1, 2 or XL"),
        ("control_model.", "Stable Diffusion 1, 2 or XL"),
        ("controlnet_blocks.0.linear.", "FLUX.1 (MistoLine)"),
        ("controlnet_blocks.0.y_rms.", "Qwen-Image (DiffSynth)"),
        (ModelPatchFile.mark, ModelPatchFile.family),
    ]

    /// What tells apart those that have `controlnet_blocks`.
    private static let transformers: [Mark] = [
        ("double_blocks.", "FLUX.1 (XLabs)"), ("pos_embed_input.proj.", family),
        ("transformer_blocks.0.img_mlp.", "Qwen-Image"), ("controlnet_x_embedder.", "FLUX.1"),
    ]

    /// The family that a file's ControlNet steers; nil where it holds none.
    static func steered(by source: any TensorSource) -> String? {
        func first(of marks: [Mark]) -> String? {
            marks.first { mark in source.keys.contains { $0.hasPrefix(mark.start) } }?.family
        }
        if let found = first(of: marks) { return found }
        guard source.keys.contains(where: { $0.hasPrefix("controlnet_blocks.") }) else { return nil }
        return first(of: transformers) ?? "a family that is not known here"
    }

    /// What a file with the ControlNet of a family is, with advice: `a ControlNet of Qwen-Image, which is not supported`.
    static func description(steering steered: String) -> String {
        let advice =
            switch steered {
            case family: ": load it with Load ControlNet Model"
            case ModelPatchFile.family: ": load it with Load Model Patch"
            default: ", which is not supported"
            }
        return "a ControlNet of \(steered)\(advice)"
    }
}
