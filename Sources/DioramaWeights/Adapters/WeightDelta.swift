public import DioramaTensor

/// What an adapter adds to a weight, [out, in], kept as the small matrices that make it: the weight itself stays as it is.
public struct WeightDelta: Sendable {
    private enum Form {
        /// scale · a · b · …
        case product([Tensor])
        /// scale · (a · …) ⊗ (b · …), the Kronecker product.
        case kronecker([Tensor], [Tensor])
    }

    private let form: Form
    private let scale: Float

    private init(_ form: Form, _ scale: Float) {
        self.form = form
        self.scale = scale
    }

    /// The product of matrices, [out, r] · [r, in], or of one alone.
    static func product(_ factors: [Tensor], scale: Float) -> WeightDelta {
        WeightDelta(.product(factors), scale)
    }

    /// The Kronecker product of two products: [o1, i1] ⊗ [o2, i2] is [o1 · o2, i1 · i2].
    static func kronecker(_ left: [Tensor], _ right: [Tensor], scale: Float) -> WeightDelta {
        WeightDelta(.kronecker(left, right), scale)
    }

    /// (a1 · b1) ⊙ (a2 · b2), element by element.
    ///
    /// A product of elements is itself a product, of rank r1 · r2: row by row the Kronecker product of the factors' rows. That is
    /// taken where it is smaller than the whole matrix.
    static func hadamard(_ a: (Tensor, Tensor), _ b: (Tensor, Tensor), scale: Float) -> WeightDelta {
        let (outputs, inputs) = (a.0.shape[0], a.1.shape[1])
        let (rank, overflows) = a.0.shape[1].multipliedReportingOverflow(by: b.0.shape[1])
        let (size, overflowsToo) = rank.multipliedReportingOverflow(by: outputs + inputs)
        guard !overflows, !overflowsToo, size < outputs * inputs else {
            return .product([matmul(a.0, a.1).asType(.f32) * matmul(b.0, b.1).asType(.f32)], scale: scale)
        }
        let up = a.0.asType(.f32).reshaped(outputs, -1, 1) * b.0.asType(.f32).reshaped(outputs, 1, -1)
        let down =
            a.1.asType(.f32).reshaped(-1, 1, inputs) * b.1.asType(.f32).reshaped(1, -1, inputs)
        return .product([up.reshaped(outputs, rank), down.reshaped(rank, inputs)], scale: scale)
    }

    /// What it adds to the layer's output: [..., in] to [..., out].
    public func callAsFunction(_ x: Tensor) -> Tensor {
        switch form {
        case .product(let factors): apply(factors, to: x, scale)
        case .kronecker(let left, let right): kronecker(left, right, x)
        }
    }

    /// The whole matrix, [out, in], f32.
    public var matrix: Tensor {
        switch form {
        case .product(let factors): return multiplied(factors) * scale
        case .kronecker(let left, let right):
            let (a, b) = (multiplied(left), multiplied(right))
            let (rows, columns) = (a.shape[0] * b.shape[0], a.shape[1] * b.shape[1])
            let all = a.reshaped(a.shape[0], 1, a.shape[1], 1) * b.reshaped(1, b.shape[0], 1, b.shape[1])
            return all.reshaped(rows, columns) * scale
        }
    }

    /// x · (a · b · …)ᵀ, scaled where the values are fewest.
    private func apply(_ factors: [Tensor], to x: Tensor, _ scale: Float = 1) -> Tensor {
        var y = x
        for (index, factor) in factors.reversed().enumerated() {
            y = linear(y, factor)
            if index == 0, scale != 1 { y = y * scale }
        }
        return y
    }

    /// (A ⊗ B) x is A X Bᵀ with x written as the matrix X, [i1, i2].
    private func kronecker(_ left: [Tensor], _ right: [Tensor], _ x: Tensor) -> Tensor {
        let (o1, i1) = (rows(left), columns(left))
        let (o2, i2) = (rows(right), columns(right))
        var y = x.reshaped(-1, i1, i2)
        // The order whose values in between are fewer: never more than the layer's wider side has.
        if i1 * o2 <= o1 * i2 {
            y = apply(right, to: y, scale).transposed(1, 2)
            y = apply(left, to: y).transposed(1, 2)
        } else {
            y = apply(left, to: y.transposed(1, 2), scale).transposed(1, 2)
            y = apply(right, to: y)
        }
        return y.reshaped(Shape(x.shape.dims.dropLast() + [o1 * o2]))
    }

    private func rows(_ factors: [Tensor]) -> Int { factors[0].shape[0] }
    private func columns(_ factors: [Tensor]) -> Int { factors[factors.count - 1].shape[1] }

    private func multiplied(_ factors: [Tensor]) -> Tensor {
        factors.dropFirst().reduce(factors[0].asType(.f32)) { matmul($0, $1.asType(.f32)) }
    }
}
