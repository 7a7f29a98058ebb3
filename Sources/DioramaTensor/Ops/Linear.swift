/// What a linear layer's sums go through before they are written: residual + gate · activation(x · weightᵀ + bias).
public struct LinearEpilogue: Sendable {
    /// A function of each element of the layer's result.
    public enum Activation: Int32, Sendable, CaseIterable {
        /// The result itself.
        case none = 0
        /// ``silu(_:)``.
        case silu
        /// ``quickGELU(_:)``.
        case quickGELU
        /// ``gelu(_:_:)``, exact.
        case gelu
        /// ``gelu(_:_:)`` by a hyperbolic tangent.
        case geluTanh
    }

    /// The function.
    public var activation: Activation
    /// What the result is added to, of its shape.
    public var residual: Tensor?
    /// What the result is multiplied with: [O], or [B, 1, O] for a result [B, L, O]; needs no residual.
    public var gate: Tensor?

    /// Nothing but what is given.
    public init(_ activation: Activation = .none, residual: Tensor? = nil, gate: Tensor? = nil) {
        self.activation = activation
        self.residual = residual
        self.gate = gate
    }
}

/// A fully connected layer: `x · weightᵀ + bias`, and what follows it in the same pass.
///
/// - Parameters:
///   - x: [..., I].
///   - weight: [O, I], of any float type; read in place.
///   - bias: [O].
///   - precision: What `x` and `weight` are rounded to; `.int8` counts as `.bf16`.
///   - epilogue: What the sums go through.
/// - Returns: [..., O].
public func linear(
    _ x: Tensor, _ weight: Tensor, bias: Tensor? = nil, precision: Precision = .f32,
    _ epilogue: LinearEpilogue = LinearEpilogue()
) -> Tensor {
    precondition(
        weight.dtype.isFloat && weight.rank == 2, "linear: weight is \(weight.dtype) \(weight.shape)")
    let (outputs, inputs) = (weight.shape[0], weight.shape[1])
    return linear(
        x, inputs: inputs, outputs: outputs, bias: bias, epilogue, type: .result(of: [x, weight, bias]),
        operands: [weight],
        LinearProblem(
            weight: .stored(weight.bytes, weight.dtype), precision: precision.real, inputs: inputs,
            outputs: outputs))
}

/// A fully connected layer in bytes: `x · weightᵀ + bias`, with a scale for each row of `x`, and what follows it.
///
/// - Parameters:
///   - x: [..., I]; each row is rotated as the weight was, then rounded to multiples of a 127th of its greatest element.
///   - weight: [O, I].
///   - bias: [O].
///   - epilogue: What the sums go through.
/// - Returns: [..., O]. A row of `x` that has an infinity or not-a-number gives not-a-number.
public func linear(
    _ x: Tensor, _ weight: QuantizedWeight, bias: Tensor? = nil,
    _ epilogue: LinearEpilogue = LinearEpilogue()
) -> Tensor {
    weight.withProblem { problem in
        linear(
            x, inputs: weight.inputs, outputs: weight.outputs, bias: bias, epilogue, type: .f32,
            operands: weight.tensors, problem)
    }
}

/// A fully connected layer whose weight is stored in blocks: as for a weight of floats, unpacked piece by piece.
///
/// - Parameters:
///   - x: [..., I].
///   - weight: [O, I]; read in place.
///   - bias: [O].
///   - precision: What `x` and the unpacked weight are rounded to; `.int8` counts as `.bf16`.
///   - epilogue: What the sums go through.
/// - Returns: [..., O], f32.
public func linear(
    _ x: Tensor, _ weight: EncodedWeight, bias: Tensor? = nil, precision: Precision = .bf16,
    _ epilogue: LinearEpilogue = LinearEpilogue()
) -> Tensor {
    withExtendedLifetime(weight.tensors) {
        linear(
            x, inputs: weight.inputs, outputs: weight.outputs, bias: bias, epilogue, type: .f32,
            operands: weight.tensors,
            LinearProblem(
                weight: .encoded(weight.rows), precision: precision.real, inputs: weight.inputs,
                outputs: weight.outputs))
    }
}

private func linear(
    _ x: Tensor, inputs: Int, outputs: Int, bias: Tensor?, _ epilogue: LinearEpilogue, type: DType,
    operands: [Tensor], _ problem: LinearProblem
) -> Tensor {
    precondition(x.dtype.isFloat, "linear: x is \(x.dtype), not a float type")
    precondition(
        x.rank >= 1 && x.shape[-1] == inputs,
        "linear: x \(x.shape) does not fit weight [\(outputs), \(inputs)]")
    let shape = x.shape.replacing(-1, with: outputs)
    if let bias {
        precondition(
            bias.shape == [outputs], "linear: bias \(bias.shape) does not fit weight [\(outputs), \(inputs)]")
    }
    if let residual = epilogue.residual {
        precondition(residual.shape == shape, "linear: residual \(residual.shape) does not fit \(shape)")
    }
    var problem = problem
    problem.rows = x.shape.dims.dropLast().reduce(1, *)
    if let gate = epilogue.gate {
        let isShared = gate.shape == [outputs]
        precondition(
            isShared || x.rank == 3 && gate.shape == [x.shape[0], 1, outputs],
            "linear: gate \(gate.shape) does not fit \(shape)")
        problem.rowsPerGate = Swift.max(isShared ? problem.rows : x.shape[1], 1)
    }
    let (values, offsets, residual, gate) = (
        x.f32, bias?.f32, epilogue.residual?.f32, epilogue.gate?.f32
    )
    return .computed(
        "linear", [values, offsets, residual, gate] + operands, shape, type, on: x.device
    ) { backend, out in
        problem.bias = offsets?.data
        problem.activation = epilogue.activation
        problem.residual = residual?.data
        problem.gate = gate?.data
        backend.linear(out, values.data, problem)
    }
}
