/// An expression over numbers, as ComfyUI's Math Expression evaluates it: a small part of Python's expressions.
///
/// Numbers, names, `+ - * / // % **`, `& | ^ << >> ~`, comparisons, `and or not`, `x if y else z`, `values[0]`, `in values`, and the
/// functions of `MathFunction`. Whole numbers have 64 bits: where Python would go on with longer ones, there is an error.
/// An expression is read once into steps for a stack, so that neither a long one nor a deep one can end the program.
package struct MathExpression: Sendable {
    /// More characters than any sensible expression has.
    package static let longest = 10_000

    private let steps: [(step: MathStep, position: Int)]

    /// Reads an expression.
    ///
    /// - Parameter text: at most `longest` characters.
    /// - Throws: what is wrong with it, and where.
    package init(_ text: String) throws(MathError) {
        var parser = try MathParser(text)
        steps = try parser.parse()
    }

    /// The value of the expression.
    ///
    /// - Parameter values: the numbers that it may use by name; the name `values` stands for the list of all of them.
    /// - Returns: a finite number, or true or false.
    /// - Throws: what cannot be computed, and where: unknown names, division by zero, whole numbers of more than 64 bits,
    ///   and results that are no finite numbers.
    package func evaluate(_ values: [(name: String, value: MathValue)]) throws(MathError) -> MathValue {
        var stack = MathStack()
        var place = 0
        while place < steps.count {
            let (step, position) = steps[place]
            place += 1
            do throws(MathProblem) {
                place += try stack.run(step, values)
            } catch {
                throw MathError(error.message, at: position)
            }
        }
        guard let result = stack.result, !result.isList else {
            throw MathError(
                "the result is a list; values needs a place, as in values[0], or a function such as max")
        }
        guard result.number.isFinite else {
            throw MathError("the result is not a finite number: \(result.number)")
        }
        return result
    }
}

/// A value that an expression can have.
package enum MathValue: Hashable, Sendable {
    /// A whole number.
    case int(Int)
    /// A number.
    case float(Double)
    /// True or false, which count as 1 and 0.
    case bool(Bool)
    /// The list of all values; no result of an expression.
    case list([MathValue])

    /// The value as a number, 0 for lists.
    package var number: Double {
        switch self {
        case .int(let value): Double(value)
        case .float(let value): value
        case .bool(let value): value ? 1 : 0
        case .list: 0
        }
    }

    /// The value as a whole number, fractions cut off; nil where 64 bits do not hold it.
    package var whole: Int? {
        switch self {
        case .int(let value): value
        case .float(let value): Int(exactly: value.rounded(.towardZero))
        case .bool(let value): value ? 1 : 0
        case .list: nil
        }
    }

    /// Whether the value counts as true: it is not 0.
    package var isTrue: Bool {
        switch self {
        case .int(let value): value != 0
        case .float(let value): value != 0
        case .bool(let value): value
        case .list(let values): !values.isEmpty
        }
    }

    /// The number of a whole number, or of true or false.
    var exact: Int? {
        switch self {
        case .int(let value): value
        case .bool(let value): value ? 1 : 0
        case .float, .list: nil
        }
    }

    var isList: Bool {
        if case .list = self { true } else { false }
    }
}

/// What is wrong with an expression.
package struct MathError: Error, Hashable, CustomStringConvertible {
    /// What.
    package let message: String
    /// Where, in characters from 0; nil where it is the whole.
    package let position: Int?

    init(_ message: String, at position: Int? = nil) {
        self.message = message
        self.position = position
    }

    /// What and where.
    package var description: String { position.map { "\(message) at position \($0)" } ?? message }
}

/// Why a step cannot be computed.
struct MathProblem: Error {
    let message: String

    init(_ message: String) { self.message = message }

    /// A whole number that would be too long.
    static let tooLong = MathProblem(
        "a whole number becomes longer than 64 bits; write it with a point, such as 2.0")
}
