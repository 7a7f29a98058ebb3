/// How `gelu` computes the normal distribution function.
public enum GELUApproximation: String, Sendable, CaseIterable {
    /// Exactly, by the error function.
    case none
    /// By a hyperbolic tangent: 0.5 x (1 + tanh(sqrt(2 / π) (x + 0.044715 x³))).
    case tanh
}

/// e to the power of each element.
public func exp(_ x: Tensor) -> Tensor { unary(.exp, x) }

/// The natural logarithm of each element.
public func log(_ x: Tensor) -> Tensor { unary(.log, x) }

/// The square root of each element.
public func sqrt(_ x: Tensor) -> Tensor { unary(.sqrt, x) }

/// One over the square root of each element.
public func rsqrt(_ x: Tensor) -> Tensor { unary(.rsqrt, x) }

/// The hyperbolic tangent of each element.
public func tanh(_ x: Tensor) -> Tensor { unary(.tanh, x) }

/// 1 / (1 + exp(-x)) of each element.
public func sigmoid(_ x: Tensor) -> Tensor { unary(.sigmoid, x) }

/// The sine of each element, in radians.
public func sin(_ x: Tensor) -> Tensor { unary(.sin, x) }

/// The cosine of each element, in radians.
public func cos(_ x: Tensor) -> Tensor { unary(.cos, x) }

/// The absolute value of each element.
public func abs(_ x: Tensor) -> Tensor { unary(.abs, x) }

/// x · sigmoid(x) of each element.
public func silu(_ x: Tensor) -> Tensor { unary(.silu, x) }

/// x · sigmoid(1.702 x) of each element: the activation of OpenAI's CLIP.
public func quickGELU(_ x: Tensor) -> Tensor { unary(.quickGELU, x) }

/// The greater of each element and zero.
public func relu(_ x: Tensor) -> Tensor { unary(.relu, x) }

/// x · Φ(x) of each element, Φ being the normal distribution function.
public func gelu(_ x: Tensor, _ approximation: GELUApproximation = .none) -> Tensor {
    switch approximation {
    case .none: unary(.gelu, x)
    case .tanh: unary(.geluTanh, x)
    }
}

private func unary(_ op: UnaryOp, _ operand: Tensor) -> Tensor {
    precondition(operand.dtype.isFloat, "\(op.rawValue): operand is \(operand.dtype), not a float type")
    let x = operand.f32
    return .computed(op.rawValue, [x], x.shape, .result(of: [operand]), on: x.device) { backend, out in
        backend.unary(op, out, x.data, count: x.count)
    }
}

extension Tensor {
    /// Each element with its sign changed.
    public static prefix func - (x: Tensor) -> Tensor { unary(.negate, x) }

    /// Each element limited to `low...high`; not-a-number stays.
    public func clamped(_ low: Float, _ high: Float) -> Tensor {
        precondition(dtype.isFloat && low <= high, "clamped: \(dtype) \(shape) to \(low)...\(high)")
        let x = f32
        return .computed("clamped", [x], shape, .result(of: [self]), on: device) { backend, out in
            backend.clamp(out, x.data, low: low, high: high, count: count)
        }
    }

    /// True if no element is infinite or not a number.
    public var allFinite: Bool {
        let x = f32
        return withExtendedLifetime(x) { device.backend.allFinite(x.data, count: count) }
    }
}
