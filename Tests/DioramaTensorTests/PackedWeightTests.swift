import DioramaTensor
import DioramaTestSupport
import Synchronization
import Testing

/// Weights that stay packed from one product to the next, compared with those that are packed in each.
@Suite struct PackedWeightTests {
    /// Layers of odd sizes: small ones, whose rows threads divide, and large ones; and a small one and a large one of too many rows.
    static let sizes: [(rows: Int, inputs: Int, outputs: Int)] = [
        (9, 5, 3), (33, 530, 97), (257, 63, 200), (1025, 16, 49), (50, 1541, 1403), (257, 1088, 1105),
    ]

    /// A weight in each of the ways that files have it, each lent, overwritten once it is given back.
    private func weights(_ outputs: Int, _ inputs: Int, on device: Device) throws -> [(
        LinearWeight, Precision
    )] {
        let values = noise([outputs, inputs], seed: 4, on: device)
        func lent(_ tensor: Tensor) throws -> Tensor {
            try Lender(tensor, overwrites: true).tensor(tensor.shape, tensor.dtype, on: device)
        }
        var all: [(LinearWeight, Precision)] = []
        for type in [DType.f32, .f16, .bf16] {
            for precision in [Precision.f32, .bf16] {
                all.append((.stored(try lent(values.asType(type))), precision))
            }
        }
        let bytes = QuantizedWeight(values, rotationGroup: QuantizedWeight.preferredRotation(of: inputs))
        let quantized = QuantizedWeight(
            values: try lent(bytes.values), scales: bytes.scales, rotationGroup: bytes.rotationGroup)
        all.append((.quantized(quantized), .int8))
        let small = Tensor((0..<outputs * inputs).map { UInt8($0 % 120) }, [outputs, inputs], on: device)
        all.append((.encoded(EncodedWeight(try lent(small), .f8E4M3, inputs: inputs)), .bf16))
        return all
    }

    private func isSame(_ a: Tensor, _ b: Tensor) -> Bool { a.floats() == b.floats() }

