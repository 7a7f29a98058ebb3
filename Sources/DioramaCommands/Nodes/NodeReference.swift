package import DioramaGraph

/// The reference of nodes as text for a terminal, from their declarations.
package struct NodeReference: Sendable {
    /// Characters in a line.
    package var width = 100

    /// A reference in lines of `width` characters.
    package init(width: Int = 100) { self.width = width }

    /// Every node by category, one line each: name and first sentence.
    package func list(_ catalog: NodeCatalog) -> String {
        let column = (catalog.classNames.map(\.count).max() ?? 0) + 2
        return byCategory(catalog).map { category, schemas in
            let lines = schemas.map { schema in
                "  " + padded(schema.spec.className, to: column) + firstSentence(schema.spec.help)
            }
            return ([category] + lines).joined(separator: "\n")
        }
        .joined(separator: "\n\n")
    }

    /// Everything about one node.
    package func page(_ schema: NodeSchema) -> String {
        let spec = schema.spec
        var parts = ["\(spec.className)  (\(spec.title), in \(spec.category))"]
        parts.append(wrapped(spec.help + remarks(spec), width: width, indent: 2))
        if !schema.inputs.isEmpty {
            parts.append("Inputs")
            parts += schema.inputRows.map { entry(inputLine($0), $0.schema.help) }
        }
        if !schema.outputs.isEmpty {
            parts.append("Outputs")
            parts += schema.outputs.map { entry("\($0.name): \($0.typeText)", $0.help) }
        }
        return parts.joined(separator: "\n\n").replacing("Inputs\n\n", with: "Inputs\n")
            .replacing("Outputs\n\n", with: "Outputs\n")
    }

    private func entry(_ head: String, _ help: String) -> String {
        let lines = wrapped(head, width: width, indent: 2)
        return help.isEmpty ? lines : lines + "\n" + wrapped(help, width: width, indent: 6)
    }

    /// `steps: INT = 20, 1 to 10000`.
    private func inputLine(_ row: InputRow) -> String {
        let input = row.schema
        var line = "\(row.name): \(row.type)"
        if let value = input.defaultValue { line += " = \(shown(value))" }
        if input.isOptional { line += ", optional" }
        if let range = rangeText(input) { line += ", " + range }
        if let options = optionsText(input) { line += ", " + options }
        if let remark = row.remark { line += ", " + remark }
        return line
    }
}

/// The nodes of `catalog` by category, both in alphabetical order.
func byCategory(_ catalog: NodeCatalog) -> [(category: String, schemas: [NodeSchema])] {
    Dictionary(grouping: catalog.schemas, by: \.spec.category)
        .map { ($0.key, $0.value.sorted { $0.spec.className < $1.spec.className }) }
        .sorted { $0.0 < $1.0 }
}

/// What the reference says of a node besides its help.
func remarks(_ spec: NodeSpec) -> String {
    (spec.isOutput ? " An output: graphs run for its sake." : "")
        + (spec.isDeprecated ? " Deprecated." : "")
        + (spec.isExperimental ? " Experimental: it may still change." : "")
}

/// The range a number must lie in, `1 to 10000` or `at least 0`; nil where there is none.
func rangeText(_ input: InputSchema) -> String? {
    switch (input.minimum, input.maximum) {
    case (let low?, let high?): "\(low) to \(high)"
    case (let low?, nil): "at least \(low)"
    case (nil, let high?): "at most \(high)"
    case (nil, nil): nil
    }
}

/// What can be chosen: `one of euler, heun`; nil where it is no choice.
func optionsText(_ input: InputSchema) -> String? {
    switch input.options {
    case .list(let names): "one of " + names.joined(separator: ", ")
    case .computed: "one of the files found"
    case nil: nil
    }
}

/// A default as people read it: text in quotation marks, the empty text too.
func shown(_ value: JSON) -> String { value.text() }

/// A value as people read it: text without quotation marks, unless it is empty.
func bare(_ value: JSON) -> String {
    guard let text = value.string, !text.isEmpty else { return value.text() }
    return text
}

/// The first sentence of `text`, or all of it.
private func firstSentence(_ text: String) -> String {
    guard let end = text.firstRange(of: ". ") else { return text }
    return String(text[..<end.lowerBound]) + "."
}
