import DioramaTensor
import DioramaTestSupport
import Testing

@Suite struct TorchGeneratorTests {
    /// Written by `tools/golden/randn.py`: torch itself.
    let golden: Fixture

    init() throws {
        golden = try Fixture("randn.safetensors")
    }

    static let seeds: [UInt64] = [0, 1, 1 << 32 + 5, .max]

    @Test("a few normals have torch's bits", arguments: seeds)
    func few(seed: UInt64) {
        for type in ["f32", "f64", "f16", "bf16"] {
            for count in [1, 2, 5, 15, 16, 17, 31, 33, 100] {
                var generator = TorchGenerator(seed: seed)
                let expected = golden.ints("\(seed).\(type).\(count)")
                #expect(signed(draw(count, type, &generator)) == expected, "\(type), \(count)")
            }
        }
    }

    @Test("many normals have the hash of torch's bits", arguments: seeds)
    func many(seed: UInt64) {
        for type in ["f32", "f64", "f16", "bf16"] {
            for count in [1_000, 4_099, 16_384, 65_537, 100_000] {
                var generator = TorchGenerator(seed: seed)
                let halves = golden.ints("\(seed).\(type).\(count)")
                let expected = UInt64(halves[0]) << 32 | UInt64(halves[1])
                #expect(fnv1a(draw(count, type, &generator).bytes) == expected, "\(type), \(count)")
            }
        }
    }

    @Test("one generator goes on from call to call as torch's does", arguments: seeds)
    func sequences(seed: UInt64) {
        for type in ["f32", "f64", "f16", "bf16"] {
            var generator = TorchGenerator(seed: seed)
            for (position, count) in [3, 2, 16, 1, 40, 5, 4, 17].enumerated() {
                let expected = golden.ints("\(seed).\(type).sequence.\(position)")
                #expect(signed(draw(count, type, &generator)) == expected, "\(type), call \(position)")
            }
        }
    }

    @Test("uniform numbers have torch's bits", arguments: seeds)
    func uniforms(seed: UInt64) {
        var generator = TorchGenerator(seed: seed)
        let bits = generator.rand(33).map { Int(Int32(bitPattern: $0.bitPattern)) }
        #expect(bits == golden.ints("\(seed).rand"))
    }

    @Test func aCopyGoesOnAlone() {
        var first = TorchGenerator(seed: 7)
        var second = first
        #expect(first.rand(5) == second.rand(5))
        _ = first.rand(1)
        #expect(first.rand(5) != second.rand(5))
    }

    /// Normals as their bits, low byte first, with the bytes of one.
    private func draw(_ count: Int, _ type: String, _ generator: inout TorchGenerator) -> (
        bytes: [UInt8], size: Int
    ) {
        guard let dtype = DType(rawValue: type) else {
            return (generator.randnDoubles(count).withUnsafeBytes { Array($0) }, 8)
        }
        let tensor = generator.randn([count], dtype: dtype, on: .reference())
        let bytes = withExtendedLifetime(tensor) {
            Array(UnsafeRawBufferPointer(start: tensor.bytes, count: count * dtype.size))
        }
        return (bytes, dtype.size)
    }

    private func signed(_ bits: (bytes: [UInt8], size: Int)) -> [Int] {
        stride(from: 0, to: bits.bytes.count, by: bits.size).map { start in
            let pattern = bits.bytes[start..<start + bits.size].reversed().reduce(UInt64(0)) {
                $0 << 8 | UInt64($1)
            }
            let unused = UInt64(64 - 8 * bits.size)
            return Int(Int64(bitPattern: pattern << unused) >> Int64(unused))
        }
    }
}
