import DioramaGraph
import DioramaTensor

/// Adds latents value by value.
struct LatentAdd: Node {
    static let spec = NodeSpec(
        "LatentAdd", category: "model/latent/advanced", "Adds two latents value by value.",
        searchAliases: ["sum"])

    @Input("The first latent; its size and its mask count.") var samples1: Latent
    @Input("What to add, scaled and cut to the size of the first.") var samples2: Latent

    @Output("The sum.") var latent: Latent

    func run(_ context: RunContext) async throws {
        latent = samples1.with(
            samples: samples1.samples + (try samples2.matched(to: samples1, $samples2, context)))
    }
}

/// Takes one latent from another value by value.
struct LatentSubtract: Node {
    static let spec = NodeSpec(
        "LatentSubtract", category: "model/latent/advanced",
        "Takes the second latent from the first value by value.", searchAliases: ["difference", "minus"])

    @Input("The first latent; its size and its mask count.") var samples1: Latent
    @Input("What to take away, scaled and cut to the size of the first.") var samples2: Latent

    @Output("The difference.") var latent: Latent

    func run(_ context: RunContext) async throws {
        latent = samples1.with(
            samples: samples1.samples - (try samples2.matched(to: samples1, $samples2, context)))
    }
}

/// Multiplies a latent.
struct LatentMultiply: Node {
    static let spec = NodeSpec(
        "LatentMultiply", category: "model/latent/advanced", "Multiplies every value of a latent.",
        searchAliases: ["scale", "amplify"])

    @Input("The latent.") var samples: Latent
    @Input("The factor.", in: -10...10, step: 0.01) var multiplier = 1.0

    @Output("The product.") var latent: Latent

    func run(_ context: RunContext) async throws {
        latent = samples.with(samples: samples.samples * Float(multiplier))
    }
}

/// Mixes latents by direction and length.
struct LatentInterpolate: Node {
    static let spec = NodeSpec(
        "LatentInterpolate", category: "model/latent/advanced",
        "Mixes two latents place by place: the direction of the channels and their length each on its own, so that the mix is "
            + "as strong as what it is made of.", searchAliases: ["blend", "mix", "lerp"])

    @Input("The first latent; its size and its mask count.") var samples1: Latent
    @Input("The second latent, scaled and cut to the size of the first.") var samples2: Latent
    @Input("1 is the first latent, 0 the second.", in: 0...1, step: 0.01) var ratio = 1.0

    @Output("The mix.") var latent: Latent

    func run(_ context: RunContext) async throws {
        let second = try samples2.matched(to: samples1, $samples2, context)
        let (one, two) = (Float(ratio), Float(1 - ratio))
        let lengths = (samples1.samples.channelLengths, second.channelLengths)
        let direction =
            samples1.samples.divided(byLengths: lengths.0) * one
            + second.divided(byLengths: lengths.1) * two
        latent = samples1.with(
            samples: direction.divided(byLengths: direction.channelLengths)
                * (lengths.0 * one + lengths.1 * two))
    }
}

/// Mixes latents value by value.
struct LatentBlend: Node {
    static let spec = NodeSpec(
        "LatentBlend", title: "Latent Blend", category: "experimental",
        "Mixes two latents value by value.", searchAliases: ["mix", "lerp"])

    @Input("The first latent; its size and its mask count.") var samples1: Latent
    @Input("The second latent, scaled and cut to the size of the first.") var samples2: Latent
    @Input("1 is the first latent, 0 the second.", in: 0...1, step: 0.01) var blendFactor = 0.5

    @Output("The mix.") var latent: Latent

    func run(_ context: RunContext) async throws {
        let second = try samples2.fitted(to: samples1, by: .bicubic, $samples2, context)
        let counts = (samples1.samples.shape[0], second.shape[0])
        guard counts.0 == counts.1 || counts.0 == 1 || counts.1 == 1 else {
            throw context.fail(
                $samples2,
                "has \(counts.1) latents and samples1 \(counts.0); there must be as many, or one on a side")
        }
        let factor = Float(blendFactor)
        latent = samples1.with(samples: samples1.samples * factor + second * (1 - factor))
    }
}

extension Latent {
    /// The values at the size of another latent and as many, as ComfyUI's arithmetic nodes take them; errors as `fitted`.
    fileprivate func matched(
        to other: Latent, _ input: InputReference<Latent>, _ context: RunContext
    ) throws -> Tensor {
        Self.repeated(try fitted(to: other, input, context), toCount: other.samples.shape[0])
    }
}

extension Tensor {
    /// The length of the channel vector at each place of [B, C, H, W]: [B, 1, H, W].
    var channelLengths: Tensor { sqrt((self * self).sum(axis: 1, keepDims: true)) }

    /// [B, C, H, W] over lengths [B, 1, H, W]; vectors without length stay zero.
    fileprivate func divided(byLengths lengths: Tensor) -> Tensor {
        self / lengths.clamped(.leastNormalMagnitude, .greatestFiniteMagnitude)
    }
}
