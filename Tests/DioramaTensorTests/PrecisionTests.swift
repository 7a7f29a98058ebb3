import DioramaTensor
import DioramaTestSupport
import Testing

/// Products in each precision, compared with plain loops in double precision over the rounded terms.
@Suite struct PrecisionTests {
    let reference = Device.reference()

    /// Ones, primes, and both sides of the edges of tiles (6, 8, 16 or 32 rows, 16 or 48 columns), pieces of sums (160, 256 or 512
    /// units) and blocks of rows (256); of 26 rows two are left of tiles of 6 and of 8.
    static let sizes: [(rows: Int, inputs: Int, outputs: Int)] = [
        (1, 1, 1), (1, 7, 3), (2, 64, 17), (5, 31, 47), (6, 160, 48), (7, 161, 49), (8, 320, 16),
        (9, 321, 15),
        (13, 643, 97), (240, 33, 50), (241, 16, 48), (11, 1301, 5), (16, 512, 48), (17, 513, 49),
        (33, 1027, 31), (257, 66, 50), (26, 2100, 50),
    ]

    private func operands(_ rows: Int, _ inputs: Int, _ outputs: Int, on device: Device)
        -> (x: Tensor, weight: Tensor, bias: Tensor)
    {
        (
            noise([rows, inputs], seed: 3, on: device), noise([outputs, inputs], seed: 4, on: device),
            noise([outputs], seed: 5, on: device)
        )
    }

