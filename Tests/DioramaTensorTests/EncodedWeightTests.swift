import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Testing

/// Weights in blocks and 8-bit floats, against what gguf-py and PyTorch unpack (`tools/golden/blocks.py`, `weights.py`).
@Suite struct EncodedWeightTests {
    static let blocks = BlockEncoding.allCases.filter { $0.blockBytes > 1 }
    static let floats = [(BlockEncoding.f8E4M3, "float8_e4m3fn"), (.f8E5M2, "float8_e5m2")]

    let file: any TensorSource
    let golden: Fixture

    init() throws {
        file = try WeightsFile(Golden.url("weights/blocks.gguf")).open()
        golden = try Fixture("weights/blocks.safetensors")
    }

    private func weight(_ encoding: BlockEncoding, on device: Device) throws -> EncodedWeight {
        EncodedWeight(
            try file.bytes(encoding.rawValue.uppercased(), on: device), encoding, inputs: 512)
    }

    private func expected(_ encoding: BlockEncoding, on device: Device) -> Tensor {
        golden[encoding.rawValue.uppercased(), on: device]
    }

    private func bits(_ tensor: Tensor) -> [UInt32] {
        tensor.floats().map { $0.isNaN ? Float.nan.bitPattern : $0.bitPattern }
    }

    @Test("blocks stand for what gguf-py unpacks, bit for bit", arguments: Device.each, blocks)
    func unpacking(on device: Device, _ encoding: BlockEncoding) throws {
        let weight = try weight(encoding, on: device)
        #expect(bits(weight.dequantized) == bits(expected(encoding, on: device)))
        let name = encoding.rawValue.uppercased()
        #expect(bits(try file.tensor(name, on: device)) == bits(expected(encoding, on: device)))
        #expect(bits(weight[1..<3].dequantized) == bits(expected(encoding, on: device)[1..<3]))
    }

    @Test("8-bit floats are PyTorch's, bit for bit", arguments: Device.each, floats)
    func unpackingFloats(on device: Device, _ format: (BlockEncoding, String)) throws {
        let dtypes = try Fixture("weights/dtypes.safetensors", on: device)
        // 256 values: rows of every length up to past the widest vector.
        for columns in [1, 3, 15, 16, 17, 33, 250] {
            let rows = 256 / columns
            let bytes = try dtypes.file.bytes(format.1, on: device)[0..<rows * columns]
            let weight = EncodedWeight(bytes.reshaped(rows, columns), format.0, inputs: columns)
            #expect(bits(weight.dequantized) == bits(dtypes["expect.\(format.1)"][0..<rows * columns]))
        }
    }

