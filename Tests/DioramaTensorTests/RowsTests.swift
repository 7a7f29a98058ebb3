import DioramaTensor
import DioramaTestSupport
import Testing

@Suite struct RowsTests {
    /// Written by `tools/golden/ops.py`: PyTorch in float64.
    let golden: Fixture

    init() throws {
        golden = try Fixture("ops.safetensors")
    }

    @Test("reductions agree with PyTorch on each axis", arguments: Device.each)
    func reductions(on device: Device) {
        for axis in 0..<3 {
            let x = golden["sum.\(axis).x", on: device]
            #expect(relativeError(x.sum(axis: axis), golden["sum.\(axis).y"]) < Tolerance.f32.op)
            #expect(relativeError(x.mean(axis: axis), golden["mean.\(axis).y"]) < Tolerance.f32.op)
            #expect(x.max(axis: axis).floats() == golden.floats("amax.\(axis).y"))
            #expect(x.min(axis: axis).floats() == golden.floats("amin.\(axis).y"))
            #expect(x.argmax(axis: axis).ints() == golden.ints("argmax.\(axis).y"))
            #expect(x.argmax(axis: axis - 3).dtype == .i64)
            var kept = x.shape.dims
            kept[axis] = 1
            #expect(x.sum(axis: axis, keepDims: true).shape == Shape(kept))
        }
    }

    @Test("a not-a-number is the greatest and the least", arguments: Device.each)
    func reductionsOfNaN(on device: Device) {
        for position in [0, 3, 8, 16] {
            var values = (0..<17).map { Float($0) }
            values[position] = .nan
            let x = Tensor(values, [17], on: device)
            #expect(x.max(axis: 0).floats()[0].isNaN)
            #expect(x.min(axis: 0).floats()[0].isNaN)
            #expect(x.sum(axis: 0).floats()[0].isNaN)
            #expect(x.argmax(axis: 0).ints() == [position])
            let column = x.reshaped(17, 1).broadcast(to: [17, 3])
            #expect(column.max(axis: 0).floats().allSatisfy { $0.isNaN })
            #expect(column.min(axis: 0).floats().allSatisfy { $0.isNaN })
        }
    }

    @Test("argmax of integers takes the first of equals", arguments: Device.each)
    func argmaxOfIntegers(on device: Device) {
        #expect(Tensor([3, 49407, 7, 49407] as [Int32], [4], on: device).argmax(axis: -1).ints() == [1])
    }

    @Test("a long sum keeps its digits", arguments: Device.each)
    func longSum(on device: Device) {
        let x = Tensor.full(0.1, [100_000], on: device)
        #expect(Swift.abs(x.sum(axis: 0).floats()[0] - 10_000) < 0.005)
        #expect(Swift.abs(x.reshaped(50_000, 2).mean(axis: 0).floats()[1] - 0.1) < 1e-7)
    }

    @Test("softmax agrees with PyTorch", arguments: Device.each)
    func softmaxAgrees(on device: Device) {
        let last = softmax(golden["softmax.last.x", on: device])
        #expect(relativeError(last, golden["softmax.last.y"]) < Tolerance.f32.op)
        let first = softmax(golden["softmax.first.x", on: device], axis: 0)
        #expect(relativeError(first, golden["softmax.first.y"]) < Tolerance.f32.op)
    }

    @Test("softmax does not overflow, and hides what is minus infinity", arguments: Device.each)
    func softmaxExtremes(on device: Device) {
        let y = softmax(Tensor([1e30, 1e30, -.infinity] as [Float], [3], on: device)).floats()
        #expect(y == [0.5, 0.5, 0])
    }

    @Test("layer and RMS norm agree with PyTorch", arguments: Device.each)
    func rowNorms(on device: Device) {
        for width in [1, 7, 19, 192] {
            if width > 1 {
                let key = "layerNorm.\(width)"
                let y = layerNorm(
                    golden["\(key).x", on: device], weight: golden["\(key).weight", on: device],
                    bias: golden["\(key).bias", on: device], eps: 1e-6)
                #expect(relativeError(y, golden["\(key).y"]) < Tolerance.f32.op, "\(key)")
                let plain = layerNorm(golden["\(key).plain.x", on: device], eps: 1e-6)
                #expect(relativeError(plain, golden["\(key).plain.y"]) < Tolerance.f32.op, "\(key)")
            }
            let key = "rmsNorm.\(width)"
            let y = rmsNorm(
                golden["\(key).x", on: device], weight: golden["\(key).weight", on: device], eps: 1e-6)
            #expect(relativeError(y, golden["\(key).y"]) < Tolerance.f32.op, "\(key)")
        }
    }

    @Test("modulated layer norm agrees with PyTorch", arguments: Device.each)
    func modulated(on device: Device) {
        let y = modulatedLayerNorm(
            golden["modulatedLayerNorm.x", on: device], scale: golden["modulatedLayerNorm.scale", on: device],
            shift: golden["modulatedLayerNorm.shift", on: device], eps: 1e-6)
        #expect(relativeError(y, golden["modulatedLayerNorm.y"]) < Tolerance.f32.op)
    }

    @Test("a modulation may be per token or for all", arguments: Device.each)
    func anyModulation(on device: Device) {
        let x = noise([2, 3, 5], on: device)
        for shape: Shape in [[5], [2, 3, 5], [2, 1, 5], [1, 3, 1]] {
            let (scale, shift) = (noise(shape, seed: 2, on: device), noise(shape, seed: 3, on: device))
            let y = modulatedLayerNorm(x, scale: scale, shift: shift, eps: 1e-5)
            #expect(relativeError(y, layerNorm(x, eps: 1e-5) * (1 + scale) + shift) < 1e-6, "\(shape)")
        }
    }

    @Test("group norm agrees with PyTorch", arguments: Device.each)
    func groupNorms(on device: Device) {
        for (name, groups) in [("square", 3), ("wide", 2), ("single", 4)] {
            let key = "groupNorm.\(name)"
            let y = groupNorm(
                golden["\(key).x", on: device], groups: groups, weight: golden["\(key).weight", on: device],
                bias: golden["\(key).bias", on: device], eps: 1e-6)
            #expect(relativeError(y, golden["\(key).y"]) < Tolerance.f32.op, "\(key)")
        }
    }

    @Test("norms hold where the mean is far greater than the deviation", arguments: Device.each)
    func largeMean(on device: Device) {
        let x = noise([1, 4, 32, 32], on: device)
        let shifted = groupNorm(x + 1000, groups: 2, weight: nil, bias: nil, eps: 1e-6)
        // x + 1000 itself has lost the bits below 6e-5.
        #expect(maxError(shifted, groupNorm(x, groups: 2, weight: nil, bias: nil, eps: 1e-6)) < 2e-4)
    }
}
