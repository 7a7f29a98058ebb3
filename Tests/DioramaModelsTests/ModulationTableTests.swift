import DioramaModels
import DioramaNN
import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Synchronization
import Testing

/// One layer that modulates, within a run and by itself.
@Suite struct ModulationTableTests {
    private let device = Device.cpu()
    private let width = 24

    private func noise(_ shape: Shape, _ seed: UInt64) -> Tensor {
        var source = SeededGenerator(seed)
        return Tensor(
            (0..<shape.count).map { _ in Float(Int64(bitPattern: source.next()) >> 40) / Float(1 << 23) },
            shape,
            on: device)
    }

    private func layer(_ dtype: DType = .f32, precision: Precision? = nil) throws -> Linear {
        let source = GivenTensors([
            ("layer.weight", noise([40, width], 1).asType(dtype)), ("layer.bias", noise([40], 2)),
        ])
        return try Linear(
            Weights(source, on: device, precision: precision)["layer"], from: width, to: 40, isSensitive: true
        )
    }

    private func context(_ pooled: Tensor?, batch: Int) -> TextContext {
        TextContext(tokens: .zeros([batch, 1, 1], on: device), pooled: pooled)
    }

    /// A vector that depends on time and pooled text: pooled · time, [B, 1, D].
    private func vector(
        _ time: Float, _ pooled: Tensor, _ table: ModulationTable?, made: () -> Void = {}
    ) -> ModulationVector {
        let batch = pooled.shape[0]
        return BlockRunner(modulations: table).vector(
            at: .full(time, [batch], on: device), context(pooled, batch: batch)
        ) { times in
            made()
            return (pooled * times.reshaped(batch, 1)).reshaped(batch, 1, width)
        }
    }

    private func bits(_ x: Tensor) -> [UInt32] { x.floats().map(\.bitPattern) }

    /// However many pictures a batch has, and however few steps: no row takes another way through the processor.
    @Test(
        "a row does not depend on the batch",
        arguments: [
            (DType.f32, Precision?.none), (.bf16, nil), (.f16, nil), (.f32, .bf16), (.f16, .bf16),
            (.f32, .int8),
        ])
    func batches(_ dtype: DType, _ precision: Precision?) throws {
        let layer = try layer(dtype, precision: precision)
        let pooled = noise([8, width], 3)
        for steps in [2, 3, 7, 20] {
            let times = (1...steps).map { Float($0) / 8 }
            let whole = ModulationTable(timesteps: times)
            for batch in [1, 2, 3] {
                let table = ModulationTable(timesteps: times)
                for time in times {
                    let all = layer(vector(time, pooled, whole))
                    let part = layer(vector(time, pooled[0..<batch], table))
                    #expect(part.shape == [batch, 1, 40])
                    #expect(bits(part) == bits(all[0..<batch]))
                    let alone = layer(vector(time, pooled[0..<batch], nil))
                    let tolerance = precision == nil ? Tolerance.f32 : Tolerance.bf16
                    #expect(relativeError(part, alone) < tolerance.op)
                }
            }
        }
    }

    /// The vectors of the times that are left are made when the first of them is asked for, at most 64 rows at once.
    @Test func longRunsAreMadePartByPart() throws {
        let layer = try layer()
        let times = (0..<50).map { 1 - Float($0) / 50 }
        let pooled = noise([2, width], 3)
        let table = ModulationTable(timesteps: times)
        var (count, counts) = (0, [Int]())
        for time in times {
            let result = layer(vector(time, pooled, table) { count += 1 })
            counts.append(count)
            #expect(relativeError(result, layer(vector(time, pooled, nil))) < Tolerance.f32.op)
        }
        #expect(counts == Array(repeating: 32, count: 32) + Array(repeating: 50, count: 18))
    }

    /// Rows are kept for at most 128 in all: of more prompts those that come last are computed in every step.
    @Test func manyPromptsDoNotTakeMoreMemory() throws {
        let layer = try layer()
        let times = (0..<50).map { 1 - Float($0) / 50 }
        let table = ModulationTable(timesteps: times)
        var counts = [0, 0, 0]
        for time in times.prefix(3) {
            for prompt in 0..<3 {
                let pooled = noise([1, width], UInt64(3 + prompt))
                let result = layer(vector(time, pooled, table) { counts[prompt] += 1 })
                #expect(relativeError(result, layer(vector(time, pooled, nil))) < Tolerance.f32.op)
            }
        }
        // The third has room for 28 of its rows.
        #expect(counts == [50, 50, 28])
        let more = noise([70, width], 9)
        var count = 0
        for time in times.prefix(3) {
            let result = layer(vector(time, more, table) { count += 1 })
            #expect(relativeError(result, layer(vector(time, more, nil))) < Tolerance.f32.op)
        }
        #expect(count == 3)
    }

    @Test func anActivatedVectorIsToldFromThePlainOne() throws {
        let layer = try layer()
        let times: [Float] = [1, 0.5, 0.25]
        let pooled = noise([2, width], 3)
        let table = ModulationTable(timesteps: times)
        for time in times {
            let plain = vector(time, pooled, table)
            let value = vector(time, pooled, nil).value
            #expect(bits(plain.value) == bits(value))
            #expect(relativeError(layer(plain), layer(value)) < Tolerance.f32.op)
            #expect(bits(silu(plain).value) == bits(silu(value)))
            #expect(relativeError(layer(silu(plain)), layer(silu(value))) < Tolerance.f32.op)
            #expect(relativeError(layer(silu(silu(plain))), layer(silu(silu(value)))) < Tolerance.f32.op)
        }
    }

