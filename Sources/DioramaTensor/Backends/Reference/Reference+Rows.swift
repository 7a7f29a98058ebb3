#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

// Ops along an axis: reductions, softmax, norms.
extension ReferenceBackend {
    package func reduce(
        _ op: ReduceOp, _ out: MutableFloats, _ x: Floats, outer: Int, extent: Int, inner: Int
    ) {
        for i in 0..<outer {
            for j in 0..<inner {
                let row = (0..<extent).map { Double(x[(i * extent + $0) * inner + j]) }
                out[i * inner + j] = Float(value(op, row))
            }
        }
    }

    private func value(_ op: ReduceOp, _ row: [Double]) -> Double {
        if op == .max || op == .min, row.contains(where: \.isNaN) { return .nan }
        return switch op {
        case .sum: row.reduce(0, +)
        case .mean: row.reduce(0, +) / Double(row.count)
        case .max: row.reduce(-.infinity, Swift.max)
        case .min: row.reduce(.infinity, Swift.min)
        }
    }

    package func argmax(_ out: UnsafeMutablePointer<Int64>, _ x: Floats, outer: Int, extent: Int, inner: Int)
    {
        for i in 0..<outer {
            for j in 0..<inner {
                var best = 0
                var greatest = x[i * extent * inner + j]
                for position in 1..<Swift.max(extent, 1) {
                    let value = x[(i * extent + position) * inner + j]
                    if value > greatest || (value.isNaN && !greatest.isNaN) {
                        (best, greatest) = (position, value)
                    }
                }
                out[i * inner + j] = Int64(best)
            }
        }
    }

    package func softmax(_ out: MutableFloats, _ x: Floats, rows: Int, columns: Int) {
        for row in 0..<rows {
            let scores = (0..<columns).map { Double(x[row * columns + $0]) }
            for (column, weight) in softmax(scores).enumerated() {
                out[row * columns + column] = Float(weight)
            }
        }
    }

    /// exp(scores) divided by its sum, with the greatest score taken off first.
    func softmax(_ scores: [Double]) -> [Double] {
        let greatest = value(.max, scores)
        let weights = scores.map { exp($0 - greatest) }
        let sum = weights.reduce(0, +)
        return weights.map { $0 / sum }
    }

    package func layerNorm(
        _ out: MutableFloats, _ x: Floats, _ affine: RowAffine, rows: Int, columns: Int, eps: Float
    ) {
        for row in 0..<rows {
            let values = (0..<columns).map { Double(x[row * columns + $0]) }
            let normalized = normalized(values, eps)
            for (column, value) in normalized.enumerated() {
                let modulation = row / affine.rowsPerScale * columns + column
                var y = value
                if let weight = affine.weight { y *= Double(weight[column]) }
                if let bias = affine.bias { y += Double(bias[column]) }
                if let scale = affine.scale { y *= 1 + Double(scale[modulation]) }
                if let shift = affine.shift { y += Double(shift[modulation]) }
                out[row * columns + column] = Float(y)
            }
        }
    }

    package func rmsNorm(
        _ out: MutableFloats, _ x: Floats, weight: Floats?, rows: Int, columns: Int, eps: Float
    ) {
        for row in 0..<rows {
            let values = (0..<columns).map { Double(x[row * columns + $0]) }
            let meanSquare = values.reduce(0) { $0 + $1 * $1 } / Double(columns)
            let factor = 1 / (meanSquare + Double(eps)).squareRoot()
            for (column, value) in values.enumerated() {
                out[row * columns + column] = Float(value * factor * Double(weight?[column] ?? 1))
            }
        }
    }

    package func groupNorm(
        _ out: MutableFloats, _ x: Floats, weight: Floats?, bias: Floats?, _ problem: GroupNormProblem
    ) {
        let size = problem.channelsPerGroup * problem.area
        for group in 0..<problem.batch * problem.groups {
            let values = (0..<size).map { Double(x[group * size + $0]) }
            for (i, value) in normalized(values, problem.eps).enumerated() {
                let channel = group % problem.groups * problem.channelsPerGroup + i / problem.area
                let y = value * Double(weight?[channel] ?? 1) + Double(bias?[channel] ?? 0)
                out[group * size + i] = Float(y)
            }
        }
    }

    package func groupAffine(
        _ out: MutableFloats, _ x: UnsafeRawPointer, _ type: DType, weight: Floats?, bias: Floats?,
        _ problem: GroupNormProblem
    ) {
        let channels = problem.groups * problem.channelsPerGroup
        let size = problem.channelsPerGroup * problem.area
        for index in 0..<problem.batch * channels {
            let (image, channel) = index.quotientAndRemainder(dividingBy: channels)
            let group = index / problem.channelsPerGroup
            let values = (0..<size).map { index in
                let place = image * problem.area + index % problem.area
                let own = group % problem.groups * problem.channelsPerGroup + index / problem.area
                return Double(
                    loadFloat(
                        x, type,
                        at: problem.layout == .channelsLast ? place * channels + own : group * size + index))
            }
            let mean = values.reduce(0, +) / Double(size)
            let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(size)
            let scale = Double(weight?[channel] ?? 1) / (variance + Double(problem.eps)).squareRoot()
            out[image * 2 * channels + channel] = Float(scale)
            out[(image * 2 + 1) * channels + channel] = Float(Double(bias?[channel] ?? 0) - mean * scale)
        }
    }

    /// The values less their mean, divided by their standard deviation.
    private func normalized(_ values: [Double], _ eps: Float) -> [Double] {
        let mean = values.reduce(0, +) / Double(values.count)
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
        let factor = 1 / (variance + Double(eps)).squareRoot()
        return values.map { ($0 - mean) * factor }
    }
}
