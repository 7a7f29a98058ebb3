#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// torch's processor generator, bit for bit: the same seed gives the numbers that
/// `torch.Generator().manual_seed(seed)` gives to `torch.randn` and `torch.rand`.
///
/// A value: copies go on independently. What it reproduces, of ATen's `DistributionTemplates.h`: fewer than 16
/// numbers come one by one in double precision, where each pair of uniforms makes two normals and the second is
/// kept for the next such call; 16 and more come in blocks of 16 (`BoxMuller`), and where the count is no
/// multiple of 16 the last 16 are made again from fresh uniforms.
public struct TorchGenerator: Sendable {
    private var engine: MersenneTwister
    private var keptNormal: Double?

    /// Starts the sequence of a seed; torch uses its low 32 bits.
    public init(seed: UInt64) {
        engine = MersenneTwister(seed: seed)
    }

    /// Normal numbers of mean 0 and deviation 1, as `torch.randn` gives them for a float element type.
    public mutating func randn(_ shape: Shape, dtype: DType = .f32, on device: Device) -> Tensor {
        precondition(dtype.isFloat, "randn: \(dtype) is not a float type")
        let values = dtype == .f32 ? randnFloats(shape.count) : randnHalves(shape.count)
        return Tensor(values, shape, on: device).asType(dtype)
    }

    /// Normal numbers in double precision, as `torch.randn(count, dtype=torch.float64)` gives them.
    public mutating func randnDoubles(_ count: Int) -> [Double] {
        guard count >= BoxMuller.block else { return (0..<count).map { _ in nextNormal() } }
        var values = (0..<count).map { _ in engine.nextDouble() }
        for block in Self.blocks(of: count) { BoxMuller.transform(&values, block) }
        if let tail = Self.tail(of: count) {
            for i in tail { values[i] = engine.nextDouble() }
            BoxMuller.transform(&values, tail)
        }
        return values
    }

    /// Uniform numbers in 0..<1, as `torch.rand(count)` gives them.
    public mutating func rand(_ count: Int) -> [Float] {
        (0..<count).map { _ in engine.nextFloat() }
    }

    private mutating func randnFloats(_ count: Int) -> [Float] {
        guard count >= BoxMuller.block else { return (0..<count).map { _ in Float(nextNormal()) } }
        var values = rand(count)
        for block in Self.blocks(of: count) { BoxMuller.transform(&values, block) }
        if let tail = Self.tail(of: count) {
            for i in tail { values[i] = engine.nextFloat() }
            BoxMuller.transform(&values, tail)
        }
        return values
    }

    /// Normals for half and bfloat16: made as singles, but the last 16 follow right on the last full block.
    private mutating func randnHalves(_ count: Int) -> [Float] {
        guard count >= BoxMuller.block else { return (0..<count).map { _ in Float(nextNormal()) } }
        var values = [Float](repeating: 0, count: count)
        for block in Self.blocks(of: count) + [Self.tail(of: count)].compactMap({ $0 }) {
            for i in block { values[i] = engine.nextFloat() }
            BoxMuller.transform(&values, block)
        }
        return values
    }

    /// The next normal number of the one-by-one path.
    private mutating func nextNormal() -> Double {
        if let kept = keptNormal {
            keptNormal = nil
            return kept
        }
        let (u1, u2) = (engine.nextDouble(), engine.nextDouble())
        let radius = (-2 * log1p(-u2)).squareRoot()
        let angle = 2 * Double.pi * u1
        keptNormal = radius * sin(angle)
        return radius * cos(angle)
    }

    /// The full blocks of `count` numbers.
    private static func blocks(of count: Int) -> [Range<Int>] {
        stride(from: 0, through: count - BoxMuller.block, by: BoxMuller.block).map {
            $0..<$0 + BoxMuller.block
        }
    }

    /// The last 16 of `count` numbers, if these are no multiple of 16.
    private static func tail(of count: Int) -> Range<Int>? {
        count.isMultiple(of: BoxMuller.block) ? nil : count - BoxMuller.block..<count
    }
}
