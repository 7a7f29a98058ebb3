#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

extension ReferenceBackend {
    package func copy(_ out: UnsafeMutableRawPointer, _ x: UnsafeRawPointer, _ layout: StridedCopy, size: Int)
    {
        var index = [Int](repeating: 0, count: layout.dims.count)
        for _ in 0..<layout.dims.reduce(1, *) {
            let to = zip(index, layout.outStrides).reduce(layout.outStart) { $0 + $1.0 * $1.1 }
            let from = zip(index, layout.strides).reduce(layout.start) { $0 + $1.0 * $1.1 }
            (out + to * size).copyMemory(from: x + from * size, byteCount: size)
            advance(&index, in: layout.dims)
        }
    }

    package func unary(_ op: UnaryOp, _ out: MutableFloats, _ x: Floats, count: Int) {
        for i in 0..<count { out[i] = Float(value(op, Double(x[i]))) }
    }

    func value(_ op: UnaryOp, _ x: Double) -> Double {
        switch op {
        case .negate: -x
        case .exp: exp(x)
        case .log: log(x)
        case .sqrt: sqrt(x)
        case .rsqrt: 1 / sqrt(x)
        case .tanh: tanh(x)
        case .sigmoid: 1 / (1 + exp(-x))
        case .sin: sin(x)
        case .cos: cos(x)
        case .abs: Swift.abs(x)
        case .silu: x / (1 + exp(-x))
        case .quickGELU: x / (1 + exp(-1.702 * x))
        case .relu: x.isNaN ? x : Swift.max(x, 0)
        case .gelu: x * 0.5 * erfc(-x * 0.5.squareRoot())
        case .geluTanh: 0.5 * x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
        }
    }

    package func binary(
        _ op: BinaryOp, _ out: MutableFloats, _ a: Floats, _ b: Floats, _ layout: BroadcastPair
    ) {
        var index = [Int](repeating: 0, count: layout.dims.count)
        for i in 0..<layout.dims.reduce(1, *) {
            let x = a[zip(index, layout.aStrides).reduce(0) { $0 + $1.0 * $1.1 }]
            let y = b[zip(index, layout.bStrides).reduce(0) { $0 + $1.0 * $1.1 }]
            switch op {
            case .add: out[i] = x + y
            case .subtract: out[i] = x - y
            case .multiply: out[i] = x * y
            case .divide: out[i] = x / y
            }
            advance(&index, in: layout.dims)
        }
    }

    package func clamp(_ out: MutableFloats, _ x: Floats, low: Float, high: Float, count: Int) {
        for i in 0..<count { out[i] = x[i] < low ? low : x[i] > high ? high : x[i] }
    }

    package func gatedAdd(
        _ out: MutableFloats, _ x: Floats, gate: Floats, _ y: Floats, rows: Int, columns: Int,
        rowsPerGate: Int
    ) {
        for row in 0..<rows {
            for column in 0..<columns {
                let i = row * columns + column
                out[i] = x[i] + gate[row / rowsPerGate * columns + column] * y[i]
            }
        }
    }

    package func allFinite(_ x: Floats, count: Int) -> Bool {
        (0..<count).allSatisfy { x[$0].isFinite }
    }

    /// Moves on to the next index, last axis fastest.
    private func advance(_ index: inout [Int], in dims: [Int]) {
        for axis in dims.indices.reversed() {
            index[axis] += 1
            if index[axis] < dims[axis] { return }
            index[axis] = 0
        }
    }
}
