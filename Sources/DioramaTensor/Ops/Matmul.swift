/// The product of matrices.
///
/// - Parameters:
///   - a: [..., M, K].
///   - b: [..., K, N]; leading axes of both broadcast.
/// - Returns: [..., M, N].
public func matmul(_ a: Tensor, _ b: Tensor) -> Tensor {
    precondition(a.dtype.isFloat && b.dtype.isFloat, "matmul: \(a.dtype) and \(b.dtype), not float types")
    precondition(
        a.rank >= 2 && b.rank >= 2 && a.shape[-1] == b.shape[-2], "matmul: \(a.shape) does not fit \(b.shape)"
    )
    let (m, k, n) = (a.shape[-2], a.shape[-1], b.shape[-1])
    let (aLead, bLead) = (Shape(a.shape.dims.dropLast(2)), Shape(b.shape.dims.dropLast(2)))
    guard let lead = aLead.broadcast(with: bLead), let aSteps = aLead.strides(broadcastTo: lead),
        let bSteps = bLead.strides(broadcastTo: lead)
    else { preconditionFailure("matmul: leading axes of \(a.shape) and \(b.shape) do not broadcast") }

    var problem = MatmulProblem(m: m, n: n, k: k, pairs: [])
    for index in 0..<lead.count {
        var (rest, aStart, bStart) = (index, 0, 0)
        for axis in stride(from: lead.rank - 1, through: 0, by: -1) {
            let position = rest % lead.dims[axis]
            rest /= lead.dims[axis]
            aStart += position * aSteps[axis]
            bStart += position * bSteps[axis]
        }
        problem.pairs.append((a: aStart * m * k, b: bStart * k * n))
    }
    let (x, y) = (a.f32, b.f32)
    let type = DType.result(of: [a, b])
    return .computed("matmul", [x, y], Shape(lead.dims + [m, n]), type, on: a.device) { backend, out in
        backend.matmul(out, x.data, y.data, problem)
    }
}
