import DioramaNN
public import DioramaTensor
public import DioramaWeights

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The U-Net of Stable Diffusion 1 and 2, also as Lotus uses it: residual blocks and transformers over feature maps of falling and
/// rising resolution, those on the way up beside those on the way down.
///
/// Rombach et al., [High-Resolution Image Synthesis with Latent Diffusion Models](https://arxiv.org/abs/2112.10752); He et al.,
/// [Lotus](https://arxiv.org/abs/2409.18124). Names as in diffusers' `UNet2DConditionModel`; files of the original implementation
/// are read in place.
public struct UNet: DiffusionModel {
    /// Its shape.
    public let config: UNetConfig

    private let timeEmbedder: ConditionEmbedder
    private let taskEmbedder: ConditionEmbedder?
    private let input: Conv2d
    private let down: [UNetDownLevel]
    private let middle: UNetMiddle
    private let up: [UNetUpLevel]
    private let norm: GroupNorm
    private let output: Conv2d

    /// Under which names files have its tensors.
    public static func names(_ config: UNetConfig, prefix: String = "") -> TensorNames {
        UNetNames.tensors(layers: config.layersPerLevel, attention: config.hasAttention, prefix: prefix)
    }

    /// Takes the weights; throws where any is missing or of another shape.
    public init(_ w: Weights, _ config: UNetConfig) throws {
        self.config = config
        let (levels, finest) = (config.channels.indices, config.channels[0])
        timeEmbedder = try ConditionEmbedder(w["time_embedding"], from: finest, to: config.timeWidth)
        taskEmbedder = try config.classWidth.map { width in
            guard width == Self.task.count else {
                throw WeightsError(
                    w.place, "is told of a class by \(width) numbers; known are Lotus' \(Self.task.count)")
            }
            return try ConditionEmbedder(w["class_embedding"], from: width, to: config.timeWidth)
        }
        input = try Conv2d(w["conv_in"], from: config.inputChannels, to: finest, kernel: 3, padding: 1)
        down = try levels.map { try UNetDownLevel(w["down_blocks"][$0], level: $0, config) }
        middle = try UNetMiddle(
            w["mid_block"], channels: config.channels[levels.count - 1],
            heads: config.heads[levels.count - 1],
            config)
        up = try levels.map { try UNetUpLevel(w["up_blocks"][$0], index: $0, config) }
        norm = try config.norm(w["conv_norm_out"], finest, eps: UNetConfig.residualEps)
        output = try Conv2d(w["conv_out"], from: finest, to: config.outputChannels, kernel: 3, padding: 1)
    }

    /// The number of channels its latents have.
    public var latentChannels: Int { config.inputChannels }

    /// Throws `ModelInputError` where latent and text are not of the shapes the model takes.
    public func check(latent: Shape, context: TextContext) throws {
        try checkFlowInput(
            latent, context, channels: config.inputChannels, textWidth: config.contextWidth)
    }

    /// What Lotus is asked for, (1, 0): what the picture is annotated with, such as its depth; (0, 1) would be the picture again.
    ///
    /// Sines of both numbers, then cosines.
    private static let task: [Float] = [sinf(1), sinf(0), cosf(1), cosf(0)]

    /// The prediction for `latent`, [B, C, H, W], at `timestep` [B] in 0...999: [B, C', H, W].
    ///
    /// Hooks do not reach its blocks, whose feature maps differ in shape. Throws what `check` throws.
    public func callAsFunction(
        _ latent: Tensor, timestep: Tensor, context: TextContext, through runner: BlockRunner
    ) throws -> Tensor {
        try evaluated(latent, timestep: timestep, context: context) { _, _ in }
    }

    /// The prediction; `onLevel` is told what comes out of each part, by its name in diffusers, in order.
    package func evaluated(
        _ latent: Tensor, timestep: Tensor, context: TextContext, onLevel: (String, Tensor) -> Void
    ) throws -> Tensor {
        try check(latent: latent.shape, context: context)
        let conditions = UNetConditions(time: silu(embedded(timestep)), text: context.unfolded)
        var x = input.same(latent, storage: .f32)
        var skips = [x]
        for (index, level) in down.enumerated() {
            x = level(x, conditions, skips: &skips)
            onLevel("down_blocks.\(index)", x)
        }
        x = middle(x, conditions)
        onLevel("mid_block", x)
        for (index, level) in up.enumerated() {
            x = level(x, conditions, skips: &skips)
            onLevel("up_blocks.\(index)", x)
        }
        return output.same(x, ConvPrologue(affine: norm.affine(x), silu: true), storage: .f32)
    }

    /// The vector of time and task, [B, T].
    private func embedded(_ timestep: Tensor) -> Tensor {
        let time = timeEmbedder(timestepSinusoids(timestep, width: config.channels[0]))
        guard let taskEmbedder else { return time }
        return time + taskEmbedder(Tensor(Self.task, [1, Self.task.count], on: timestep.device))
    }
}
