public import DioramaTensor

/// Standard normal noise exactly as ComfyUI draws it with torch's generator on the CPU, for a seed.
///
/// A run draws from two streams: its starting noise from the seed itself (``start(seed:shape:batchIndex:on:)``), and the
/// noise that ancestral samplers add in each step from seed + 1 (``next(like:)``). As in torch, only the low 32 bits of
/// a seed matter.
public struct NoiseSource: Sendable {
    private var generators: [TorchGenerator]
    /// The seed of each run, which samplers with a Brownian path take as it is.
    let seeds: [UInt64]

    /// The noise of the steps of a run with this seed.
    public init(seed: UInt64) { self.init(seeds: [seed]) }

    /// The noise of the steps of several runs whose latents are walked as one batch, run after run and as many of each:
    /// each run's latents get what they would get alone.
    ///
    /// - Parameter seeds: One a run, at least one; their number divides the batch.
    package init(seeds: [UInt64]) {
        self.seeds = seeds
        generators = seeds.map { TorchGenerator(seed: $0 &+ 1) }
    }

    /// The next draw, with the shape and device of `x`, in f32.
    public mutating func next(like x: Tensor) -> Tensor {
        generators.randn(like: x)
    }

    /// The noise that a run starts from.
    ///
    /// - Parameters:
    ///   - seed: The seed of the run.
    ///   - shape: Of the latent, the batch first. The batch is one stream, so its first item does not depend on its size.
    ///   - batchIndex: One index for each item when the batch was cut out of a larger one: each item then gets the noise
    ///     that it had there (drawn item by item, as ComfyUI does).
    ///   - device: Where the noise shall lie.
    /// - Returns: f32 noise of that shape.
    /// - Throws: ``SamplingError/batchIndexOutOfRange(_:limit:)``.
    public static func start(
        seed: UInt64, shape: Shape, batchIndex: [Int]? = nil, on device: Device
    ) throws -> Tensor {
        var generator = TorchGenerator(seed: seed)
        guard let batchIndex, let last = batchIndex.max() else { return generator.randn(shape, on: device) }
        let limit = 65_535
        for index in batchIndex where !(0...limit).contains(index) {
            throw SamplingError.batchIndexOutOfRange(index, limit: limit)
        }
        let item = Shape([1] + shape.dims.dropFirst())
        let needed = Set(batchIndex)
        var drawn: [Int: Tensor] = [:]
        for index in 0...last {
            let noise = generator.randn(item, on: device)
            if needed.contains(index) { drawn[index] = noise }
        }
        return Tensor.concatenated(batchIndex.compactMap { drawn[$0] }, axis: 0)
    }
}

extension [TorchGenerator] {
    /// Standard normal noise like `x`, `[B, ...]`, in f32: each generator draws an equal part of the batch by itself.
    mutating func randn(like x: Tensor) -> Tensor {
        guard count > 1 else { return self[0].randn(x.shape, on: x.device) }
        precondition(x.shape[0].isMultiple(of: count), "randn: \(count) generators do not divide \(x.shape)")
        let part = Shape([x.shape[0] / count] + x.shape.dims.dropFirst())
        return .concatenated(indices.map { self[$0].randn(part, on: x.device) }, axis: 0)
    }
}
