import DioramaTensor
import Testing

@Suite struct MemoryPlanTests {
    /// Ops of every kind, on pictures and tokens.
    private func compute(on device: Device, precision: Precision) {
        let image = Tensor.full(0.5, [2, 32, 40, 48], on: device)
        let filters = Tensor.full(0.01, [64, 32, 3, 3], on: device)
        let wide = sameConv2d(
            image, weight: filters, precision: precision,
            ConvPrologue(
                affine: groupAffine(image, groups: 8, weight: nil, bias: nil, eps: 1e-5), silu: true,
                upsampling: 2))
        let small = conv2d(
            wide, weight: Tensor.full(0.01, [16, 64, 3, 3], on: device), stride: 2, padding: 1)
        let tokens = small.reshaped(2, 16, 40 * 48).transposed(1, 2)
        let hidden = linear(
            tokens, Tensor.full(0.1, [192, 16], on: device), precision: precision,
            LinearEpilogue(.geluTanh))
        let heads = hidden.reshaped(2, 40 * 48, 4, 48)
        let seen = attention(heads, heads, heads, precision: precision)
        let normed = layerNorm(seen.reshaped(2, 40 * 48, 192), eps: 1e-6)
        let weight = QuantizedWeight(Tensor.full(0.1, [192, 192], on: device), rotationGroup: 64)
        let bytes = linear(normed + hidden, weight)
        let half = bytes.asType(.bf16)
        let few = linear(half[0..<1].narrowed(axis: 1, 0..<3), Tensor.full(1, [8, 192], on: device))
        _ = softmax(Tensor.concatenated([few, few], axis: 1)).sum(axis: -1)
        _ = matmul(heads.transposed(1, 2), heads.transposed(1, 2).transposed(2, 3))
    }

    @Test("a plan takes what the processor takes", arguments: Precision.allCases)
    func sameMemory(precision: Precision) throws {
        let (cpu, plan) = (Device.cpu(threads: 3), Device.planning(threads: 3, countsProcess: false))
        compute(on: cpu, precision: precision)
        compute(on: plan, precision: precision)
        #expect(plan.memory.total == cpu.memory.total)
        #expect(plan.memory.peak == cpu.memory.peak)
        #expect(plan.memory.current == 0)
        let peak = try #require(plan.memoryPlan?.peak)
        #expect(peak.tensors > 0 && peak.tensors <= cpu.memory.peak)
        #expect(peak.weights == 0)
    }

    @Test("files count by what was read of them, and until they go")
    func mappedFiles() throws {
        let device = Device.planning(threads: 1, countsProcess: false)
        let plan = try #require(device.memoryPlan)
        do {
            let lender = Lender(byteCount: 8 << 20)
            let weight = try lender.tensor([2048, 1024], on: device)
            #expect(plan.peak.weights == 0)
            // Two rows in one window of 64 KiB, and one elsewhere.
            let ids = Tensor([3 as Int32, 4, 2000], [3], on: device)
            _ = embedding(ids, table: weight)
            _ = Tensor.zeros([4 << 20], on: device)
            #expect(plan.peak.weights == 2 << 16)
            // The result of a layer is less than what it reads.
            _ = linear(Tensor.zeros([1, 1024], on: device), weight)
            _ = Tensor.zeros([6 << 20], on: device)
            #expect(plan.peak.weights == 8 << 20)
            withExtendedLifetime(weight) {}
        }
        _ = Tensor.zeros([16 << 20], on: device)
        #expect(plan.peak.weights == 0)
        #expect(plan.peak.tensors == 64 << 20)
    }

    @Test("bytes of a file that were given back count no more")
    func givenBack() throws {
        let device = Device.planning(threads: 1, countsProcess: false)
        let plan = try #require(device.memoryPlan)
        let lender = Lender(byteCount: 8 << 20)
        let weight = try lender.tensor([2048, 1024], on: device)
        _ = linear(Tensor.zeros([1, 1024], on: device), weight)
        weight[512..<2048].release()
        _ = Tensor.zeros([16 << 20], on: device)
        #expect(plan.peak.weights == 2 << 20)
        #expect(plan.peak.tensors == 64 << 20)
    }

    @Test("small weights that lie side by side go page by page, and come back with their neighbours")
    func givenBackSideBySide() throws {
        let device = Device.planning(threads: 1, countsProcess: false)
        let plan = try #require(device.memoryPlan)
        // Weights of 18 pages each: 16 pages come at once.
        let page = 4 << 10
        let weights = try Lender(byteCount: 4 * 18 * page).tensor([4 * 96, 192], on: device)
        let x = Tensor.zeros([1, 192], on: device)
        _ = linear(x, weights)
        #expect(plan.weightBytes == 72 * page)
        for place in 0..<3 { weights[place * 96..<(place + 1) * 96].release() }
        #expect(plan.weightBytes == 18 * page)
        // What is there brings nothing back; pages 18 to 35, which are not, come with those around them, 16 to 47.
        _ = linear(x, weights[3 * 96..<4 * 96])
        #expect(plan.weightBytes == 18 * page)
        _ = linear(x, weights[96..<2 * 96])
        #expect(plan.weightBytes == (18 + 32) * page)
        // Less than a page is nothing that can go.
        weights[97..<98].release()
        #expect(plan.weightBytes == (18 + 32) * page)
        weights.release()
        #expect(plan.weightBytes == 0)
    }

    @Test("what is not done is counted for a moment, at what is at work")
    func announced() throws {
        let plan = try #require(Device.planning(threads: 1, countsProcess: false).memoryPlan)
        plan.begin("save")
        plan.hold(64 << 20)
        plan.end("save")
        #expect(plan.peak.pictures == 64 << 20)
        #expect(plan.peak.work == "save")
        #expect(plan.leastBytes == plan.peak.total)
    }

    @Test("numbers that decide are as if all went well, and few numbers are what they are")
    func values() {
        let device = Device.planning(threads: 1, countsProcess: false)
        let x = Tensor([1, 2, 3] as [Float], [3], on: device)
        #expect(exp(x).allFinite)
        #expect(x.argmax(axis: 0).ints() == [0])
        #expect(x.asType(.f16).floats() == [1, 2, 3])
        #expect(Tensor.stacked([x, x]).floats() == [1, 2, 3, 1, 2, 3])
    }
}
