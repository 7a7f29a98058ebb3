import DioramaTensor
public import DioramaWeights

/// The shape of a vision transformer of CLIP's kind, read off its tensors.
public struct CLIPVisionConfig: Sendable, Hashable {
    /// The two kinds.
    public enum Kind: Sendable, Hashable {
        /// CLIP: a token of its own speaks for the picture, and states are normed before the layers.
        case clip
        /// SigLIP: no such token; states are normed behind the layers.
        case sigLIP
    }

    /// The activation between the two layers of a perceptron.
    public enum Activation: Sendable, Hashable {
        /// x σ(1.702 x), of the original CLIP.
        case quickGELU
        /// The exact GELU, of OpenCLIP.
        case gelu
        /// The GELU by a hyperbolic tangent, of SigLIP.
        case geluTanh
    }

    /// Which kind it is.
    public let kind: Kind
    /// Width of the token states.
    public let width: Int
    /// Width between the two layers of a perceptron.
    public let innerWidth: Int
    /// Number of layers.
    public let layers: Int
    /// Number of attention heads, which divides `width`.
    public let heads: Int
    /// Side of a patch in pixels.
    public let patch: Int
    /// Patches along a side of the picture.
    public let side: Int
    /// Width of the projected state of the picture; nil for a model without projection.
    public let projection: Int?
    /// The activation.
    public let activation: Activation

    /// Reads the shape off the tensors.
    ///
    /// What they do not tell is as in published models, and as ComfyUI's configurations have it: heads are 64 wide, but no more than 16; a
    /// CLIP up to the width of CLIP-L, 1024, has the activation of the original, wider ones that of OpenCLIP.
    ///
    /// - Parameter w: the root of the file.
    /// - Throws: `WeightsError` where one is missing, or where they do not fit together.
    public init(shapesOf w: Weights) throws {
        let model = w["vision_model"]
        let patches = "embeddings.patch_embedding.weight"
        if model.shape(of: patches)?.rank == 2 {
            throw WeightsError(
                w.place, "is a SigLIP for pictures of any shape (NaFlex), which is not supported")
        }
        let kernel = try model.extents(of: patches, rank: 4)
        guard kernel[1] == 3, kernel[2] == kernel[3] else {
            throw WeightsError(
                w.place,
                "vision_model.\(patches) has shape \(Shape(kernel)), expected squares of pixels of 3 channels"
            )
        }
        (width, patch) = (kernel[0], kernel[2])
        kind = model.contains("embeddings.class_embedding") ? .clip : .sigLIP
        let positions = try model.extents(of: "embeddings.position_embedding.weight", rank: 2)[0]
        let count = positions - (kind == .clip ? 1 : 0)
        side = (1...4096).first { $0 * $0 >= count } ?? 0
        guard side > 0, side * side == count else {
            throw WeightsError(
                w.place, "has \(positions) positions, of which \(count) are no square of patches")
        }
        heads = max(min(width / 64, 16), 1)
        guard width.isMultiple(of: heads) else {
            throw WeightsError(
                w.place, "has states \(width) wide, which do not part into \(heads) attention heads")
        }
        innerWidth = try model.extents(of: "encoder.layers.0.mlp.fc1.weight", rank: 2)[0]
        layers = try model.layerCount { layer in
            ["mlp.fc1", "mlp.fc2", "layer_norm1"].map { "encoder.layers.\(layer).\($0).weight" }
        }
        projection =
            w.contains("visual_projection.weight")
            ? try w.extents(of: "visual_projection.weight", rank: 2)[0] : nil
        activation = kind == .sigLIP ? .geluTanh : width <= 1024 ? .quickGELU : .gelu
    }

    /// Added to the variance in layer norms.
    static let eps: Float = 1e-5

    /// How many tokens a picture has.
    public var tokens: Int { side * side + (kind == .clip ? 1 : 0) }

    /// Side in pixels of the square pictures that it is shown.
    ///
    /// Published ones are whole patches, but for SigLIP's of 27 patches of 14 pixels, which is shown 384: the last 6 are in no patch.
    public var pictureSide: Int { side == 27 && patch == 14 ? 384 : side * patch }

    /// What is taken from values of pictures, 0...1, a channel each.
    var means: [Float] { kind == .sigLIP ? [0.5, 0.5, 0.5] : [0.481_454_66, 0.457_827_5, 0.408_210_73] }

    /// What the rest is divided by.
    var deviations: [Float] {
        kind == .sigLIP ? [0.5, 0.5, 0.5] : [0.268_629_54, 0.261_302_58, 0.275_777_11]
    }

    /// The form of its layers.
    var form: CLIPLayer.Form {
        let function: LinearEpilogue.Activation =
            switch activation {
            case .quickGELU: .quickGELU
            case .gelu: .gelu
            case .geluTanh: .geluTanh
            }
        return CLIPLayer.Form(
            width: width, innerWidth: innerWidth, heads: heads, activation: function, eps: Self.eps,
            isCausal: false)
    }
}
