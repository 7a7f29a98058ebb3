public import DioramaTensor
public import DioramaWeights

/// Layer normalisation over the last axis, with learned weight and bias.
public struct LayerNorm: Sendable {
    private let weight: Tensor
    private let bias: Tensor
    private let eps: Float

    /// Takes `weight` and `bias`, [width] each.
    public init(_ w: Weights, width: Int, eps: Float) throws {
        weight = try w.tensor("weight", [width])
        bias = try w.tensor("bias", [width])
        self.eps = eps
    }

    /// [..., width] to the same.
    public func callAsFunction(_ x: Tensor) -> Tensor { layerNorm(x, weight: weight, bias: bias, eps: eps) }
}

/// Root-mean-square normalisation over the last axis, with a learned weight.
public struct RMSNorm: Sendable {
    /// [width].
    public let weight: Tensor
    /// Added to the mean square.
    public let eps: Float

    /// Takes `weight`, [width].
    public init(_ w: Weights, width: Int, eps: Float) throws {
        weight = try w.tensor("weight", [width])
        self.eps = eps
    }

    /// [..., width] to the same.
    public func callAsFunction(_ x: Tensor) -> Tensor { rmsNorm(x, weight: weight, eps: eps) }
}

/// Normalisation over groups of channels and all positions, with learned weight and bias.
public struct GroupNorm: Sendable {
    /// Number of groups the channels are split into.
    public let groups: Int
    /// [channels].
    public let weight: Tensor
    /// [channels].
    public let bias: Tensor
    /// Added to the variance.
    public let eps: Float

    /// Takes `weight` and `bias`, [channels] each; `groups` must divide `channels`.
    public init(_ w: Weights, channels: Int, groups: Int, eps: Float) throws {
        weight = try w.tensor("weight", [channels])
        bias = try w.tensor("bias", [channels])
        self.groups = groups
        self.eps = eps
    }

    /// [B, C, H, W] to the same.
    public func callAsFunction(_ x: Tensor) -> Tensor {
        groupNorm(x, groups: groups, weight: weight, bias: bias, eps: eps)
    }

    /// What it does to the channels of [B, C, H, W], or with channels last of [B, H, W, C]: the scales and shifts, [B, 2, C].
    public func affine(_ x: Tensor, layout: ImageLayout = .channelsFirst) -> Tensor {
        groupAffine(x, groups: groups, weight: weight, bias: bias, eps: eps, layout: layout)
    }
}
