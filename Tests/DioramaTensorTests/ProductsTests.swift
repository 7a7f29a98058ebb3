import DioramaTensor
import DioramaTestSupport
import Testing

@Suite struct ProductsTests {
    /// Written by `tools/golden/ops.py`: PyTorch in float64.
    let golden: Fixture

    init() throws {
        golden = try Fixture("ops.safetensors")
    }

    @Test("matmul agrees with PyTorch", arguments: Device.each)
    func matmulAgrees(on device: Device) {
        for name in ["plain", "tall", "batch", "broadcast", "deep", "wide"] {
            let y = matmul(golden["matmul.\(name).a", on: device], golden["matmul.\(name).b", on: device])
            #expect(relativeError(y, golden["matmul.\(name).y"]) < Tolerance.f32.op, "\(name)")
        }
    }

    @Test("linear agrees with PyTorch for weights of each type", arguments: Device.each)
    func linearAgrees(on device: Device) {
        for type in ["f32", "f16", "bf16"] {
            for rows in [1, 3, 9, 31] {
                let key = "linear.\(type).\(rows)"
                let weight = golden["\(key).weight", on: device]
                #expect(weight.dtype.rawValue == type)
                let y = linear(
                    golden["\(key).x", on: device], weight, bias: golden["\(key).bias", on: device])
                #expect(y.dtype == .f32)
                #expect(relativeError(y, golden["\(key).y"]) < Tolerance.f32.op, "\(key)")
            }
        }
    }

    @Test("linear takes any leading axes, and none", arguments: Device.each)
    func linearShapes(on device: Device) {
        let weight = noise([3, 5], on: device)
        let x = noise([2, 2, 5], seed: 2, on: device)
        #expect(linear(x, weight).shape == [2, 2, 3])
        #expect(linear(x[0][1], weight).floats() == linear(x, weight)[0][1].floats())
        #expect(linear(noise([0, 5], on: device), weight).shape == [0, 3])
    }

    @Test("embedding reads rows of tables of each type", arguments: Device.each)
    func embeddings(on device: Device) {
        for type in ["f32", "f16", "bf16"] {
            let y = embedding(
                golden["embedding.\(type).ids", on: device],
                table: golden["embedding.\(type).table", on: device])
            #expect(y.floats() == golden.floats("embedding.\(type).y"))
            #expect(y.shape == [2, 3, 9])
        }
    }

    static let convolutions: [(name: String, stride: Int, padding: Int)] = [
        ("same", 1, 1), ("point", 1, 0), ("patch", 2, 0), ("down", 2, 1), ("valid", 1, 0), ("groups", 1, 1),
        ("depthwise", 1, 1), ("large", 1, 4), ("wide", 1, 1),
    ]

    @Test("conv2d agrees with PyTorch", arguments: Device.each)
    func convolutionsAgree(on device: Device) {
        for (name, stride, padding) in Self.convolutions {
            let key = "conv2d.\(name)"
            let y = conv2d(
                golden["\(key).x", on: device], weight: golden["\(key).weight", on: device],
                bias: golden["\(key).bias", on: device], stride: stride, padding: padding)
            #expect(relativeError(y, golden["\(key).y"]) < Tolerance.f32.op, "\(name)")
        }
        let halves = conv2d(
            golden["conv2d.f16.x", on: device], weight: golden["conv2d.f16.weight", on: device], padding: 1)
        #expect(relativeError(halves, golden["conv2d.f16.y"]) < Tolerance.f32.op)
    }

    @Test("zeros at the bottom and on the right may be others", arguments: Device.each)
    func paddingAfter(on device: Device) {
        let x = noise([2, 3, 12, 37], seed: 1, on: device)
        let weight = noise([5, 3, 3, 3], seed: 2, on: device)
        for (stride, before, after) in [(2, 0, 1), (1, 1, 2), (1, 2, 0)] {
            let padded = x.padded([
                (axis: 2, before: before, after: after), (axis: 3, before: before, after: after),
            ])
            let y = conv2d(x, weight: weight, stride: stride, padding: before, paddingAfter: after)
            let expected = conv2d(padded, weight: weight, stride: stride)
            #expect(y.shape == expected.shape)
            #expect(y.floats() == expected.floats())
        }
    }

    @Test("upsampling repeats elements", arguments: Device.each)
    func upsampling(on device: Device) {
        let y = upsampleNearest(golden["upsampleNearest.x", on: device], by: 3)
        #expect(y.shape == golden["upsampleNearest.y"].shape)
        #expect(y.floats() == golden.floats("upsampleNearest.y"))
    }
}