    @Test(
        "results are those of weights that are packed in each product, bit for bit",
        arguments: Device.processors)
    func sameResults(on device: Device) throws {
        for size in Self.sizes {
            let x = noise([size.rows, size.inputs], seed: 3, on: device)
            for (weight, precision) in try weights(size.outputs, size.inputs, on: device) {
                let packed = PackedWeight(weight)
                let expected = linears(x, [LinearTerm(weight, precision: precision)])[0]
                // The first products pack the weight for themselves; one keeps it, and the weight's own bytes are overwritten then; the last
                // has nothing else.
                for product in 0...PackedWeight.usesBefore + 1 {
                    let term = LinearTerm(weight, precision: precision, packed: packed)
                    let isSame = isSame(linears(x, [term])[0], expected)
                    #expect(isSame, "product \(product) of \(size), \(precision)")
                }
                // Without what is kept it would be another result.
                let isOther = !isSame(linears(x, [LinearTerm(weight, precision: precision)])[0], expected)
                #expect(
                    isOther == keeps(weight, precision, size, on: device),
                    "\(weight.bytesPerElement) bytes, \(size) \(precision)")
            }
        }
    }

    /// Whether a weight is kept: small or no larger packed than in the file, and of few rows.
    private func keeps(
        _ weight: LinearWeight, _ precision: Precision, _ size: (rows: Int, inputs: Int, outputs: Int),
        on device: Device
    ) -> Bool {
        let packed = (device.backend as? CPUBackend)?.packedSize(precision) ?? 0
        let isLarger = weight.bytesPerElement < packed
        let isSmall = size.outputs < 1000
        return isSmall ? size.rows <= 1024 : size.rows <= 256 && !isLarger
    }

    @Test(
        "small layers that read the same rows, with all that follows them, of any number of threads",
        arguments: [1, 2, 3, 8], [9, 16, 66, 127])
    func smallLayers(threads: Int, rows: Int) {
        let device = Device.cpu(threads: threads)
        let x = noise([3, rows, 70], seed: 3, on: device)
        for precision in [Precision.f32, .bf16, .int8] {
            func terms(isPacked: Bool) -> [LinearTerm] {
                [1, 47, 48, 49, 200].map { outputs in
                    let values = noise([outputs, 70], seed: 4, on: device)
                    let weight: LinearWeight =
                        precision == .int8
                        ? .quantized(QuantizedWeight(values, rotationGroup: nil)) : .stored(values)
                    return LinearTerm(
                        weight, bias: noise([outputs], seed: 5, on: device), precision: precision,
                        LinearEpilogue(
                            .geluTanh, residual: noise([3, rows, outputs], seed: 6, on: device),
                            gate: noise([3, 1, outputs], seed: 7, on: device)),
                        packed: isPacked ? PackedWeight(weight) : nil)
                }
            }
            let expected = linears(x, terms(isPacked: false))
            let layers = terms(isPacked: true)
            for product in 0...PackedWeight.usesBefore + 1 {
                let areSame = zip(linears(x, layers), expected).allSatisfy { isSame($0, $1) }
                #expect(areSame, "product \(product) in \(precision)")
            }
            withExtendedLifetime(layers) { #expect(device.packedBytes > 0) }
        }
    }

    @Test(
        "small layers of so many rows that a thread takes them in several shares", arguments: [1, 2, 5])
    func smallLayersOfManyRows(threads: Int) {
        let device = Device.cpu(threads: threads)
        let x = noise([1021, 400], seed: 3, on: device)
        for outputs in [40, 450] {
            let weight = LinearWeight.stored(noise([outputs, 400], seed: 4, on: device))
            let term = LinearTerm(weight, packed: PackedWeight(weight))
            let expected = linears(x, [LinearTerm(weight)])[0]
            for product in 0...PackedWeight.usesBefore + 1 {
                let isSame = isSame(linears(x, [term])[0], expected)
                #expect(isSame, "product \(product) to \(outputs)")
            }
            withExtendedLifetime(term) { #expect(device.packedBytes > 0) }
        }
    }

    @Test("products of other precisions and numbers of rows are the same, whatever is kept")
    func otherProducts() throws {
        let device = Device.cpu(threads: 2)
        let weight = noise([1040, 1024], seed: 4, on: device)
        let packed = PackedWeight(
            .stored(try Lender(weight, overwrites: false).tensor([1040, 1024], on: device)))
        let x = noise([600, 1024], seed: 3, on: device)
        for rows in [600, 20, 4] + [Int](repeating: 20, count: PackedWeight.usesBefore) + [600, 4, 20] {
            for precision in [Precision.f32, .bf16] {
                let term = LinearTerm(.stored(weight), precision: precision, packed: packed)
                let isSame = isSame(
                    linears(x[0..<rows], [term])[0], linear(x[0..<rows], weight, precision: precision))
                #expect(isSame, "\(rows) rows in \(precision)")
            }
        }
    }

    @Test("rows that take several passes over the weight find what the first has packed")
    func passes() throws {
        let device = Device.cpu(threads: 2)
        let values = noise([48, 80_000], seed: 4, on: device)
        let x = noise([250, 80_000], seed: 3, on: device)
        for precision in [Precision.f32, .bf16] {
            let weight = try Lender(values, overwrites: true).tensor(values.shape, on: device)
            let term = LinearTerm(
                .stored(weight), precision: precision, packed: PackedWeight(.stored(weight)))
            for _ in 0...PackedWeight.usesBefore {
                let isSame = isSame(linears(x, [term])[0], linear(x, values, precision: precision))
                #expect(isSame, "\(precision)")
            }
            #expect(device.packedBytes > 0)
        }
    }

    @Test("products at the same time pack a weight without waiting for one another")
    func atOnce() async throws {
        let device = Device.cpu(threads: 2)
        let values = noise([720, 1800], seed: 4, on: device)
        let weight = try Lender(values, overwrites: false).tensor([720, 1800], on: device)
        let x = noise([40, 1800], seed: 3, on: device)
        let expected = linear(x, weight, precision: .bf16).floats()
        let packed = PackedWeight(.stored(weight))
        let same = await withTaskGroup(of: Bool.self) { group in
            for index in 0..<24 {
                group.addTask {
                    if index % 5 == 4 { packed.drop() }
                    let term = LinearTerm(.stored(weight), precision: .bf16, packed: packed)
                    return linears(x, [term])[0].floats() == expected
                }
            }
            return await group.reduce(true) { $0 && $1 }
        }
        #expect(same)
    }

    /// Layers of a file of 32 MiB each, whose products are in f32.
    private func layers(_ count: Int, _ type: DType = .f32, on device: Device) throws -> [LinearTerm] {
        try (0..<count).map { _ in
            let lender = Lender(byteCount: 32 << 20)
            let weight = LinearWeight.stored(try lender.tensor([8192 / type.size, 4096], type, on: device))
            return LinearTerm(weight, packed: PackedWeight(weight))
        }
    }

    /// Products until the weights are kept, if they may be.
    private func use(_ layers: [LinearTerm], _ x: Tensor) {
        for _ in 0...PackedWeight.usesBefore { _ = linears(x, layers) }
    }

    @Test("what is kept goes with the layer, and where it is dropped")
    func dropped() throws {
        let device = Device.planning(threads: 1, countsProcess: false)
        let x = Tensor.zeros([64, 4096], on: device)
        do {
            let layer = try layers(1, on: device)
            _ = linears(x, layer)
            #expect(device.packedBytes == 0)
            for _ in 0..<2 {
                use(layer, x)
                #expect(device.packedBytes >= 32 << 20)
                layer[0].packed?.drop()
                #expect(device.packedBytes == 0)
            }
            use(layer, x)
            withExtendedLifetime(layer) { #expect(device.packedBytes >= 32 << 20) }
        }
        #expect(device.packedBytes == 0)
    }

    @Test("a third of the memory is kept, in place of the file's pages; the rest stays in the file")
    func budget() throws {
        let limit = MemoryLimit(byteCount: 400 << 20)
        let device = Device.planning(threads: 1, memory: limit, countsProcess: false)
        let plan = try #require(device.memoryPlan)
        let layers = try layers(6, on: device)
        let x = Tensor.zeros([16, 4096], on: device)
        use(layers, x)
        // Panels are a little larger than 32 MiB, and 133 MiB may be kept.
        #expect(device.packedBytes > 128 << 20 && device.packedBytes <= 133 << 20)
        #expect(plan.weightBytes == 2 * 32 << 20)
        withExtendedLifetime(layers) {}
    }

    @Test("weights that would take more memory packed than in their file are packed in each product")
    func growth() throws {
        let device = Device.planning(threads: 1, countsProcess: false)
        let x = Tensor.zeros([16, 4096], on: device)
        let layers = try layers(2, .bf16, on: device)
        use(layers, x)
        #expect(device.packedBytes == 0)
        let own = LinearWeight.stored(Tensor.zeros([2048, 4096], on: device))
        let term = LinearTerm(own, packed: PackedWeight(own))
        use([term], x)
        #expect(device.packedBytes == 0)
        withExtendedLifetime(layers) {}
    }

    @Test(
        "small weights that are larger packed grow by a 64th of the memory there is",
        arguments: [DType.f32, .f16])
    func smallGrowth(type: DType) throws {
        let device = Device.planning(
            threads: 1, memory: MemoryLimit(byteCount: 128 << 20), countsProcess: false)
        let layers = try (0..<64).map { _ in
            let lender = Lender(byteCount: 192 * 768 * type.size)
            let weight = LinearWeight.stored(try lender.tensor([768, 192], type, on: device))
            return LinearTerm(weight, packed: PackedWeight(weight))
        }
        let x = Tensor.zeros([64, 192], on: device)
        use(layers, x)
        // Packed, each takes 582 KiB; in f16 that is 294 KiB more than in the file.
        let kept = device.packedBytes / (582 << 10)
        #expect(type == .f32 ? kept >= 63 : (5...7).contains(kept))
        withExtendedLifetime(layers) {}
    }

    @Test("kept weights give way to tensors, and results stay the same")
    func givesWay() throws {
        let ended = Mutex(false)
        let limit = MemoryLimit(byteCount: 160 << 20) { shortage in
            ended.withLock { $0 = true }
            fatalError("\(shortage)")
        }
        let device = Device.cpu(threads: 2, memory: limit)
        let values = noise([2064, 1024], seed: 4, on: device)
        let weight = try Lender(values, overwrites: false).tensor([2064, 1024], on: device)
        let x = noise([16, 1024], seed: 3, on: device)
        let packed = PackedWeight(.stored(weight))
        let term = LinearTerm(.stored(weight), packed: packed)
        let before = linears(x, [term])[0].floats()
        use([term], x)
        #expect(device.packedBytes > 8 << 20)
        let large = Tensor.zeros([33 << 20], on: device)
        #expect(device.packedBytes == 0)
        use([term], x)
        let after = linears(x, [term])[0].floats()
        #expect(before == after)
        // For good: it would be packed and dropped over and over.
        #expect(device.packedBytes == 0)
        #expect(large.count == 33 << 20 && !ended.withLock { $0 })
    }
}

extension LinearWeight {
    /// Bytes of an element, scales aside.
    fileprivate var bytesPerElement: Int {
        switch self {
        case .stored(let weight): weight.dtype.size
        case .quantized, .encoded: 1
        }
    }
}
