import DioramaTensor
import DioramaTestSupport
import Testing

@Suite struct AttentionTests {
    /// Written by `tools/golden/ops.py`: PyTorch in float64.
    let golden: Fixture

    init() throws {
        golden = try Fixture("ops.safetensors")
    }

    private func error(
        _ name: String, on device: Device, scale: Float? = nil, causal: Bool = false, keyBias: Bool = false,
        mask: Bool = false
    ) -> Float {
        let key = "attention.\(name)"
        let y = attention(
            golden["\(key).q", on: device], golden["\(key).k", on: device], golden["\(key).v", on: device],
            scale: scale, causal: causal, keyBias: keyBias ? golden["\(key).keyBias", on: device] : nil,
            mask: mask ? golden["\(key).mask", on: device] : nil)
        return relativeError(y, golden["\(key).y"])
    }

    @Test("attention agrees with PyTorch", arguments: Device.each)
    func agrees(on device: Device) {
        #expect(error("plain", on: device) < Tolerance.f32.op)
        #expect(error("odd", on: device) < Tolerance.f32.op)
        #expect(error("one", on: device) < Tolerance.f32.op)
        #expect(error("grouped", on: device) < Tolerance.f32.op)
        #expect(error("scale", on: device, scale: 0.3) < Tolerance.f32.op)
        #expect(error("causal", on: device, causal: true) < Tolerance.f32.op)
        #expect(error("keyBias", on: device, keyBias: true) < Tolerance.f32.op)
        #expect(error("mask", on: device, mask: true) < Tolerance.f32.op)
        #expect(error("hidden", on: device, mask: true) < Tolerance.f32.op)
    }

    @Test(
        "sequences in parts are as whole ones, bit for bit", arguments: Device.each, [Precision.f32, .bf16])
    func parts(on device: Device, precision: Precision) {
        // Parts that end within a block of keys, at its edge, and that have nothing.
        for counts in [[5], [3, 2], [256, 44], [200, 0, 70, 300], [1, 255, 1]] {
            let total = counts.reduce(0, +)
            guard device.name != "reference" || total < 10 else { continue }
            let q = noise([2, total, 4, 24], seed: 1, on: device)
            let k = noise([2, total, 2, 24], seed: 2, on: device)
            let v = noise([2, total, 2, 24], seed: 3, on: device)
            func cut(_ x: Tensor) -> [Tensor] {
                var start = 0
                return counts.map { count in
                    defer { start += count }
                    return x.narrowed(axis: 1, start..<start + count)
                }
            }
            let bias = noise([1, total], seed: 4, on: device)
            let mask = noise([total, total], seed: 5, on: device)
            for causal in [false, true] {
                let whole = attention(
                    q, k, v, causal: causal, keyBias: bias, mask: mask, precision: precision)
                let parts = attention(
                    cut(q), cut(k), cut(v), causal: causal, keyBias: bias, mask: mask, precision: precision)
                let isSame = zip(cut(whole), parts).allSatisfy { $0.floats() == $1.floats() }
                #expect(isSame && parts.count == counts.count, "\(counts), causal: \(causal)")
            }
        }
    }

    @Test("a mask broadcasts over batch, heads and queries", arguments: Device.each)
    func masksBroadcast(on device: Device) {
        let (q, k) = (noise([2, 5, 3, 8], on: device), noise([2, 7, 3, 8], seed: 2, on: device))
        for shape: Shape in [[7], [5, 1], [3, 1, 7], [2, 1, 1, 7], [2, 3, 5, 7]] {
            let mask = noise(shape, seed: 3, on: device)
            let whole = mask.broadcast(to: [2, 3, 5, 7])
            #expect(attention(q, k, k, mask: mask).floats() == attention(q, k, k, mask: whole).floats())
        }
    }

