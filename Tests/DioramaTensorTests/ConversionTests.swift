import DioramaTensor
import DioramaTestSupport
import Testing

@Suite struct ConversionTests {
    /// All 65,536 patterns of a 16-bit type, in order.
    private func patterns(_ dtype: DType, on device: Device) -> Tensor {
        let storage = Storage(byteCount: 131_072, on: .reference())
        let bits = storage.bytes.assumingMemoryBound(to: UInt16.self)
        for i in 0..<65_536 { bits[i] = UInt16(i) }
        return Tensor(storage: storage, byteOffset: 0, shape: [65_536], dtype: dtype, on: device)
    }

    /// The bits of a tensor of a 16-bit type.
    private func bits(_ tensor: Tensor) -> [UInt16] {
        withExtendedLifetime(tensor) {
            let first = tensor.bytes.assumingMemoryBound(to: UInt16.self)
            return (0..<tensor.count).map { first[$0] }
        }
    }

    #if !(os(macOS) && arch(x86_64))
    @Test("every half is the number that Swift's own Float16 is", arguments: Device.each)
    func halvesWiden(on device: Device) {
        for (i, value) in patterns(.f16, on: device).floats().enumerated() {
            let expected = Float(Float16(bitPattern: UInt16(i)))
            #expect(value == expected && value.sign == expected.sign || value.isNaN && expected.isNaN, "\(i)")
        }
    }

    @Test("singles round to halves as Swift's own Float16 does", arguments: Device.each)
    func halvesRound(on device: Device) {
        // Each half, the middle between it and the next, and that middle's neighbours.
        var values: [Float] = []
        for i in UInt16(0)..<0x7C00 {
            let middle =
                (Float(Float16(bitPattern: i))
                    + Float(Float16(bitPattern: i + 1).isFinite ? Float16(bitPattern: i + 1) : 65504)) / 2
            values += [middle, -middle, middle.nextUp, middle.nextDown]
        }
        values += [
            65519.996, 65520, 1e30, .infinity, -.infinity, 2.98023224e-8, 2.9802326e-8,
            Float(bitPattern: 71_362), -Float.leastNonzeroMagnitude,
        ]
        let rounded = Tensor(values, [values.count], on: device).asType(.f16)
        let expected = values.map { Float16($0).bitPattern }
        #expect(bits(rounded) == expected)
    }
    #endif

    @Test("every bfloat16 is the upper half of a single", arguments: Device.each)
    func brainsWiden(on device: Device) {
        for (i, value) in patterns(.bf16, on: device).floats().enumerated() {
            #expect(value.bitPattern == UInt32(i) << 16 || value.isNaN, "\(i)")
        }
    }

    @Test("all 16-bit numbers survive the way to singles and back", arguments: Device.each)
    func roundTrips(on device: Device) {
        for dtype in [DType.f16, .bf16] {
            let original = patterns(dtype, on: device)
            let back = original.asType(.f32).asType(dtype)
            let floats = original.floats()
            for (i, pattern) in bits(back).enumerated() where !floats[i].isNaN {
                #expect(pattern == UInt16(i), "\(dtype)")
            }
            #expect(zip(floats, back.floats()).allSatisfy { $0.isNaN == $1.isNaN })
        }
    }

    @Test("singles round to bfloat16 at the nearest, ties to even", arguments: Device.each)
    func brainsRound(on device: Device) {
        let cases: [(UInt32, UInt16)] = [
            (0x3F80_7FFF, 0x3F80), (0x3F80_8000, 0x3F80), (0x3F80_8001, 0x3F81), (0x3F81_8000, 0x3F82),
            (0xBF81_8000, 0xBF82), (0x7F7F_FFFF, 0x7F80), (0x7F80_0000, 0x7F80), (0x0000_8000, 0x0000),
            (0x0000_8001, 0x0001), (0x8000_0000, 0x8000),
        ]
        let values = cases.map { Float(bitPattern: $0.0) }
        #expect(bits(Tensor(values, [values.count], on: device).asType(.bf16)) == cases.map(\.1))
    }

    @Test("a not-a-number stays one in every float type", arguments: Device.each)
    func notANumber(on device: Device) {
        // The last has its only fraction bit where 16-bit types cut it off.
        let values = [Float.nan, Float(bitPattern: 0x7F80_0001), Float(bitPattern: 0xFF80_0001)]
        for dtype in [DType.f16, .bf16] {
            #expect(Tensor(values, [3], on: device).asType(dtype).floats().allSatisfy { $0.isNaN })
        }
    }

    @Test("floats become integers by cutting off, within the type's range", arguments: Device.each)
    func integers(on device: Device) {
        let x = Tensor([-1.9, 1.9, 300, -5, .nan, .infinity, -.infinity, 1e20] as [Float], [8], on: device)
        #expect(x.asType(.u8).ints() == [0, 1, 255, 0, 0, 255, 0, 255])
        let wide = Int(Int32.max)
        #expect(x.asType(.i32).ints() == [-1, 1, 300, -5, 0, wide, -wide - 1, wide])
        #expect(x.asType(.i64).ints() == [-1, 1, 300, -5, 0, Int.max, Int.min, Int.max])
    }

    @Test("integers become floats and other integers", arguments: Device.each)
    func fromIntegers(on device: Device) {
        let x = Tensor([0, 7, -3, 49_407] as [Int64], [4], on: device)
        #expect(x.asType(.i32).ints() == [0, 7, -3, 49_407])
        #expect(x.asType(.u8).ints() == [0, 7, 0, 255])
        #expect(x.floats() == [0, 7, -3, 49_407])
        #expect(Tensor([0, 128, 255] as [UInt8], [3], on: device).asType(.f16).floats() == [0, 128, 255])
    }

    @Test("ops on 16-bit types compute in singles and round once", arguments: Device.each)
    func opsOnHalves(on device: Device) {
        let x = noise([33], on: device)
        for dtype in [DType.f16, .bf16] {
            let narrow = x.asType(dtype)
            #expect(silu(narrow).dtype == dtype)
            #expect(silu(narrow).floats() == silu(narrow.asType(.f32)).asType(dtype).floats())
            #expect((narrow + narrow * 2).dtype == dtype)
            #expect((narrow + x).dtype == .f32)
            let weight = noise([4, 33], on: device).asType(dtype)
            #expect(linear(narrow, weight).dtype == dtype)
            #expect(linear(x, weight).dtype == .f32)
        }
    }
}
