public import DioramaTensor

/// How far a result may lie from its reference, as ‖a − b‖ / ‖b‖: the one table, a row a dtype.
public struct Tolerance: Sendable {
    /// One operation.
    public let op: Float
    /// A layer or a block of a few dozen operations.
    public let block: Float
    /// A whole model, or a whole run of a sampler.
    public let model: Float

    /// Float32 storage and arithmetic.
    public static let f32 = Tolerance(op: 1e-5, block: 1e-4, model: 1e-3)
    /// Float16 storage, float32 arithmetic.
    public static let f16 = Tolerance(op: 1e-3, block: 2e-3, model: 1e-2)
    /// Bfloat16 storage, float32 arithmetic.
    public static let bf16 = Tolerance(op: 8e-3, block: 1.6e-2, model: 5e-2)
}

/// ‖a − b‖ / ‖b‖ in double precision; infinite where shapes differ or a value is not finite, and ‖a‖ where b is zero.
public func relativeError(_ a: Tensor, _ b: Tensor) -> Float {
    a.shape == b.shape ? relativeError(a.floats(), b.floats()) : .infinity
}

/// As `relativeError`, infinite where there is no tensor.
public func relativeError(_ a: Tensor?, _ b: Tensor) -> Float {
    a.map { relativeError($0, b) as Float } ?? .infinity
}

/// ‖a − b‖ / ‖b‖ of plain values; see the form for tensors.
public func relativeError(_ a: [Float], _ b: [Float]) -> Float {
    guard a.count == b.count else { return .infinity }
    var difference = 0.0
    var norm = 0.0
    for (x, y) in zip(a, b) {
        difference += (Double(x) - Double(y)) * (Double(x) - Double(y))
        norm += Double(y) * Double(y)
    }
    guard difference.isFinite, norm.isFinite else { return .infinity }
    return Float((norm > 0 ? difference / norm : difference).squareRoot())
}

/// The largest |a − b|; infinite where shapes differ or a value is not a number.
public func maxError(_ a: Tensor, _ b: Tensor) -> Float {
    guard a.shape == b.shape else { return .infinity }
    return zip(a.floats(), b.floats()).reduce(0) { largest, pair in
        let error = abs(pair.0 - pair.1)
        return error.isNaN ? .infinity : max(largest, error)
    }
}
