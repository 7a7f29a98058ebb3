/// One step of an expression, on a stack of values.
enum MathStep: Sendable {
    /// Puts a value onto the stack.
    case value(MathValue)
    /// Puts the value of a name onto the stack.
    case name(String)
    /// Changes the value on top.
    case unary(MathUnary)
    /// Takes two values and puts one in their place.
    case binary(MathBinary)
    /// Takes an index and a list.
    case element
    /// Takes so many values and puts the function's in their place.
    case call(MathFunction, Int)
    /// Passes over steps.
    case jump(Int)
    /// Takes a value, and passes over steps unless it is true.
    case unless(Int)
    /// Keeps the value on top and passes over steps if it counts as true, or as false; takes it away otherwise.
    case shortcut(ifTrue: Bool, Int)
    /// Compares two values as part of a chain such as `0 < a < b`: keeps the second if that is true, else puts false in
    /// their place and passes over steps.
    case link(MathBinary, Int)
}

/// Operators before a value.
enum MathUnary: Sendable {
    case plus, minus, not, invert
}

/// Operators between values, by their signs.
enum MathBinary: String, Sendable {
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case floorDivide = "//"
    case modulo = "%"
    case power = "**"
    case and = "&"
    case or = "|"
    case xor = "^"
    case shiftLeft = "<<"
    case shiftRight = ">>"
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case equal = "=="
    case notEqual = "!="
    case isIn = "in"
    case notIn = "not in"
}

/// The values that an expression works on.
struct MathStack {
    private var values: [MathValue] = []

    /// What is on top; nil when there is nothing.
    var result: MathValue? { values.last }

    /// Does one step.
    ///
    /// - Parameters:
    ///   - step: what to do.
    ///   - names: the values of names.
    /// - Returns: how many steps to pass over.
    /// - Throws: why it cannot be done.
    mutating func run(_ step: MathStep, _ names: [(name: String, value: MathValue)]) throws(MathProblem)
        -> Int
    {
        switch step {
        case .value(let value): values.append(value)
        case .name("values"): values.append(.list(names.map(\.value)))
        case .name(let name):
            guard let value = names.first(where: { $0.name == name })?.value else {
                let known = names.map(\.name).joined(separator: ", ")
                throw MathProblem("\(name) is not known; there are \(known.isEmpty ? "no values" : known)")
            }
            values.append(value)
        case .unary(let sign): values.append(try sign.applied(to: try take()))
        case .binary(let sign):
            let second = try take()
            values.append(try sign.applied(to: try take(), second))
        case .element:
            let index = try take()
            guard case .list(let list) = try take() else {
                throw MathProblem("only values can have a place in brackets")
            }
            guard let index = index.exact else { throw MathProblem("a place in values is a whole number") }
            let place = index < 0 ? index + list.count : index
            guard list.indices.contains(place) else {
                throw MathProblem("values has \(list.count) numbers, and none at place \(index)")
            }
            values.append(list[place])
        case .call(let function, let count):
            guard values.count >= count else { throw MathProblem("the expression is not complete") }
            let arguments = Array(values.suffix(count))
            values.removeLast(count)
            values.append(try function(arguments))
        case .jump(let count): return count
        case .unless(let count): return try take().isTrue ? 0 : count
        case .shortcut(let ifTrue, let count):
            let value = try take()
            guard value.isTrue == ifTrue else { return 0 }
            values.append(value)
            return count
        case .link(let sign, let count):
            let second = try take()
            let holds = try sign.applied(to: try take(), second)
            values.append(holds.isTrue ? second : holds)
            return holds.isTrue ? 0 : count
        }
        return 0
    }

    private mutating func take() throws(MathProblem) -> MathValue {
        guard let value = values.popLast() else { throw MathProblem("the expression is not complete") }
        return value
    }
}
