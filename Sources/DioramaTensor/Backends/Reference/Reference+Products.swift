// Ops that multiply and sum: matrices, attention, convolution; and those that only look up.
extension ReferenceBackend {
    package func matmul(_ out: MutableFloats, _ a: Floats, _ b: Floats, _ problem: MatmulProblem) {
        let (m, n, k) = (problem.m, problem.n, problem.k)
        for (index, pair) in problem.pairs.enumerated() {
            for row in 0..<m {
                for column in 0..<n {
                    let sum = (0..<k).reduce(0.0) {
                        $0 + Double(a[pair.a + row * k + $1]) * Double(b[pair.b + $1 * n + column])
                    }
                    out[(index * m + row) * n + column] = Float(sum)
                }
            }
        }
    }

    package func attention(
        _ outs: [MutableFloats], _ q: [Floats], _ k: [Floats], _ v: [Floats], _ p: AttentionProblem
    ) {
        for batch in 0..<p.batch {
            for (query, place) in p.queries.all.enumerated() {
                for head in 0..<p.heads {
                    let row = ((batch * p.queries.counts[place.part] + place.row) * p.heads + head) * p.dim
                    let keys = p.keys.all.map { place in
                        let row = batch * p.keys.counts[place.part] + place.row
                        return (place.part, (row * p.keyHeads + head * p.keyHeads / p.heads) * p.dim)
                    }
                    let weights = weights(
                        p, batch: batch, query: query, head: head, q[place.part] + row,
                        keys.map { k[$0.0] + $0.1 })
                    for i in 0..<p.dim {
                        let sum = zip(weights, keys).reduce(0.0) {
                            $0 + $1.0 * Double(v[$1.1.0][$1.1.1 + i])
                        }
                        outs[place.part][row + i] = Float(sum)
                    }
                }
            }
        }
    }

    /// How much one query takes of each key's value.
    private func weights(
        _ p: AttentionProblem, batch: Int, query: Int, head: Int, _ q: Floats, _ keys: [Floats]
    ) -> [Double] {
        let scores = keys.enumerated().map { key, k -> Double in
            if p.causal && key > query { return -.infinity }
            var score = (0..<p.dim).reduce(0.0) { $0 + Double(q[$1]) * Double(k[$1]) } * Double(p.scale)
            if let keyBias = p.keyBias { score += Double(keyBias[batch * p.keyBiasStride + key]) }
            if let mask = p.mask {
                score += Double(
                    mask[zip([batch, head, query, key], p.maskStrides).reduce(0) { $0 + $1.0 * $1.1 }])
            }
            return score
        }
        guard scores.contains(where: { $0 != -.infinity }) else { return scores.map { _ in 0 } }
        return softmax(scores)
    }

    package func rope(_ out: MutableFloats, _ x: Floats, cos: Floats, sin: Floats, _ p: RopeProblem) {
        if let norm = p.norm {
            let rows = p.batch * p.length * p.heads
            var normed = [Float](repeating: 0, count: rows * p.dim)
            normed.withUnsafeMutableBufferPointer { buffer in
                guard let start = buffer.baseAddress else { return }
                rmsNorm(start, x, weight: norm.weight, rows: rows, columns: p.dim, eps: norm.eps)
                var plain = p
                plain.norm = nil
                rope(out, start, cos: cos, sin: sin, plain)
            }
            return
        }
        let half = p.dim / 2
        for row in 0..<p.batch * p.length * p.heads {
            let position = row / p.heads % p.length
            for pair in 0..<half {
                let first = row * p.dim + (p.layout == .interleaved ? 2 * pair : pair)
                let second = first + (p.layout == .interleaved ? 1 : half)
                let (c, s) = (cos[position * half + pair], sin[position * half + pair])
                out[first] = x[first] * c - x[second] * s
                out[second] = x[second] * c + x[first] * s
            }
        }
    }

