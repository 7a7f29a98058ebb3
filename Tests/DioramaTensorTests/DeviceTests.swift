import DioramaTensor
import DioramaTestSupport
import Synchronization
import Testing

@Suite struct DeviceTests {
    /// Ops whose work is divided among threads, on shapes that divide into many parts with odd remainders.
    private func manyOps(on device: Device) -> [Tensor] {
        let x = noise([3, 517, 67], on: device)
        let weight = noise([131, 67], seed: 2, on: device)
        let image = noise([1, 8, 61, 67], seed: 3, on: device)
        let kernel = noise([19, 8, 3, 3], seed: 4, on: device)
        let tokens = noise([2, 301, 3, 24], seed: 5, on: device)
        let deep = noise([300, 1030], seed: 6, on: device)
        return [
            linear(x, weight), linear(x[0][0..<5], weight),
            linear(x, weight.asType(.f16), bias: noise([131], on: device)),
            linear(deep, noise([301, 1030], seed: 7, on: device).asType(.bf16)),
            matmul(deep, noise([1030, 270], seed: 8, on: device)), conv2d(image, weight: kernel, padding: 1),
            conv2d(image, weight: kernel, stride: 2),
            groupNorm(image, groups: 4, weight: nil, bias: nil, eps: 1e-6),
            attention(tokens, tokens, tokens), attention(tokens, tokens, tokens, causal: true), silu(x),
            gelu(x), softmax(x),
            layerNorm(x, eps: 1e-6), rmsNorm(x, eps: 1e-6), x.sum(axis: -1), x * x[0], x.transposed(0, 1),
            x.asType(.f16),
            upsampleNearest(image, by: 2),
        ]
    }

    @Test("results do not depend on the number of threads", arguments: Instructions.runnable)
    func threads(instructions: Instructions) {
        let one = manyOps(on: .cpu(threads: 1, instructions: instructions))
        for threads in [2, 3, 7] {
            let more = manyOps(on: .cpu(threads: threads, instructions: instructions))
            for (i, (a, b)) in zip(one, more).enumerated() {
                #expect(
                    a.floats().map(\.bitPattern) == b.floats().map(\.bitPattern),
                    "op \(i), \(threads) threads")
            }
        }
    }

    @Test("a device may be used by several callers at once")
    func callers() async {
        let device = Device.cpu(threads: 3)
        let expected = manyOps(on: device).map { $0.floats() }
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<4 {
                group.addTask { self.manyOps(on: device).map { $0.floats() } == expected }
            }
            for await same in group { #expect(same) }
        }
    }

    @Test("the processor agrees with the reference on odd shapes", arguments: Device.processors)
    func oddShapes(on device: Device) {
        let reference = Device.reference()
        for rows in [1, 2, 7, 8, 9, 13, 47] {
            for (inputs, outputs) in [(1, 1), (3, 17), (16, 16), (31, 33), (97, 5)] {
                let (x, weight) = (
                    noise([rows, inputs], on: device), noise([outputs, inputs], seed: 2, on: device)
                )
                let y = linear(x, weight)
                #expect(relativeError(y, linear(x.to(reference), weight.to(reference))) < Tolerance.f32.op)
                #expect(relativeError(matmul(x, weight.transposed(0, 1)), y) < Tolerance.f32.op)
            }
        }
        for (channels, outputs, height, width) in [
            (1, 1, 1, 1), (3, 7, 5, 17), (5, 2, 3, 16), (2, 13, 33, 4),
        ] {
            let x = noise([2, channels, height, width], on: device)
            let weight = noise([outputs, channels, 3, 3], seed: 3, on: device)
            for stride in 1...2 {
                let y = conv2d(x, weight: weight, stride: stride, padding: 1)
                let expected = conv2d(
                    x.to(reference), weight: weight.to(reference), stride: stride, padding: 1)
                #expect(relativeError(y, expected) < Tolerance.f32.op)
            }
        }
    }

    @Test("deep products agree with the reference", arguments: Device.processors)
    func deepProducts(on device: Device) {
        let (x, weight) = (noise([257, 1030], on: device), noise([259, 1030], seed: 2, on: device))
        let bias = noise([259], seed: 3, on: device)
        let reference = Device.reference()
        let expected = linear(x.to(reference), weight.to(reference), bias: bias.to(reference))
        #expect(relativeError(linear(x, weight, bias: bias), expected) < Tolerance.f32.op)
        let product = matmul(x, weight.transposed(0, 1)) + bias
        #expect(relativeError(product, expected) < Tolerance.f32.op)
        let halves = weight.asType(.f16)
        let rounded = linear(x.to(reference), halves.to(reference))
        #expect(relativeError(linear(x, halves), rounded) < Tolerance.f32.op)
    }

    @Test("an observer hears of each op once")
    func observer() {
        let log = Log()
        let device = Device.cpu(threads: 1, observer: log)
        let x = Tensor.full(1, [2, 3], on: device)
        _ = linear(x, Tensor.zeros([4, 3], dtype: .f16, on: device), bias: nil)
        _ = silu(x.asType(.f16))
        let events = log.events
        #expect(events.map(\.name) == ["linear", "asType", "silu"])
        #expect(events.first?.shapes == "f32 [2, 3], f16 [4, 3]")
        #expect(events.first?.bytesAllocated == 32)
        #expect(events.allSatisfy { $0.duration > .zero })
    }

    @Test func devicesAreEqualOnlyToThemselves() {
        let device = Device.cpu(threads: 2)
        let copy = device
        #expect(device == copy && device != Device.cpu(threads: 2))
        #expect(device.threads == 2 && device.name == "cpu" && "\(device)" == "cpu (2 threads)")
        #expect(Device.available.map(\.name) == ["cpu", "reference"])
    }

    private final class Log: OpObserver {
        private let recorded = Mutex<[OpEvent]>([])
        var events: [OpEvent] { recorded.withLock { $0 } }
        func record(_ event: OpEvent) { recorded.withLock { $0.append(event) } }
    }
}