    @Test("a scale is for its row", arguments: Device.each)
    func scales(on device: Device) throws {
        let bytes = try weight(.q8_0, on: device).bytes
        let plain = expected(.q8_0, on: device)
        let each = Tensor([1, -2, 0.5, 3, 0] as [Float], [5, 1], on: device)
        let scaled = EncodedWeight(bytes, .q8_0, inputs: 512, scales: each)
        #expect(relativeError(scaled.dequantized, plain * each) < Tolerance.f32.op)
        #expect(relativeError(scaled[1..<4].dequantized, (plain * each)[1..<4]) < Tolerance.f32.op)
        let one = EncodedWeight(bytes, .q8_0, inputs: 512, scales: .full(2, [1], on: device))
        #expect(relativeError(one.dequantized, plain * 2) < Tolerance.f32.op)
        let x = golden["x", on: device]
        #expect(relativeError(linear(x, scaled, precision: .f32), linear(x, plain * each)) < Tolerance.f32.op)
        #expect(
            relativeError(linear(x[0..<3], scaled, precision: .f32), linear(x[0..<3], plain * each))
                < Tolerance.f32.op)
    }

    @Test("products are those with the unpacked weight", arguments: Device.each, blocks)
    func products(on device: Device, _ encoding: BlockEncoding) throws {
        let weight = try weight(encoding, on: device)
        let (x, bias) = (golden["x", on: device], golden["bias", on: device])
        let y = golden["y.\(encoding.rawValue.uppercased())", on: device]
        // Many rows, and few, which take another way.
        for rows in [11, 3, 1] {
            let (part, sums) = (x[0..<rows], y[0..<rows])
            #expect(
                relativeError(linear(part, weight, bias: bias, precision: .f32), sums) < Tolerance.f32.op)
            // Both round the terms alike; a row of five sums by itself may lie farther from the exact one than a bf16.
            let rounded = linear(part, expected(encoding, on: device), bias: bias, precision: .bf16)
            #expect(relativeError(linear(part, weight, bias: bias), rounded) < Tolerance.f32.op)
        }
        #expect(relativeError(linear(x, weight, bias: bias), y) < Tolerance.bf16.op)
        let odd = linear(x, weight[1..<4], bias: bias[1..<4], precision: .f32)
        #expect(relativeError(odd, y.narrowed(axis: 1, 1..<4)) < Tolerance.f32.op)
        let bytes = QuantizedWeight(weight, rotationGroup: 256)
        let direct = QuantizedWeight(weight.dequantized, rotationGroup: 256)
        #expect(
            bytes.values.ints() == direct.values.ints() && bytes.scales.floats() == direct.scales.floats())
    }

    /// More outputs than a panel, inputs that are not a multiple of what is unpacked at a time, and terms of both kinds.
    @Test("large products in odd shapes", arguments: Device.processors, [BlockEncoding.q4_0, .q6_K, .f8E4M3])
    func largeProducts(on device: Device, _ encoding: BlockEncoding) throws {
        let source = try encoding == .f8E4M3 ? nil : weight(encoding, on: device)
        let (bytes, inputs): (Tensor, Int) =
            if let source {
                // 2 rows of 1280 of the 5 of 512.
                (source.bytes.reshaped(2, -1), 1280)
            } else {
                // 250 of 256 bytes, but not those that are not numbers.
                (
                    try Fixture("weights/dtypes.safetensors").file.bytes("float8_e4m3fn", on: device)[1..<126]
                        .reshaped(1, 125), 125
                )
            }
        let weight = EncodedWeight(
            .concatenated((0..<37).map { _ in bytes } + [bytes[0..<1]], axis: 0), encoding, inputs: inputs)
        let x = noise([19, inputs], on: device)
        let plain = weight.dequantized
        for precision in [Precision.f32, .bf16] {
            for rows in [1, 5, 19] {
                let y = linear(x[0..<rows], weight, precision: precision)
                #expect(
                    relativeError(y, linear(x[0..<rows], plain, precision: precision)) < Tolerance.f32.op,
                    "\(precision) \(rows)")
            }
        }
    }

    @Test("results do not depend on threads, nor on the address of blocks")
    func threadsAndAddresses() throws {
        func y(_ threads: Int, offset: Int, _ precision: Precision) throws -> [Float] {
            let device = Device.cpu(threads: threads)
            let bytes = try weight(.q5_K, on: device).bytes
            let moved = Tensor.concatenated(
                [.zeros([offset], dtype: .u8, on: device), bytes.reshaped(-1)], axis: 0)
            let weight = EncodedWeight(
                moved[offset..<offset + bytes.count].reshaped(bytes.shape), .q5_K, inputs: 512)
            return linear(golden["x", on: device], weight, precision: precision).floats()
        }
        for precision in [Precision.f32, .bf16] {
            let one = try y(1, offset: 1, precision)
            #expect(try y(3, offset: 1, precision) == one)
            #expect(try y(2, offset: 64, precision) == one)
        }
    }

    @Test("only the rows asked for are unpacked", arguments: Device.each)
    func lookUp(on device: Device) throws {
        let table = try weight(.q3_K, on: device)
        let ids = Tensor([Int32(4), 0, 4, 2], [2, 2], on: device)
        let rows = embedding(ids, table: table)
        #expect(rows.shape == [2, 2, 512])
        #expect(bits(rows) == bits(embedding(ids, table: expected(.q3_K, on: device))))
        let scaled = EncodedWeight(
            table.bytes, .q3_K, inputs: 512, scales: Tensor([1, 2, 3, 4, 5] as [Float], [5], on: device))
        #expect(bits(embedding(ids, table: scaled)[0][0]) == bits(expected(.q3_K, on: device)[4] * 5))
    }

    @Test("scales that are no numbers show in their rows alone", arguments: Device.each, blocks)
    func nonFinite(on device: Device, _ encoding: BlockEncoding) throws {
        let halves: [BlockEncoding: Int] = [.q2_K: 80, .q3_K: 108, .q6_K: 208]
        for bad in [[0x00, 0x7C], [0x00, 0xFC], [0x01, 0x7E]] as [[UInt8]] {
            var bytes = try weight(encoding, on: device).bytes.withBytes { Array($0) }
            let width = bytes.count / 5
            bytes.replaceSubrange(
                2 * width + halves[encoding, default: 0]..<2 * width + halves[encoding, default: 0] + 2,
                with: bad)
            let weight = EncodedWeight(Tensor(bytes, [5, width], on: device), encoding, inputs: 512)
            let x = golden["x", on: device]
            for y in [
                linear(x, weight, precision: .f32), linear(x, weight),
                linear(x[0..<2], weight, precision: .f32),
            ] {
                for (column, value) in y[0].floats().enumerated() {
                    #expect(value.isFinite == (column != 2))
                }
            }
            #expect(!QuantizedWeight(weight, rotationGroup: nil).scales.allFinite)
        }
    }
}
