#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

extension ReferenceBackend {
    package func linears(_ outs: [MutableFloats], _ x: Floats, _ problems: [LinearProblem]) {
        for (out, problem) in zip(outs, problems) { linear(out, x, problem) }
    }

    private func linear(_ out: MutableFloats, _ x: Floats, _ problem: LinearProblem) {
        let (inputs, outputs) = (problem.inputs, problem.outputs)
        if case .encoded(let rows) = problem.weight {
            var unpacked = [Float](repeating: 0, count: outputs * inputs)
            unpacked.withUnsafeMutableBufferPointer { buffer in
                guard let start = buffer.baseAddress else { return }
                decode(start, rows, count: outputs, columns: inputs)
                var problem = problem
                problem.weight = .stored(UnsafeRawPointer(start), .f32)
                linear(out, x, problem)
            }
            return
        }
        for row in 0..<problem.rows {
            let terms = rounded(x + row * inputs, problem)
            for output in 0..<outputs {
                let sum = (0..<inputs).reduce(0.0) {
                    $0 + terms.values[$1] * weight(problem, output * inputs + $1)
                }
                let y = finished(sum * terms.scale * scale(problem, output), problem, row, output)
                out[row * outputs + output] = Float(y)
            }
        }
    }

    /// A row of x as the precision has it, and what its values are multiplied with.
    private func rounded(_ x: Floats, _ problem: LinearProblem) -> (values: [Double], scale: Double) {
        let row = (0..<problem.inputs).map { x[$0] }
        switch (problem.precision, problem.weight) {
        case (.int8, .quantized(_, _, let rotation)):
            let turned = rotated(row.map(Double.init), rotation)
            let (values, scale) = quantized(turned)
            return (values.map { Double($0) }, scale)
        case (.bf16, _): return (row.map { Double(bf16($0)) }, 1)
        default: return (row.map(Double.init), 1)
        }
    }

    private func weight(_ problem: LinearProblem, _ index: Int) -> Double {
        switch problem.weight {
        case .stored(let weight, let type):
            let value = loadFloat(weight, type, at: index)
            return Double(problem.precision == .bf16 ? bf16(value) : value)
        case .encoded: preconditionFailure("linear: blocks are unpacked before")
        case .quantized(let values, _, _):
            return Double(values.load(fromByteOffset: index, as: Int8.self))
        }
    }

    private func scale(_ problem: LinearProblem, _ output: Int) -> Double {
        guard case .quantized(_, let scales, _) = problem.weight else { return 1 }
        return Double(scales[output])
    }

    private func finished(_ sum: Double, _ problem: LinearProblem, _ row: Int, _ output: Int) -> Double {
        var y = sum + Double(problem.bias?[output] ?? 0)
        switch problem.activation {
        case .none: break
        case .silu: y = value(.silu, y)
        case .quickGELU: y = value(.quickGELU, y)
        case .gelu: y = value(.gelu, y)
        case .geluTanh: y = value(.geluTanh, y)
        }
        if let gate = problem.gate { y *= Double(gate[row / problem.rowsPerGate * problem.outputs + output]) }
        return y + Double(problem.residual?[row * problem.outputs + output] ?? 0)
    }

    /// The nearest number with 8 bits of significand.
    private func bf16(_ x: Float) -> Float {
        guard x.isFinite else { return x }
        let bits = x.bitPattern
        return Float(bitPattern: (bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF_0000)
    }

    /// x · H for groups of `group` values, where H[i, j] is the product over i's and j's digits to the base 4 of -1 if
    /// they sum to 3 and 1 otherwise, over √group.
    private func rotated(_ x: [Double], _ group: Int) -> [Double] {
        guard group > 1 else { return x }
        return x.indices.map { index in
            let (start, i) = (index / group * group, index % group)
            return (0..<group).reduce(0.0) { sum, j in
                var (a, b, sign, digits) = (i, j, 1.0, group)
                while digits > 1 {
                    if a % 4 + b % 4 == 3 { sign = -sign }
                    (a, b, digits) = (a / 4, b / 4, digits / 4)
                }
                return sum + sign * x[start + j]
            } / Double(group).squareRoot()
        }
    }

    /// A row in bytes, with its scale, a 127th of its greatest element.
    private func quantized(_ x: [Double]) -> (values: [Int8], scale: Double) {
        guard x.allSatisfy(\.isFinite) else { return (x.map { _ in 0 }, .nan) }
        let scale = (x.map(Swift.abs).max() ?? 0) / 127
        guard scale > 0 else { return (x.map { _ in 0 }, 0) }
        return (x.map { Int8(($0 / scale).rounded(.toNearestOrEven)) }, scale)
    }

    package func quantize(
        _ out: UnsafeMutableRawPointer, scales: MutableFloats, _ x: UnsafeRawPointer, _ type: DType,
        rotation: Int, rows: Int, columns: Int
    ) {
        for row in 0..<rows {
            let line = (0..<columns).map { Double(loadFloat(x, type, at: row * columns + $0)) }
            let (values, scale) = quantized(rotated(line, rotation))
            scales[row] = Float(scale)
            for (column, value) in values.enumerated() {
                out.storeBytes(of: value, toByteOffset: row * columns + column, as: Int8.self)
            }
        }
    }

    package func dequantize(
        _ out: MutableFloats, _ x: UnsafeRawPointer, scales: Floats, rotation: Int, rows: Int, columns: Int
    ) {
        for row in 0..<rows {
            let line = (0..<columns).map {
                Double(x.load(fromByteOffset: row * columns + $0, as: Int8.self)) * Double(scales[row])
            }
            for (column, value) in rotated(line, rotation).enumerated() {
                out[row * columns + column] = Float(value)
            }
        }
    }
}
