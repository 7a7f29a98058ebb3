#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The functions that expressions can use: those of ComfyUI's Math Expression.
enum MathFunction: String, CaseIterable, Sendable {
    case sum, min, max, abs, round, pow, sqrt, ceil, floor, log, log2, log10, sin, cos, tan, int, float

    /// The largest exponent that `pow` takes, as in ComfyUI.
    private static let largestExponent = 4000.0

    /// How many values the function takes.
    private var counts: ClosedRange<Int> {
        switch self {
        case .sum: 0...Int.max
        case .min, .max: 1...Int.max
        case .round, .log: 1...2
        case .pow: 2...2
        default: 1...1
        }
    }

    /// The value of the function, as Python has it.
    ///
    /// - Parameter arguments: `min`, `max` and `sum` also take one list; the others take no list.
    /// - Returns: a value that is no list.
    /// - Throws: why there is none.
    func callAsFunction(_ arguments: [MathValue]) throws(MathProblem) -> MathValue {
        guard counts.contains(arguments.count) else {
            let wanted =
                counts.lowerBound == counts.upperBound
                ? "\(counts.lowerBound)"
                : counts.upperBound == .max ? "at least \(counts.lowerBound)" : "1 or 2"
            throw MathProblem("\(rawValue) takes \(wanted), not \(arguments.count)")
        }
        switch self {
        case .sum, .min, .max: return try ofMany(arguments)
        default: break
        }
        guard !arguments.contains(where: \.isList) else { throw MathProblem("\(rawValue) takes no list") }
        let x = arguments[0]
        switch self {
        case .abs:
            guard let exact = x.exact else { return .float(x.number.magnitude) }
            return exact < 0 ? try MathUnary.minus.applied(to: x) : .int(exact)
        case .round: return try rounded(x, arguments.count > 1 ? arguments[1] : nil)
        case .pow:
            guard arguments[1].number.magnitude <= Self.largestExponent else {
                throw MathProblem("pow takes exponents up to \(Int(Self.largestExponent))")
            }
            return try MathBinary.power.applied(to: x, arguments[1])
        case .ceil: return try whole(x, .up)
        case .floor: return try whole(x, .down)
        case .int: return try whole(x, .towardZero)
        case .float: return .float(x.number)
        default: return .float(try ofNumber(x.number, arguments.count > 1 ? arguments[1].number : nil))
        }
    }

    private func ofMany(_ arguments: [MathValue]) throws(MathProblem) -> MathValue {
        var values = arguments
        if values.count == 1 {
            if case .list(let list) = values[0] {
                values = list
            } else if self != .sum {
                throw MathProblem("\(rawValue) takes a list or at least two numbers")
            }
        }
        guard !values.contains(where: \.isList) else {
            throw MathProblem("\(rawValue) takes one list, or numbers")
        }
        switch self {
        case .sum:
            var sum = MathValue.int(0)
            for value in values { sum = try MathBinary.add.applied(to: sum, value) }
            return sum
        default:
            guard var best = values.first else { throw MathProblem("\(rawValue) of no values") }
            let isBetter = self == .min ? MathBinary.less : .greater
            for value in values.dropFirst() where try isBetter.applied(to: value, best).isTrue {
                best = value
            }
            return best
        }
    }

    private func ofNumber(_ x: Double, _ base: Double?) throws(MathProblem) -> Double {
        switch self {
        case .sqrt where x >= 0: return x.squareRoot()
        case .log where x > 0:
            guard let base else { return logarithm(x) }
            guard base > 0 else { throw MathProblem("log has no base \(base)") }
            guard base != 1 else { throw MathProblem("division by zero") }
            return logarithm(x) / logarithm(base)
        case .log2 where x > 0: return logarithm2(x)
        case .log10 where x > 0: return logarithm10(x)
        case .sin where x.isFinite: return sine(x)
        case .cos where x.isFinite: return cosine(x)
        case .tan where x.isFinite: return tangent(x)
        default: throw MathProblem("\(rawValue) of \(x) is no number")
        }
    }

    private func whole(_ x: MathValue, _ rule: FloatingPointRoundingRule) throws(MathProblem) -> MathValue {
        if let exact = x.exact { return .int(exact) }
        guard x.number.isFinite else { throw MathProblem("\(x.number) is no whole number") }
        guard let whole = Int(exactly: x.number.rounded(rule)) else { throw .tooLong }
        return .int(whole)
    }

    /// Python's `round`: halves to even, at the decimal place that is asked for; without one, to a whole number.
    private func rounded(_ x: MathValue, _ digits: MathValue?) throws(MathProblem) -> MathValue {
        guard let digits else { return try whole(x, .toNearestOrEven) }
        guard let places = digits.exact else {
            throw MathProblem("round takes a whole number of decimal places")
        }
        if let exact = x.exact { return .int(try rounded(exact, places)) }
        let number = x.number
        guard number.isFinite, number != 0, places < 324 else { return .float(number) }
        if places >= 0 { return .float(decimal(number, places)) }
        guard places > -309 else { return .float(number * 0) }
        let unit = decimalPower(-places)
        return .float((number / unit).rounded(.toNearestOrEven) * unit)
    }

    private func rounded(_ x: Int, _ places: Int) throws(MathProblem) -> Int {
        guard places < 0 else { return x }
        guard places > -20 else { return 0 }
        var unit = 1.0
        for _ in 0..<(-places) { unit *= 10 }
        guard let whole = Int(exactly: unit) else { return 0 }
        let (quotient, rest) = x.quotientAndRemainder(dividingBy: whole)
        let (half, odd) = (whole / 2, !quotient.isMultiple(of: 2))
        let distance = rest.magnitude
        let isFarther = distance > half.magnitude || distance == half.magnitude && odd
        let (result, overflow) = (quotient + (isFarther ? x.signum() : 0)).multipliedReportingOverflow(
            by: whole)
        if overflow { throw .tooLong }
        return result
    }
}

/// A number at so many decimal places, rounded exactly.
private func decimal(_ number: Double, _ places: Int) -> Double {
    // The longest number has 309 digits before the point.
    var text = [CChar](repeating: 0, count: 700)
    _ = withVaList([Int32(places), number]) { vsnprintf(&text, text.count, "%.*f", $0) }
    return text.withUnsafeBufferPointer { buffer in buffer.baseAddress.map { strtod($0, nil) } ?? number }
}

// The library's functions, whose names are cases above.
private func decimalPower(_ exponent: Int) -> Double { pow(10, Double(exponent)) }
private func logarithm(_ x: Double) -> Double { log(x) }
private func logarithm2(_ x: Double) -> Double { log2(x) }
private func logarithm10(_ x: Double) -> Double { log10(x) }
private func sine(_ x: Double) -> Double { sin(x) }
private func cosine(_ x: Double) -> Double { cos(x) }
private func tangent(_ x: Double) -> Double { tan(x) }
