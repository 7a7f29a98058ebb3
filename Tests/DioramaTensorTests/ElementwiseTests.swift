import DioramaTensor
import DioramaTestSupport
import Testing

@Suite struct ElementwiseTests {
    /// Written by `tools/golden/ops.py`: PyTorch in float64.
    let golden: Fixture

    init() throws {
        golden = try Fixture("ops.safetensors")
    }

    static let functions: [(name: String, function: @Sendable (Tensor) -> Tensor)] = [
        ("negate", { -$0 }), ("exp", { exp($0) }), ("log", { log($0) }), ("sqrt", { sqrt($0) }),
        ("rsqrt", { rsqrt($0) }), ("tanh", { tanh($0) }), ("sigmoid", { sigmoid($0) }), ("sin", { sin($0) }),
        ("cos", { cos($0) }), ("abs", { abs($0) }), ("silu", { silu($0) }), ("quickGELU", { quickGELU($0) }),
        ("relu", { relu($0) }), ("gelu", { gelu($0) }), ("geluTanh", { gelu($0, .tanh) }),
    ]

    @Test("functions agree with PyTorch, element by element", arguments: Device.each)
    func functionsAgree(on device: Device) {
        for (name, function) in Self.functions {
            let x = golden["unary.\(name).x", on: device]
            let sizes = x.floats().map(\.magnitude)
            let expected = golden.floats("unary.\(name).y")
            for (i, value) in function(x).floats().enumerated() {
                // A few units in the last place of the result, or of the 1 it was taken from (as in 1 + erf); and
                // e^x multiplies the rounding of x, which quickGELU scales, by x.
                let units = Swift.max(4, 2 * sizes[i])
                let tolerance = units * Swift.max(expected[i].ulp, name.hasPrefix("gelu") ? 6e-8 : 0)
                #expect(Swift.abs(value - expected[i]) <= tolerance, "\(name): \(value), not \(expected[i])")
            }
        }
    }

    @Test("infinities, zeros and not-a-number give what PyTorch gives", arguments: Device.each)
    func specialValues(on device: Device) {
        for (name, function) in Self.functions {
            let x = golden.floats("special.\(name).x")
            let y = function(golden["special.\(name).x", on: device]).floats()
            for (i, expected) in golden.floats("special.\(name).y").enumerated() {
                // PyTorch's own sine and cosine lose their digits at 1e30.
                if name == "sin" || name == "cos", x[i].magnitude > 1e5 { continue }
                let isNear =
                    y[i] == expected || (y[i].isNaN && expected.isNaN)
                    || Swift.abs(y[i] - expected) <= Swift.max(1e-37, 8 * expected.ulp)
                #expect(isNear, "\(name)(\(x[i])): \(y[i]), not \(expected)")
            }
        }
    }

    static let operations: [(name: String, operation: @Sendable (Tensor, Tensor) -> Tensor)] = [
        ("add", { $0 + $1 }), ("subtract", { $0 - $1 }), ("multiply", { $0 * $1 }), ("divide", { $0 / $1 }),
    ]

    @Test("arithmetic broadcasts as PyTorch does", arguments: Device.each)
    func arithmetic(on device: Device) {
        for shape in ["same", "row", "column", "outer", "channel", "left", "middle", "scalar"] {
            for (name, operation) in Self.operations {
                let key = "binary.\(name).\(shape)"
                let y = operation(golden["\(key).a", on: device], golden["\(key).b", on: device])
                #expect(y.shape == golden["\(key).y"].shape)
                #expect(relativeError(y, golden["\(key).y"]) < Tolerance.f32.op, "\(key)")
            }
        }
    }

    @Test("numbers stand on either side", arguments: Device.each)
    func numbers(on device: Device) {
        let x = Tensor([1, 2, -4] as [Float], [3], on: device)
        #expect((x + 1).floats() == [2, 3, -3])
        #expect((1 + x).floats() == [2, 3, -3])
        #expect((x - 1).floats() == [0, 1, -5])
        #expect((1 - x).floats() == [0, -1, 5])
        #expect((x * 3).floats() == [3, 6, -12])
        #expect((3 * x).floats() == [3, 6, -12])
        #expect((x / 4).floats() == [0.25, 0.5, -1])
        #expect((4 / x).floats() == [4, 2, -1])
    }

    @Test("clamped and gatedAdd agree with PyTorch", arguments: Device.each)
    func clampedAndGatedAdd(on device: Device) {
        let clamped = golden["clamp.x", on: device].clamped(-0.5, 0.75)
        #expect(clamped.floats() == golden.floats("clamp.y"))
        let gated = gatedAdd(
            golden["gatedAdd.x", on: device], gate: golden["gatedAdd.gate", on: device],
            golden["gatedAdd.branch", on: device])
        #expect(relativeError(gated, golden["gatedAdd.y"]) < Tolerance.f32.op)
    }

    @Test("gatedAdd takes any gate that broadcasts", arguments: Device.each)
    func anyGate(on device: Device) {
        let (x, y) = (noise([2, 3, 5], on: device), noise([2, 3, 5], seed: 2, on: device))
        for shape: Shape in [[5], [1, 5], [2, 1, 1], [2, 3, 1], [3, 5], [2, 3, 5], []] {
            let gate = noise(shape, seed: 3, on: device)
            #expect(relativeError(gatedAdd(x, gate: gate, y), x + gate * y) < 1e-6, "gate \(shape)")
        }
    }

    @Test("allFinite finds one bad element anywhere", arguments: Device.each)
    func allFinite(on device: Device) {
        for count in [1, 7, 8, 33] {
            #expect(noise([count], on: device).allFinite)
            for bad in [Float.nan, .infinity, -.infinity] {
                var values = [Float](repeating: 1, count: count)
                values[count - 1] = bad
                #expect(!Tensor(values, [count], on: device).allFinite)
            }
        }
    }
}
