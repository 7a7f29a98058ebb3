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
    /// What the result is multiplied with: [O], or [B, 1, O] for a result [B, L, O], or all of its shape; needs no residual.
    public var gate: Tensor?

    /// Nothing but what is given.
    public init(_ activation: Activation = .none, residual: Tensor? = nil, gate: Tensor? = nil) {
        self.activation = activation
        self.residual = residual
        self.gate = gate
    }
}

/// The weight of a fully connected layer, [O, I], read in place as it is stored.
public enum LinearWeight: Sendable {
    /// Of any float type.
    case stored(Tensor)
    /// In bytes, with a scale for each output.
    case quantized(QuantizedWeight)
    /// In blocks, or 8-bit floats.
    case encoded(EncodedWeight)

    /// Elements of the last axis of what the layer takes.
    public var inputs: Int {
        switch self {
        case .stored(let weight): weight.shape[1]
        case .quantized(let weight): weight.inputs
        case .encoded(let weight): weight.inputs
        }
    }

    /// Elements of the last axis of what the layer gives.
    public var outputs: Int {
        switch self {
        case .stored(let weight): weight.shape[0]
        case .quantized(let weight): weight.outputs
        case .encoded(let weight): weight.outputs
        }
    }

    /// Tells where its bytes are borrowed from, a mapped file, that they are not needed for a while; used again, they are read again.
    package func release() {
        for tensor in tensors { tensor.release() }
    }

    /// Bytes of it that ``release()`` gives back.
    var lentBytes: Int { tensors.reduce(0) { $0 + $1.lentBytes } }

    fileprivate var tensors: [Tensor] {
        switch self {
        case .stored(let weight): [weight]
        case .quantized(let weight): weight.tensors
        case .encoded(let weight): weight.tensors
        }
    }

    /// Valid while the weight is kept alive.
    fileprivate func problem(_ precision: Precision) -> LinearProblem {
        switch self {
        case .stored(let weight):
            LinearProblem(
                weight: .stored(weight.bytes, weight.dtype), precision: precision.real, inputs: inputs,
                outputs: outputs)
        case .quantized(let weight):
            LinearProblem(
                weight: .quantized(
                    weight.values.bytes, scales: weight.scales.data, rotation: weight.rotationGroup ?? 1),
                precision: .int8, inputs: inputs, outputs: outputs)
        case .encoded(let weight):
            LinearProblem(
                weight: .encoded(weight.rows), precision: precision.real, inputs: inputs, outputs: outputs)
        }
    }
}

/// One of the fully connected layers that read the same thing.
public struct LinearTerm: Sendable {
    /// What does not change from one use to the next: copies share it.
    private final class Layer: Sendable {
        let weight: LinearWeight
        let bias: Tensor?
        let precision: Precision
        let packed: PackedWeight?

        init(_ weight: LinearWeight, _ bias: Tensor?, _ precision: Precision, _ packed: PackedWeight?) {
            (self.weight, self.precision, self.packed) = (weight, precision, packed)
            // A small layer that is used again and again takes no longer than converting its bias would, time after time.
            let isSmall = weight.inputs * weight.outputs * DType.f32.size <= PackedMemory.small
            self.bias = packed != nil && isSmall ? bias?.f32 : bias
        }
    }

    private let layer: Layer
    /// [O, I].
    public var weight: LinearWeight { layer.weight }
    /// [O].
    public var bias: Tensor? { layer.bias }
    /// What the terms are rounded to; `.int8` counts as `.bf16`, and a quantised weight needs none.
    public var precision: Precision { layer.precision }
    /// Where the packed weight is kept for the next product; nil to pack it in each.
    public var packed: PackedWeight? { layer.packed }
    /// What the sums go through.
    public var epilogue: LinearEpilogue