    package func conv2d(
        _ out: MutableFloats, _ x: Floats, _ weight: UnsafeRawPointer, _ weightType: DType, bias: Floats?,
        _ p: ConvProblem
    ) {
        let outputsPerGroup = p.outputs / p.groups
        for batch in 0..<p.batch {
            for output in 0..<p.outputs {
                let firstChannel = output / outputsPerGroup * p.channelsPerGroup
                for row in 0..<p.outHeight {
                    for column in 0..<p.outWidth {
                        var sum = Double(bias?[output] ?? 0)
                        for channel in 0..<p.channelsPerGroup {
                            let plane = (batch * p.channels + firstChannel + channel) * p.height
                            for i in 0..<p.kernelHeight {
                                for j in 0..<p.kernelWidth {
                                    let y = row * p.stride + i - p.padding
                                    let z = column * p.stride + j - p.padding
                                    guard y >= 0, y < p.height, z >= 0, z < p.width else { continue }
                                    let tap = (output * p.channelsPerGroup + channel) * p.kernelHeight + i
                                    let w = loadFloat(weight, weightType, at: tap * p.kernelWidth + j)
                                    sum += Double(x[(plane + y) * p.width + z]) * Double(w)
                                }
                            }
                        }
                        out[((batch * p.outputs + output) * p.outHeight + row) * p.outWidth + column] = Float(
                            sum)
                    }
                }
            }
        }
    }

    package func sameConv(
        _ out: UnsafeMutableRawPointer, _ x: UnsafeRawPointer, _ weight: UnsafeRawPointer,
        _ weightType: DType,
        _ p: SameConvProblem
    ) {
        let (height, width) = (p.height * p.upsampling, p.width * p.upsampling)
        /// Where an element of planes [batch, channels, height, width] is by the layout.
        func place(_ index: Int, _ channels: Int, _ height: Int, _ width: Int) -> Int {
            guard p.layout == .channelsLast else { return index }
            let (plane, area) = index.quotientAndRemainder(dividingBy: height * width)
            return (plane / channels * height * width + area) * channels + plane % channels
        }
        var seen = [Float](repeating: 0, count: p.batch * p.channels * height * width)
        for index in seen.indices {
            let (plane, row, column) = (index / (height * width), index / width % height, index % width)
            let from = (plane * p.height + row / p.upsampling) * p.width + column / p.upsampling
            var value = Double(loadFloat(x, p.type, at: place(from, p.channels, p.height, p.width)))
            if let affine = p.affine {
                let (image, channel) = plane.quotientAndRemainder(dividingBy: p.channels)
                value =
                    value * Double(affine[image * 2 * p.channels + channel])
                    + Double(affine[(image * 2 + 1) * p.channels + channel])
            }
            seen[index] = Float(p.silu ? self.value(.silu, value) : value)
        }
        let count = p.batch * p.outputs * p.outHeight * p.outWidth
        let (before, after) = p.stride == 1 ? (p.kernel / 2, p.kernel / 2) : (0, 1)
        let problem = ConvProblem(
            batch: p.batch, channels: p.channels, height: height, width: width, outputs: p.outputs,
            kernelHeight: p.kernel, kernelWidth: p.kernel, groups: 1, stride: p.stride, padding: before,
            paddingAfter: after, precision: p.precision)
        var planes = [Float](repeating: 0, count: count)
        planes.withUnsafeMutableBufferPointer { buffer in
            guard let start = buffer.baseAddress else { return }
            conv2d(start, seen, weight, weightType, bias: p.bias, problem)
        }
        var result = planes
        for index in 0..<count {
            let at = place(index, p.outputs, p.outHeight, p.outWidth)
            result[at] = planes[index] + (p.residual.map { loadFloat($0, p.residualType, at: at) } ?? 0)
        }
        convert(out, p.outType, result, .f32, count: count)
    }

    package func upsampleNearest(
        _ out: MutableFloats, _ x: Floats, planes: Int, height: Int, width: Int, factor: Int
    ) {
        for row in 0..<planes * height * factor {
            for column in 0..<width * factor {
                out[row * width * factor + column] = x[row / factor * width + column / factor]
            }
        }
    }

    package func embedding(
        _ out: MutableFloats, _ ids: UnsafePointer<Int64>, _ table: UnsafeRawPointer, _ tableType: DType,
        count: Int, width: Int
    ) {
        for i in 0..<count {
            for j in 0..<width {
                out[i * width + j] = loadFloat(table, tableType, at: Int(ids[i]) * width + j)
            }
        }
    }
}

extension AttentionProblem.Parts {
    /// Each row's part, and its number there.
    fileprivate var all: [(part: Int, row: Int)] {
        counts.enumerated().flatMap { part, count in (0..<count).map { (part, $0) } }
    }
}