    @Test("linear in f32 and bf16, whatever the weight is stored as", arguments: Device.processors)
    func floatLinears(on device: Device) {
        for (rows, inputs, outputs) in Self.sizes {
            for type in [DType.f32, .f16, .bf16] {
                for precision in [Precision.f32, .bf16] {
                    func y(_ device: Device) -> Tensor {
                        let (x, weight, bias) = operands(rows, inputs, outputs, on: device)
                        return linear(x, weight.asType(type), bias: bias, precision: precision)
                    }
                    // Both round the terms alike, so that only the sums differ.
                    #expect(
                        relativeError(y(device), y(reference)) < Tolerance.f32.op,
                        "\(rows) x \(inputs) x \(outputs) \(type) \(precision)")
                }
            }
        }
    }

    @Test("linear in bytes, with and without rotation", arguments: Device.processors)
    func byteLinears(on device: Device) {
        for (rows, inputs, outputs, group) in [
            (1, 5, 3, nil), (9, 64, 17, 64), (13, 643, 97, nil), (7, 512, 49, 256), (241, 80, 50, 16),
            (3, 1024, 5, 1024), (26, 2100, 50, nil),
        ] as [(Int, Int, Int, Int?)] {
            func y(_ device: Device) -> Tensor {
                let (x, weight, bias) = operands(rows, inputs, outputs, on: reference)
                // One weight for both, so that a tie in its rounding does not count.
                let bytes = QuantizedWeight(weight, rotationGroup: group)
                let own = QuantizedWeight(
                    values: bytes.values.to(device), scales: bytes.scales.to(device), rotationGroup: group)
                return linear(x.to(device), own, bias: bias.to(device))
            }
            // A term at the edge between two bytes may fall to either side.
            #expect(relativeError(y(device), y(reference)) < 2e-3, "\(rows) x \(inputs) x \(outputs)")
        }
    }

    @Test("bytes stand for their weight, to half a step", arguments: Device.each)
    func quantization(on device: Device) {
        for group in [nil, 4, 16, 64] as [Int?] {
            let weight = noise([9, 192], seed: 8, on: device)
            let bytes = QuantizedWeight(weight, rotationGroup: group)
            #expect(relativeError(bytes.dequantized, weight) < 1e-2)
            let again = QuantizedWeight(bytes.dequantized, rotationGroup: group)
            #expect(relativeError(again.dequantized, bytes.dequantized) < 1e-5)
        }
        let zeros = QuantizedWeight(.zeros([2, 16], on: device), rotationGroup: 16)
        #expect(zeros.dequantized.floats().allSatisfy { $0 == 0 })
    }

    @Test("an outlier costs less where groups are rotated")
    func rotationSpreadsOutliers() {
        var values = noise([8, 256], seed: 9, on: reference).floats()
        for row in 0..<8 { values[row * 256 + 31 * row] = 60 }
        let weight = Tensor(values, [8, 256], on: reference)
        let plain = relativeError(QuantizedWeight(weight, rotationGroup: nil).dequantized, weight)
        let rotated = relativeError(QuantizedWeight(weight, rotationGroup: 256).dequantized, weight)
        #expect(rotated < plain / 3)
    }

    @Test("what follows the sums is what the ops do", arguments: Device.each)
    func epilogues(on device: Device) {
        let x = noise([2, 11, 40], seed: 1, on: device)
        let (_, weight, bias) = operands(1, 40, 50, on: device)
        let residual = noise([2, 11, 50], seed: 6, on: device)
        let gate = noise([2, 1, 50], seed: 7, on: device)
        let plain = linear(x, weight, bias: bias)
        let functions: [(LinearEpilogue.Activation, (Tensor) -> Tensor)] = [
            (.none, { $0 }), (.silu, { silu($0) }), (.quickGELU, { quickGELU($0) }), (.gelu, { gelu($0) }),
            (.geluTanh, { gelu($0, .tanh) }),
        ]
        for (activation, function) in functions {
            let y = linear(
                x, weight, bias: bias, LinearEpilogue(activation, residual: residual, gate: gate))
            #expect(relativeError(y, residual + gate * function(plain)) < Tolerance.f32.op, "\(activation)")
        }
        let few = linear(x[0][0..<1], weight, bias: bias, LinearEpilogue(.silu, gate: gate[1][0]))
        #expect(relativeError(few, silu(plain[0][0..<1]) * gate[1][0]) < Tolerance.f32.op)
    }

    @Test("a gate may be as large as the result", arguments: Device.each)
    func largeGates(on device: Device) {
        let (x, weight, bias) = operands(11, 40, 50, on: device)
        let gate = noise([11, 50], seed: 7, on: device)
        let y = linear(x, weight, bias: bias, LinearEpilogue(.silu, gate: gate))
        #expect(relativeError(y, silu(linear(x, weight, bias: bias)) * gate) < Tolerance.f32.op)
    }

    @Test("layers that read the same thing give what each gives alone", arguments: Device.each)
    func layersTogether(on device: Device) {
        for rows in [1, 9, 300] {
            let (x, first, bias) = operands(rows, 128, 50, on: device)
            let second = noise([33, 128], seed: 8, on: device)
            let terms = [
                LinearTerm(.stored(first), bias: bias, precision: .bf16, LinearEpilogue(.silu)),
                LinearTerm(.quantized(QuantizedWeight(second, rotationGroup: 64))),
                LinearTerm(.stored(second)),
                LinearTerm(.quantized(QuantizedWeight(first, rotationGroup: nil)), bias: bias),
                LinearTerm(.quantized(QuantizedWeight(first, rotationGroup: 64))),
                LinearTerm(.stored(second.asType(.bf16)), precision: .bf16),
            ]
            let together = linears(x, terms)
            #expect(together.map(\.shape) == [50, 33, 33, 50, 50, 33].map { [rows, $0] })
            for (index, term) in terms.enumerated() {
                #expect(together[index].floats() == linears(x, [term])[0].floats(), "\(rows) rows, \(index)")
            }
        }
    }

    @Test("results do not depend on the number of threads, nor on the other rows")
    func threads() {
        for precision in Precision.allCases {
            func y(_ threads: Int, rows: Int) -> [Float] {
                let device = Device.cpu(threads: threads)
                let (x, weight, bias) = operands(100, 400, 333, on: device)
                let part = x[0..<rows]
                return precision == .int8
                    ? linear(part, QuantizedWeight(weight, rotationGroup: 16), bias: bias).floats()
                    : linear(part, weight, bias: bias, precision: precision).floats()
            }
            #expect(y(1, rows: 100) == y(3, rows: 100))
            #expect(Array(y(2, rows: 100).prefix(50 * 333)) == y(2, rows: 50))
        }
    }

    @Test("not-a-number and infinity stay in their row", arguments: Device.processors)
    func nonFinite(on device: Device) {
        for bad in [Float.nan, .infinity, -.infinity] {
            var values = noise([20, 64], seed: 1, on: device).floats()
            values[5 * 64 + 9] = bad
            let x = Tensor(values, [20, 64], on: device)
            let weight = noise([30, 64], seed: 2, on: device)
            let bytes = QuantizedWeight(weight, rotationGroup: 16)
            for y in [linear(x, weight), linear(x, weight, precision: .bf16), linear(x, bytes)] {
                for row in 0..<20 {
                    let finite = y[row].floats().allSatisfy(\.isFinite)
                    #expect(finite == (row != 5))
                }
            }
        }
    }

    static let attentions: [(queries: Int, keys: Int, heads: Int, keyHeads: Int, dim: Int)] = [
        (1, 1, 1, 1, 1), (7, 5, 2, 1, 8), (50, 257, 3, 3, 17), (97, 256, 2, 2, 64), (96, 255, 4, 2, 40),
        (13, 530, 6, 6, 128),
        (6, 31, 1, 1, 513),
    ]

    @Test("attention of any length, in f32 and bf16", arguments: Device.processors)
    func attentions(on device: Device) {
        for (queries, keys, heads, keyHeads, dim) in Self.attentions {
            for causal in [false, true] {
                for masked in [false, true] {
                    func y(_ device: Device, _ precision: Precision) -> Tensor {
                        attention(
                            noise([2, queries, heads, dim], seed: 1, on: device),
                            noise([2, keys, keyHeads, dim], seed: 2, on: device),
                            noise([2, keys, keyHeads, dim], seed: 3, on: device), causal: causal,
                            keyBias: masked ? noise([2, keys], seed: 4, on: device) : nil,
                            mask: masked ? noise([1, heads, queries, keys], seed: 5, on: device) : nil,
                            precision: precision)
                    }
                    let expected = y(reference, .f32)
                    let name = "\(queries) \(keys) \(heads) \(keyHeads) \(dim) \(causal) \(masked)"
                    #expect(relativeError(y(device, .f32), expected) < Tolerance.f32.op, "\(name)")
                    #expect(relativeError(y(device, .bf16), expected) < 2 * Tolerance.bf16.op, "\(name)")
                }
            }
        }
    }

    @Test("great scores, equal scores and keys that are masked out", arguments: Device.processors)
    func extremeScores(on device: Device) {
        let k = noise([1, 600, 1, 16], seed: 2, on: device)
        let v = noise([1, 600, 1, 16], seed: 3, on: device)
        // Scores that rise by hundreds from block to block, and fall again.
        let ramp = (0..<600).map { Float(abs($0 - 300)) * -2 }
        let bias = Tensor(ramp, [1, 600], on: device)
        let q = noise([1, 3, 1, 16], seed: 1, on: device)
        for precision in [Precision.f32, .bf16] {
            let y = attention(q, k, v, keyBias: bias, precision: precision)
            let near = attention(
                q, k.narrowed(axis: 1, 200..<400), v.narrowed(axis: 1, 200..<400),
                keyBias: Tensor(Array(ramp[200..<400]), [1, 200], on: device), precision: precision)
            #expect(relativeError(y, near) < 2 * Tolerance.bf16.op)
        }
        let none = Tensor.full(-.infinity, [1, 600], on: device)
        #expect(attention(q, k, v, keyBias: none).floats().allSatisfy { $0 == 0 })
        var half = [Float](repeating: -.infinity, count: 600)
        half[599] = 0
        let last = attention(q, k, v, keyBias: Tensor(half, [1, 600], on: device))
        for query in 0..<3 {
            #expect(relativeError(last[0][query], v[0][599]) < Tolerance.f32.op)
        }
    }

    @Test("a score that is not a number shows in its query alone", arguments: Device.processors)
    func attentionOfNaN(on device: Device) {
        var values = noise([1, 20, 1, 16], seed: 1, on: device).floats()
        values[3 * 16] = .nan
        for precision in [Precision.f32, .bf16] {
            let y = attention(
                Tensor(values, [1, 20, 1, 16], on: device), noise([1, 300, 1, 16], seed: 2, on: device),
                noise([1, 300, 1, 16], seed: 3, on: device), precision: precision)
            for query in 0..<20 {
                #expect(y[0][query].floats().allSatisfy(\.isFinite) == (query != 3))
            }
        }
    }

    static let convolutions:
        [(channels: Int, height: Int, width: Int, outputs: Int, kernel: Int, stride: Int, padding: Int)] =
            [
                (1, 1, 1, 1, 1, 1, 0), (3, 5, 7, 4, 3, 1, 1), (5, 9, 49, 17, 3, 1, 1),
                (7, 16, 64, 50, 3, 1, 1),
                (4, 13, 11, 9, 3, 2, 1), (16, 8, 8, 6, 1, 1, 0), (2, 12, 12, 3, 4, 4, 0),
                (33, 3, 100, 8, 3, 1, 1),
            ]

    @Test("convolutions in f32 and bf16", arguments: Device.processors)
    func convolutions(on device: Device) {
        for (channels, height, width, outputs, kernel, stride, padding) in Self.convolutions {
            func y(_ device: Device, _ precision: Precision) -> Tensor {
                conv2d(
                    noise([2, channels, height, width], seed: 1, on: device),
                    weight: noise([outputs, channels, kernel, kernel], seed: 2, on: device),
                    bias: noise([outputs], seed: 3, on: device), stride: stride, padding: padding,
                    precision: precision)
            }
            let expected = y(reference, .f32)
            let name = "\(channels) \(height) \(width) \(outputs) \(kernel) \(stride)"
            #expect(relativeError(y(device, .f32), expected) < Tolerance.f32.op, "\(name)")
            #expect(relativeError(y(device, .bf16), expected) < Tolerance.bf16.op, "\(name)")
        }
    }
}