    /// A layer.
    public init(
        _ weight: LinearWeight, bias: Tensor? = nil, precision: Precision = .f32,
        _ epilogue: LinearEpilogue = LinearEpilogue(), packed: PackedWeight? = nil
    ) {
        layer = Layer(weight, bias, precision, packed)
        self.epilogue = epilogue
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
    linears(x, [LinearTerm(.stored(weight), bias: bias, precision: precision, epilogue)])[0]
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
    linears(x, [LinearTerm(.quantized(weight), bias: bias, precision: .int8, epilogue)])[0]
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
    linears(x, [LinearTerm(.encoded(weight), bias: bias, precision: precision, epilogue)])[0]
}

/// Fully connected layers that read the same thing: its rows are rounded, or quantised, and packed once for those of one precision.
///
/// - Parameters:
///   - x: [..., I].
///   - terms: The layers, all with I inputs.
/// - Returns: A result [..., O] for each layer, in their order.
public func linears(_ x: Tensor, _ terms: [LinearTerm]) -> [Tensor] {
    precondition(x.dtype.isFloat, "linear: x is \(x.dtype), not a float type")
    let rows = x.shape.dims.dropLast().reduce(1, *)
    let values = x.f32
    for term in terms { checked(x, term) }
    let beside = terms.map { SinglesBesideWeight($0) }
    return withExtendedLifetime((values, terms, beside)) {
        x.device.run(
            "linear", reading: { [values] + zip(terms, beside).flatMap { $1.all + $0.weight.tensors } }
        ) {
            let results = terms.map {
                Tensor(uninitialized: x.shape.replacing(-1, with: $0.weight.outputs), on: x.device)
            }
            x.device.backend.linears(
                results.map { $0.newData }, values.data,
                zip(terms, beside).map { $0.problem($1, rows: rows) })
            return x.dtype == .f32
                ? results
                : zip(results, terms).map { result, term in result.converted(to: resultType(x, term)) }
        }
    }
}

/// What a layer reads beside rows and weight, in singles.
private struct SinglesBesideWeight {
    let bias, residual, gate: Tensor?

    init(_ term: LinearTerm) {
        bias = term.bias?.f32
        residual = term.epilogue.residual?.f32
        gate = term.epilogue.gate?.f32
    }

    var all: [Tensor?] { [bias, residual, gate] }
}

extension LinearTerm {
    /// Valid while all of it is kept alive.
    fileprivate func problem(_ beside: SinglesBesideWeight, rows: Int) -> LinearProblem {
        var problem = weight.problem(precision)
        problem.rows = rows
        problem.packed = packed
        problem.bias = beside.bias?.data
        problem.activation = epilogue.activation
        problem.residual = beside.residual?.data
        if let gate = beside.gate {
            problem.gate = gate.data
            let gates = gate.count / Swift.max(problem.outputs, 1)
            problem.rowsPerGate = Swift.max(rows / Swift.max(gates, 1), 1)
        }
        return problem
    }
}

private func resultType(_ x: Tensor, _ term: LinearTerm) -> DType {
    guard case .stored(let weight) = term.weight else { return .f32 }
    return .result(of: [x, weight, term.bias])
}

private func checked(_ operand: Tensor, _ term: LinearTerm) {
    let x = operand.shape
    switch term.weight {
    case .stored(let weight):
        operand.device.check("linear", weight)
        precondition(
            weight.dtype.isFloat && weight.rank == 2, "linear: weight is \(weight.dtype) \(weight.shape)")
    case .quantized, .encoded:
        for part in term.weight.tensors { operand.device.check("linear", part) }
    }
    let (outputs, inputs) = (term.weight.outputs, term.weight.inputs)
    precondition(
        x.rank >= 1 && x[-1] == inputs, "linear: x \(x) does not fit weight [\(outputs), \(inputs)]")
    let shape = x.replacing(-1, with: outputs)
    if let bias = term.bias {
        operand.device.check("linear", bias)
        precondition(
            bias.shape == [outputs], "linear: bias \(bias.shape) does not fit weight [\(outputs), \(inputs)]")
    }
    if let residual = term.epilogue.residual {
        operand.device.check("linear", residual)
        precondition(residual.shape == shape, "linear: residual \(residual.shape) does not fit \(shape)")
    }
    if let gate = term.epilogue.gate {
        operand.device.check("linear", gate)
        precondition(
            gate.shape == [outputs] || gate.shape == shape
                || x.rank == 3 && gate.shape == [x[0], 1, outputs],
            "linear: gate \(gate.shape) does not fit \(shape)")
    }
}
