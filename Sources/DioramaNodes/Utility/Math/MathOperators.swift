#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

extension MathUnary {
    /// The value with the operator before it, as Python has it.
    func applied(to value: MathValue) throws(MathProblem) -> MathValue {
        if self == .not { return .bool(!value.isTrue) }
        if value.isList { throw MathProblem("this cannot be done with a list") }
        guard let exact = value.exact else {
            switch self {
            case .plus: return value
            case .minus: return .float(-value.number)
            default: throw MathProblem("~ needs a whole number")
            }
        }
        switch self {
        case .plus: return .int(exact)
        case .minus: return .int(try unlessOverflow(0.subtractingReportingOverflow(exact)))
        default: return .int(~exact)
        }
    }
}

extension MathBinary {
    /// The largest number on either side of `**`, as in ComfyUI.
    private static let largestPower = 4_000_000.0

    /// The value of two values with the operator between them, as Python has it.
    func applied(to a: MathValue, _ b: MathValue) throws(MathProblem) -> MathValue {
        switch self {
        case .isIn, .notIn:
            guard case .list(let list) = b else { throw MathProblem("\(rawValue) needs values on its right") }
            var isIn = false
            for other in list where try MathBinary.equal.applied(to: a, other).isTrue { isIn = true }
            return .bool(isIn == (self == .isIn))
        default: break
        }
        if a.isList || b.isList { throw MathProblem("\(rawValue) cannot be used with a list") }
        if let comparison = comparison(a, b) { return .bool(comparison) }
        if let x = a.exact, let y = b.exact {
            if let truth = logic(a, b) { return .bool(truth) }
            if let result = try whole(x, y) { return result }
        }
        return .float(try fractional(a.number, b.number))
    }

    private func comparison(_ a: MathValue, _ b: MathValue) -> Bool? {
        if let x = a.exact, let y = b.exact { return ordered(x, y) }
        return ordered(a.number, b.number)
    }

    private func ordered<Number: Comparable>(_ a: Number, _ b: Number) -> Bool? {
        switch self {
        case .less: a < b
        case .lessOrEqual: a <= b
        case .greater: a > b
        case .greaterOrEqual: a >= b
        case .equal: a == b
        case .notEqual: a != b
        default: nil
        }
    }

    /// `&`, `|` and `^` of two truths are truths.
    private func logic(_ a: MathValue, _ b: MathValue) -> Bool? {
        guard case .bool(let a) = a, case .bool(let b) = b else { return nil }
        switch self {
        case .and: return a && b
        case .or: return a || b
        case .xor: return a != b
        default: return nil
        }
    }

    /// The result for whole numbers; nil where it is a fraction.
    private func whole(_ a: Int, _ b: Int) throws(MathProblem) -> MathValue? {
        switch self {
        case .add: return .int(try unlessOverflow(a.addingReportingOverflow(b)))
        case .subtract: return .int(try unlessOverflow(a.subtractingReportingOverflow(b)))
        case .multiply: return .int(try unlessOverflow(a.multipliedReportingOverflow(by: b)))
        case .floorDivide, .modulo:
            if b == 0 { throw MathProblem("division by zero") }
            if b == -1 { return self == .modulo ? .int(0) : try whole(0, minus: a) }
            let (quotient, rest) = a.quotientAndRemainder(dividingBy: b)
            // Python rounds down, and its remainder has the sign of the divisor.
            let isBelow = rest != 0 && (rest < 0) != (b < 0)
            return .int(self == .modulo ? (isBelow ? rest + b : rest) : (isBelow ? quotient - 1 : quotient))
        case .power: return b < 0 ? nil : .int(try power(a, b))
        case .and: return .int(a & b)
        case .or: return .int(a | b)
        case .xor: return .int(a ^ b)
        case .shiftLeft:
            if b < 0 { throw MathProblem("negative shift count") }
            guard a != 0 else { return .int(0) }
            guard b < 63, (a << b) >> b == a else { throw .tooLong }
            return .int(a << b)
        case .shiftRight:
            if b < 0 { throw MathProblem("negative shift count") }
            return .int(a >> min(b, 63))
        default: return nil
        }
    }

    private func whole(_ a: Int, minus b: Int) throws(MathProblem) -> MathValue {
        .int(try unlessOverflow(a.subtractingReportingOverflow(b)))
    }

    private func power(_ base: Int, _ exponent: Int) throws(MathProblem) -> Int {
        try checkPower(Double(base), Double(exponent))
        if base == 0 || base == 1 { return exponent == 0 ? 1 : base }
        if base == -1 { return exponent.isMultiple(of: 2) ? 1 : -1 }
        guard exponent < 64 else { throw .tooLong }
        var result = 1
        for _ in 0..<exponent { result = try unlessOverflow(result.multipliedReportingOverflow(by: base)) }
        return result
    }

    private func checkPower(_ base: Double, _ exponent: Double) throws(MathProblem) {
        guard abs(base) <= Self.largestPower, abs(exponent) <= Self.largestPower else {
            throw MathProblem("** takes numbers up to \(Int(Self.largestPower))")
        }
    }

    private func fractional(_ a: Double, _ b: Double) throws(MathProblem) -> Double {
        switch self {
        case .add: return a + b
        case .subtract: return a - b
        case .multiply: return a * b
        case .divide:
            if b == 0 { throw MathProblem("division by zero") }
            return a / b
        case .floorDivide: return try divided(a, b).quotient
        case .modulo: return try divided(a, b).remainder
        case .power:
            try checkPower(a, b)
            if a == 0, b < 0 { throw MathProblem("zero cannot have a negative power") }
            if a < 0, b != b.rounded() {
                throw MathProblem("a negative number with a fractional power is no real number")
            }
            let result = pow(a, b)
            if result.isInfinite { throw MathProblem("the power is too large for a number") }
            return result
        default: throw MathProblem("\(rawValue) needs whole numbers")
        }
    }

    /// Division rounded down, and its remainder with the sign of the divisor.
    private func divided(_ a: Double, _ b: Double) throws(MathProblem) -> (
        quotient: Double, remainder: Double
    ) {
        if b == 0 { throw MathProblem("division by zero") }
        var remainder = fmod(a, b)
        var quotient = (a - remainder) / b
        if remainder == 0 {
            remainder = Double(signOf: b, magnitudeOf: 0)
        } else if (b < 0) != (remainder < 0) {
            remainder += b
            quotient -= 1
        }
        guard quotient != 0 else { return (Double(signOf: a / b, magnitudeOf: 0), remainder) }
        let down = quotient.rounded(.down)
        return (quotient - down > 0.5 ? down + 1 : down, remainder)
    }
}

/// The number of an operation that did not overflow.
private func unlessOverflow(_ result: (partialValue: Int, overflow: Bool)) throws(MathProblem) -> Int {
    if result.overflow { throw .tooLong }
    return result.partialValue
}
