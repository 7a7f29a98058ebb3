/// What is wrong with a value that is written, or flows, into an input with limits.
struct LiteralProblem {
    let kind: GraphIssue.Kind
    /// What follows the input's name: `is 0, below its minimum 1`.
    let predicate: String
    let expected: String
    var suggestion: String?
    let comfyMessage: String
    var comfyDetails: String?

    /// What is expected where a list of options is empty.
    fileprivate static let nothing = "nothing to choose from"

    /// A literal that the input's type cannot be read from.
    init(_ mismatch: LiteralMismatch, of json: JSON, for input: InputSchema) {
        switch mismatch {
        case .kind(let reason):
            self.init(reason, json, for: input)
        case .belowMinimum(let limit):
            self.init(.minimum(input.minimum ?? limit), of: json)
        case .aboveMaximum(let limit):
            self.init(.maximum(input.maximum ?? limit), of: json)
        }
    }

    private init(_ reason: String, _ json: JSON, for input: InputSchema) {
        kind = .invalidInputType
        predicate = "takes \(input.type.phrase): \(reason)"
        expected = input.type.phrase
        comfyMessage = "Failed to convert an input value to a \(input.type) value"
        comfyDetails = "\(input.name), \(json.brief), \(reason)"
    }

    /// A number outside its range.
    init(_ bound: InputSchema.Bound, of json: JSON) {
        switch bound {
        case .minimum(let limit):
            kind = .valueSmallerThanMin
            predicate = "is \(json.brief), below its minimum \(limit)"
            expected = "at least \(limit)"
            comfyMessage = "Value \(json.brief) smaller than min of \(limit)"
        case .maximum(let limit):
            kind = .valueBiggerThanMax
            predicate = "is \(json.brief), above its maximum \(limit)"
            expected = "at most \(limit)"
            comfyMessage = "Value \(json.brief) bigger than max of \(limit)"
        }
    }

    /// A text that is not among the options.
    init(_ value: JSON, notIn names: [String], input: String) {
        let text = value.string ?? value.brief
        let nearest = Spelling.nearest(to: text, in: names)
        kind = .valueNotInList
        suggestion = nearest
        comfyMessage = "Value not in list"
        let brief = value.string.map(quoted) ?? value.brief
        switch names.count {
        case 0:
            predicate = "is \(brief), but there is nothing to choose from"
            expected = Self.nothing
            comfyDetails = "\(input): '\(text)' not in []"
        case 1...8:
            let all = names.joined(separator: ", ")
            predicate = nearest.asked("is \(brief), which is none of \(all)")
            expected = "one of \(all)"
            comfyDetails = "\(input): '\(text)' not in [\(names.map { "'\($0)'" }.joined(separator: ", "))]"
        default:
            let some = "\(names.count) options (\(names.prefix(4).joined(separator: ", ")), …)"
            predicate = nearest.asked("is \(brief), which is none of its \(some)")
            expected = "one of \(some)"
            comfyDetails =
                names.count > 20
                ? "\(input): '\(text)' not in (list of length \(names.count))"
                : "\(input): '\(text)' not in [\(names.map { "'\($0)'" }.joined(separator: ", "))]"
        }
    }

    /// A text that is not among the options, but names something of which more is known.
    init(_ text: String, refused reason: String, input: String) {
        kind = .valueNotInList
        predicate = "is \(quoted(text)): \(reason)"
        expected = "one of the options"
        comfyMessage = "Value not in list"
        comfyDetails = "\(input): '\(text)': \(reason)"
    }

    /// Options that could not be found out.
    init(unavailable reason: String) {
        kind = .optionsUnavailable
        predicate = "cannot be checked, its options could not be found: \(reason)"
        expected = "one of the options"
        comfyMessage = "Options unavailable"
    }
}

extension GraphIssue {
    /// Whether a choice was wrong because there is none, above all a file where no folder has any.
    public var hasNoChoice: Bool { kind == .valueNotInList && expected == LiteralProblem.nothing }
}

extension InputSchema {
    /// What is wrong with a literal of the right type, nil when nothing is.
    ///
    /// - Parameters:
    ///   - value: the value as the type reads it.
    ///   - read: the value as the file has it, for the message.
    ///   - className: the node's class.
    ///   - lists: the options of choices.
    /// - Returns: the problem.
    func problem(
        with value: JSON, read: JSON, _ className: String, _ lists: inout OptionLists
    ) -> LiteralProblem? {
        if let problem = rangeProblem(with: value, read: read) { return problem }
        guard let options, validatesOptions else { return nil }
        switch lists.names(of: className, name, options) {
        case .failure(let error): return LiteralProblem(unavailable: error.reason)
        case .success(let names):
            // As in ComfyUI a choice is not converted: the number 1 is not the option "1".
            if let text = read.string {
                if names.contains(text) { return nil }
                if let reason = refusal?(text, lists.environment) {
                    return LiteralProblem(text, refused: reason, input: name)
                }
            }
            return LiteralProblem(read, notIn: names, input: name)
        }
    }

    /// What is wrong with a value that a link gave, nil when nothing is.
    ///
    /// ComfyUI checks ranges for literals only; here no number outside its range reaches a node.
    ///
    /// - Parameter value: the value as the input's type.
    /// - Returns: the problem.
    func problem(withLinked value: any PortValue) -> LiteralProblem? {
        guard minimum != nil || maximum != nil || options != nil,
            let json = (value as? any LiteralValue)?.json
        else { return nil }
        if let problem = rangeProblem(with: json, read: json) { return problem }
        guard case .list(let names) = options, validatesOptions, let text = json.string, !names.contains(text)
        else { return nil }
        return LiteralProblem(json, notIn: names, input: name)
    }

    /// What is wrong with a number of an input with a range: it is outside, or it is NaN, which is in no range.
    private func rangeProblem(with value: JSON, read: JSON) -> LiteralProblem? {
        if case .double(let number) = value, number.isNaN, minimum != nil || maximum != nil {
            return LiteralProblem(.kind("\(read.brief) is not a number"), of: read, for: self)
        }
        return bound(violatedBy: value).map { LiteralProblem($0, of: read) }
    }
}

extension PortType {
    /// The type with its article: "an INT", "a LATENT", "any value".
    var phrase: String {
        if self == .any { return "any value" }
        if self == .combo { return "one of its options" }
        let members = name.split(separator: ",").map { "\($0)" }
        return members.map { ("AEIO".contains($0.first ?? "X") ? "an " : "a ") + $0 }.joined(
            separator: " or ")
    }
}
