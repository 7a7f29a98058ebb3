import DioramaTensor
import DioramaTestSupport
import Testing

/// Large products in singles, which are made of seven products of halves or 49 of quarters, compared with plain loops in double precision.
@Suite struct StrassenTests {
    let reference = Device.reference()

    /// The least sizes, primes, and edges of tiles, of pairs of tiles and panels, and of blocks of rows.
    static let sizes: [(rows: Int, inputs: Int, outputs: Int)] = [
        (512, 1024, 1024), (513, 1056, 1033), (523, 1088, 1105), (528, 2144, 1039), (1013, 1024, 1121),
        // By two steps but for the last, whose inputs are not four times whole vectors.
        (2048, 1536, 1536), (2049, 1600, 1537), (2079, 2048, 1731), (2063, 1552, 1543),
    ]

    private func operands(_ rows: Int, _ inputs: Int, _ outputs: Int, on device: Device) -> (
        x: Tensor, weight: Tensor
    ) {
        (noise([rows, inputs], seed: 3, on: device), noise([outputs, inputs], seed: 4, on: device))
    }

    /// Some rows of a result, and what the reference makes of the same rows.
    private func expect(_ y: Tensor, is expected: (Range<Int>) -> Tensor, _ name: String) {
        let rows = y.shape[0]
        for row in [0, 9, 127, 128, rows - 1] {
            let error = relativeError(y[row..<row + 1], expected(row..<row + 1))
            #expect(error < Tolerance.f32.op, "\(name), row \(row)")
        }
    }

    @Test("they agree with the reference, whatever the weight is stored as", arguments: Device.processors)
    func agree(on device: Device) {
        for (index, size) in Self.sizes.enumerated() {
            let (x, weight) = operands(size.rows, size.inputs, size.outputs, on: device)
            let stored = weight.asType([.f32, .f16, .bf16][index % 3])
            expect(linear(x, stored), is: { linear(x.to(reference)[$0], stored.to(reference)) }, "\(size)")
        }
    }

    @Test("what follows the sums is what follows others", arguments: Device.processors)
    func epilogues(on device: Device) {
        let (x, weight) = operands(600, 1024, 1033, on: device)
        let bias = noise([1033], seed: 5, on: device)
        let residual = noise([600, 1033], seed: 6, on: device)
        let gate = noise([2, 1, 1033], seed: 7, on: device)
        let y = linear(
            x.reshaped(2, 300, 1024), weight, bias: bias,
            LinearEpilogue(.geluTanh, residual: residual.reshaped(2, 300, 1033), gate: gate))
        expect(
            y.reshaped(600, 1033),
            is: { part in
                let side = gate[part.lowerBound / 300].to(reference)
                let plain = linear(x.to(reference)[part], weight.to(reference), bias: bias.to(reference))
                return residual.to(reference)[part] + side * gelu(plain, .tanh)
            }, "with epilogue")
    }

    @Test("weights in blocks and layers that read the same rows", arguments: Device.processors)
    func blocksAndLayers(on device: Device) {
        let (x, weight) = operands(560, 1024, 1040, on: device)
        let bytes = Tensor((0..<1040 * 1024).map { UInt8($0 % 120) }, [1040, 1024], on: device)
        let encoded = EncodedWeight(bytes, .f8E4M3, inputs: 1024)
        let together = linears(
            x,
            [LinearTerm(.encoded(encoded)), LinearTerm(.stored(weight)), LinearTerm(.stored(weight[0..<40]))])
        let (rows, values) = (x.to(reference), [encoded.dequantized, weight, weight[0..<40]])
        for (y, value) in zip(together, values) {
            expect(y, is: { linear(rows[$0], value.to(reference)) }, "\(value.shape)")
        }
    }

    @Test("results do not depend on the number of threads; blocks of rows do not depend on others")
    func threads() {
        func y(_ threads: Int, rows: Int) -> [Float] {
            let device = Device.cpu(threads: threads)
            let (x, weight) = operands(1024, 1024, 1033, on: device)
            return linear(x[0..<rows], weight).floats()
        }
        let sameOnThreads = y(1, rows: 600) == y(3, rows: 600) && y(1, rows: 600) == y(40, rows: 600)
        // 512 rows are four blocks of 128 or, by processors of fewer registers, four of 120 and a part of one.
        let same = 480 * 1033
        let sameAmongOthers = y(2, rows: 1024).prefix(same) == y(2, rows: 512).prefix(same)
        #expect(sameOnThreads && sameAmongOthers)
    }