    @Test func layersWithTheSameWeightAreToldApart() throws {
        let source = GivenTensors([
            ("a.weight", noise([40, width], 1)), ("b.bias", noise([40], 4)), ("a.bias", noise([40], 2)),
        ])
        let weights = Weights(source, on: device)
        let plain = try Linear(weights["a"], from: width, to: 40)
        let bare = try Linear(weights["a"], from: width, to: 40, bias: false)
        let table = ModulationTable(timesteps: [1, 0.5])
        let pooled = noise([2, width], 3)
        let (first, second) = (plain(vector(1, pooled, table)), bare(vector(1, pooled, table)))
        #expect(relativeError(first - noise([40], 2), second) < Tolerance.f32.op)
    }

    /// What adapters add to a layer is part of its product, against the sum of both matrices.
    @Test func adaptersAreApplied() throws {
        let (down, up) = (noise([4, width], 5), noise([40, 4], 6))
        let file = AdapterFile(
            GivenTensors([("layer.lora_A.weight", down), ("layer.lora_B.weight", up)]))
        var adapter = AdapterApplication(file)
        let source = GivenTensors([("layer.weight", noise([40, width], 1)), ("layer.bias", noise([40], 2))])
        let weights = try Weights(source, on: device).adapted(
            by: &adapter, names: AdapterNames(prefixes: [""], flatPrefixes: []) { _ in [] }, strength: 0.5)
        let layer = try Linear(weights["layer"], from: width, to: 40)
        try adapter.finish()
        let table = ModulationTable(timesteps: [1, 0.5])
        let pooled = noise([2, width], 3)
        for time: Float in [1, 0.5] {
            let value = vector(time, pooled, nil).value
            let sum = noise([40, width], 1) + matmul(up, down) * 0.5
            let expected = linear(value, sum, bias: noise([40], 2))
            #expect(relativeError(layer(vector(time, pooled, table)), expected) < Tolerance.f32.op)
        }
    }

    // MARK: Weights that are given back

    /// Bytes that count how often they are told that they are not needed; then they hold something else for a moment.
    private final class Lender: ByteLender {
        let address: UInt
        let byteCount: Int
        let releases = Mutex<[Int]>([])

        init(_ tensor: Tensor) {
            byteCount = tensor.count * tensor.dtype.size
            let memory = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 64)
            tensor.withBytes { bytes in
                if let first = bytes.baseAddress { memory.copyMemory(from: first, byteCount: bytes.count) }
            }
            address = UInt(bitPattern: memory)
        }

        deinit { UnsafeMutableRawPointer(bitPattern: address)?.deallocate() }

        func release(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
            releases.withLock { $0.append(bytes.count) }
            return bytes
        }

        func tensor(_ shape: Shape, on device: Device) throws -> Tensor {
            let bytes = try #require(UnsafeRawPointer(bitPattern: address))
            let storage = Storage(borrowing: bytes, byteCount: byteCount, owner: self)
            return Tensor(storage: storage, byteOffset: 0, shape: shape, dtype: .f32, on: device)
        }
    }

    private func lent(_ seed: UInt64) throws -> (Lender, Linear) {
        let lender = Lender(noise([40, width], seed))
        let source = GivenTensors([("layer.weight", try lender.tensor([40, width], on: device))])
        return (lender, try Linear(Weights(source, on: device)["layer"], from: width, to: 40, bias: false))
    }

    @Test func aWeightIsGivenBackWhenAllStepsAreKnown() throws {
        let (lender, layer) = try lent(1)
        let times: [Float] = [1, 0.75, 0.5, 0.25]
        let pooled = noise([2, width], 3)
        let table = ModulationTable(timesteps: times)
        for time in times { _ = layer(vector(time, pooled, table)) }
        #expect(lender.releases.withLock { $0 } == [40 * width * 4])
        // It is used again, for a time that no one told, and for another run.
        let again = ModulationTable(timesteps: times)
        for time in [0.3, 0.75] as [Float] {
            #expect(
                relativeError(layer(vector(time, pooled, again)), layer(vector(time, pooled, nil)))
                    < Tolerance.f32.op)
        }
        #expect(lender.releases.withLock { $0.count } == 2)
    }

    @Test func aWeightIsKeptWhileStepsAreToCome() throws {
        let (lender, layer) = try lent(1)
        let times = (0..<70).map { 1 - Float($0) / 70 }
        let pooled = noise([1, width], 3)
        let table = ModulationTable(timesteps: times)
        for (index, time) in times.enumerated() {
            _ = layer(vector(time, pooled, table))
            #expect(lender.releases.withLock { $0.count } == (index < 64 ? 0 : 1))
        }
        let alone = try lent(2)
        _ = alone.1(vector(1, pooled, nil))
        #expect(alone.0.releases.withLock { $0.isEmpty })
    }
}
