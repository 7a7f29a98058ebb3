public import DioramaGraph
public import DioramaTensor

/// A batch of latents in the autoencoder's own space: scale and shift are applied inside the sampler, as in ComfyUI.
public struct Latent: PortValue {
    /// The type's name on an edge.
    public static let portType: PortType = "LATENT"

    /// Latents, `[B, C, H, W]`, f32; all zero when empty.
    public var samples: Tensor

    /// For each item, its place in the noise stream of the seed; `nil` means 0, 1, 2, ...
    public var batchIndex: [Int]?

    /// What sampling may change: coverage 1 everything, 0 nothing, of any size; `nil` where all may change.
    public var noiseMask: Mask?

    /// Pixels that a cell covers each way: an empty latent is made of other cells for a model that has other ones.
    public var cell = 8

    /// Makes a batch of latents.
    public init(samples: Tensor, batchIndex: [Int]? = nil, noiseMask: Mask? = nil) {
        self.samples = samples
        self.batchIndex = batchIndex
        self.noiseMask = noiseMask
    }

    /// Whether every value is zero: such a latent only says a size, and takes the channel count of the model it meets.
    public var isEmpty: Bool { samples.withFloats { values in values.allSatisfy { $0 == 0 } } }

    /// Bytes that the value keeps alive.
    public var byteCount: Int { samples.count * samples.dtype.size + (noiseMask?.byteCount ?? 0) }
}