    /// The least sizes of one step and of two.
    static let steps: [(rows: Int, inputs: Int, outputs: Int)] = [(512, 1024, 1033), (2048, 1536, 1543)]

    /// x with a row changed: its product, and that of 511 rows, which is plain.
    private func changed(
        _ row: Int, of size: (rows: Int, inputs: Int, outputs: Int), on device: Device,
        _ change: (inout Float) -> Void
    ) -> (Tensor, plain: Tensor) {
        let (x, weight) = operands(size.rows, size.inputs, size.outputs, on: device)
        var values = x.floats()
        for i in row * size.inputs..<(row + 1) * size.inputs { change(&values[i]) }
        let rows = Tensor(values, [size.rows, size.inputs], on: device)
        return (linear(rows, weight), linear(rows[0..<511], weight))
    }

    private func bits(_ tensor: Tensor) -> [UInt32] {
        tensor.floats().map { $0.isNaN ? Float.nan.bitPattern : $0.bitPattern }
    }

    @Test(
        "a block with a row of another size, or not finite, is a plain product's",
        arguments: Device.processors)
    func unlikeRows(on device: Device) {
        for size in Self.steps {
            for factor in [1e4, 1e-4, 0, .infinity, .nan] as [Float] {
                let (y, plain) = changed(5, of: size, on: device) { $0 *= factor }
                let own = bits(y[0..<96]) == bits(plain[0..<96])
                // The other blocks are not plain: what is compared are two ways.
                let others = bits(y[128..<384]) == bits(plain[128..<384])
                #expect(own && !others, "\(size), times \(factor)")
            }
        }
    }

    @Test("a column of another size, or not finite, is a plain product's", arguments: Device.processors)
    func unlikeColumns(on device: Device) {
        var widths: [Int] = []
        for (rows, inputs, outputs) in Self.steps {
            let (x, weight) = operands(rows, inputs, outputs, on: device)
            for factor in [1e4, 1e-4, 0, .infinity, .nan] as [Float] {
                var values = weight.floats()
                for i in 5 * inputs..<6 * inputs { values[i] *= factor }
                let changed = Tensor(values, [outputs, inputs], on: device)
                let (y, plain) = (bits(linear(x, changed)[0..<511]), bits(linear(x[0..<511], changed)))
                func agree(_ columns: Range<Int>) -> Bool {
                    plain.indices.allSatisfy { !columns.contains($0 % outputs) || y[$0] == plain[$0] }
                }
                let (own, others) = (agree(0..<10), agree(192..<960))
                #expect(own && !others, "\(rows) rows, times \(factor)")
                if factor == 1e4 { widths.append((0..<960).first { !agree($0..<$0 + 1) } ?? 960) }
            }
        }
        // So many columns are a group; after two steps twice as many.
        #expect(widths.count == 2 && widths[1] == 2 * widths[0], "\(widths)")
    }

    @Test("weights that are not finite stay in their columns", arguments: Device.processors)
    func infiniteWeights(on device: Device) {
        let (x, weight) = operands(512, 1024, 1024, on: device)
        for wrong in [Float.infinity, .nan] {
            var values = weight.floats()
            values[70 * 1024 + 3] = wrong
            let y = linear(x, Tensor(values, [1024, 1024], on: device)).floats()
            let infinite = y.indices.filter { !y[$0].isFinite }
            #expect(infinite.count == 512 && infinite.allSatisfy { $0 % 1024 == 70 }, "\(wrong)")
        }
    }

    @Test("sums that overflow in halves alone are those of plain products")
    func overflow() {
        let device = Device.cpu(threads: 2)
        // Twice 2.5e38 is infinite; products with 1e-36 are 250.
        let x = Tensor([Float](repeating: 2.5e38, count: 512 * 1024), [512, 1024], on: device)
        let weight = noise([1024, 1024], on: device) * 1e-36
        let y = linear(x, weight).floats()
        let plain = linear(x[0..<511], weight).floats()
        let agree = Array(y.prefix(511 * 1024)) == plain
        #expect(agree && plain.allSatisfy { $0.isFinite })
    }
}
