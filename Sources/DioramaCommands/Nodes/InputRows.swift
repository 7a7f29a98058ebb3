import DioramaGraph

/// One line about inputs in a node's reference.
struct InputRow {
    /// The name in graphs: for inputs that grow, the first and the last.
    let name: String
    /// The type, a list of it, or the kind of choice.
    let type: String
    let schema: InputSchema
    /// What the declaration says besides, such as how many there may be.
    var remark: String?
}

extension NodeSchema {
    /// The inputs as the reference lists them: those of a choice's options behind the choice.
    var inputRows: [InputRow] { inputs.flatMap { rows($0, below: "", when: nil) } }

    private func rows(_ input: InputSchema, below prefix: String, when option: String?) -> [InputRow] {
        let name = prefix + input.name
        let condition = option.map { "when \($0)" }
        let type = input.takesList ? "list of \(input.type)" : "\(input.type)"
        switch input.form {
        case .single, .chosen:
            let lazy = input.isLazy ? "only evaluated when needed" : nil
            return [InputRow(name: name, type: type, schema: input, remark: joined(condition, lazy))]
        case .growing(let rule, _):
            let first = rule.names.first.map { "\(name).\($0)" } ?? name
            let last = rule.names.last.map { "\(name).\($0)" } ?? name
            let count = "\(rule.minimum) to \(rule.names.count) of them"
            return [
                InputRow(
                    name: "\(first) … \(last)", type: type, schema: input, remark: joined(condition, count))
            ]
        case .choice(let options):
            let own = InputRow(name: name, type: type, schema: input, remark: condition)
            return [own]
                + options.flatMap { option in
                    option.inputs.flatMap {
                        rows($0, below: name + ".", when: "\(input.name) is \(option.key)")
                    }
                }
        }
    }

    private func joined(_ parts: String?...) -> String? {
        let said = parts.compactMap(\.self)
        return said.isEmpty ? nil : said.joined(separator: ", ")
    }
}

extension OutputSchema {
    /// The type as the reference names it.
    var typeText: String { isList ? "list of \(type)" : "\(type)" }
}