    @Test("a key with bias log n weighs as n equal keys", arguments: Device.each)
    func foldedKeys(on device: Device) {
        let (q, k) = (noise([1, 6, 2, 8], on: device), noise([1, 4, 2, 8], seed: 2, on: device))
        let v = noise([1, 4, 2, 8], seed: 3, on: device)
        func unfolded(_ x: Tensor) -> Tensor {
            .concatenated([x, x.narrowed(axis: 1, 3..<4).repeated(8, axis: 1)], axis: 1)
        }
        let bias = Tensor([0, 0, 0, 2.1972246] as [Float], [1, 4], on: device)
        let folded = attention(q, k, v, keyBias: bias)
        #expect(relativeError(folded, attention(q, unfolded(k), unfolded(v))) < Tolerance.f32.op)
    }

    @Test("equal queries give equal bits, wherever they stand", arguments: Device.each)
    func equalQueries(on device: Device) {
        let query = noise([1, 1, 2, 64], on: device)
        let (k, v) = (
            noise([1, 97, 2, 64], seed: 2, on: device), noise([1, 97, 2, 64], seed: 3, on: device)
        )
        let y = attention(query.repeated(157, axis: 1), k, v)
        for i in 1..<157 {
            #expect(y[0][i].floats() == y[0][0].floats())
        }
    }

    @Test("many queries and keys agree with the reference", arguments: Device.processors)
    func largeAgrees(on device: Device) {
        let (q, k) = (noise([1, 150, 1, 24], on: device), noise([1, 333, 1, 24], seed: 2, on: device))
        let reference = Device.reference()
        for causal in [false, true] {
            let expected = attention(q.to(reference), k.to(reference), k.to(reference), causal: causal)
            #expect(relativeError(attention(q, k, k, causal: causal), expected) < Tolerance.f32.op)
        }
    }

    @Test(
        "nothing is read of what scratch held before", arguments: Device.processors, [Precision.f32, .bf16])
    func unusedKeys(on device: Device, precision: Precision) {
        let reference = Device.reference()
        let bound = precision == .bf16 ? 2 * Tolerance.bf16.op : Tolerance.f32.op
        for dim in [5, 24, 64, 70] {
            let full = Tensor.full(.nan, [1, 256, 1, dim], on: device)
            for count in [1, 2, 31, 32, 33, 64, 97, 129, 255] {
                #expect(attention(full, full, full, precision: precision).floats().allSatisfy { $0.isNaN })
                let q = noise([1, 7, 1, dim], on: device)
                let (k, v) = (
                    noise([1, count, 1, dim], seed: 2, on: device),
                    noise([1, count, 1, dim], seed: 3, on: device)
                )
                let expected = attention(q.to(reference), k.to(reference), v.to(reference))
                #expect(
                    relativeError(attention(q, k, v, precision: precision), expected) < bound,
                    "\(count) keys of \(dim)")
            }
        }
    }

    @Test("heads that are normed as they turn are normed, then turned", arguments: Device.each)
    func normedRotaryEmbedding(on device: Device) {
        let x = noise([2, 5, 3, 20], seed: 1, on: device)
        let (cos, sin) = (noise([5, 10], seed: 2, on: device), noise([5, 10], seed: 3, on: device))
        let weight = noise([20], seed: 4, on: device)
        for layout in RopeLayout.allCases {
            let once = rope(x, cos: cos, sin: sin, layout: layout, norm: (weight, 1e-6))
            let twice = rope(rmsNorm(x, weight: weight, eps: 1e-6), cos: cos, sin: sin, layout: layout)
            #expect(relativeError(once, twice) < Tolerance.f32.op)
        }
    }

    @Test("rotary embedding agrees with PyTorch in both layouts", arguments: Device.each)
    func ropes(on device: Device) {
        for layout in RopeLayout.allCases {
            let key = "rope.\(layout.rawValue)"
            let y = rope(
                golden["\(key).x", on: device], cos: golden["\(key).cos", on: device],
                sin: golden["\(key).sin", on: device], layout: layout)
            #expect(relativeError(y, golden["\(key).y"]) < Tolerance.f32.op)
        }
    }
}
