/// The values of a node's widgets by name.
struct WidgetValues {
    /// The values in the order of the declaration; those that the file lacks are the declaration's own.
    private(set) var values = JSON.Object()
    /// The values that stood by position only and are of another kind than their widget.
    private(set) var misfits: [Misfit] = []

    /// A value that its widget does not take.
    struct Misfit {
        let name: String
        let kind: WidgetDeclaration.Kind
        let value: JSON
        /// From 0, in `widgets_values`.
        let position: Int
    }

    private var position = 0

    /// The values of a node whose class is known.
    init(of node: WorkflowNode, _ declaration: NodeDeclaration) {
        if let named = node.named {
            for (name, value) in named where !Self.isOfEditor(name, value, declaration) {
                values[name] = value
            }
        } else {
            for (name, widget) in declaration.widgets { take(name, widget, from: node.widgets) }
        }
        for (name, widget) in declaration.widgets { complete(name, widget) }
    }

    /// The values of a node whose class is not known; nil when their names are not known either.
    init?(ofUnknown node: WorkflowNode) {
        if let named = node.named {
            for (name, value) in named where !Self.isOfEditor(name, value, nil) { values[name] = value }
            return
        }
        let names = node.inputs.filter(\.isWidget).map(\.name)
        guard names.count == node.widgets.count else { return nil }
        for (name, value) in zip(names, node.widgets) { values[name] = value }
    }

    // MARK: By position

    private mutating func take(_ name: String, _ widget: WidgetDeclaration, from list: [JSON]) {
        let value = list.dropFirst(position).first
        if let value {
            values[name] = value
            if !widget.fits(value) {
                misfits.append(Misfit(name: name, kind: widget.kind, value: value, position: position))
            }
        }
        position += 1
        for (member, inner) in widget.members(for: value, of: name) { take(member, inner, from: list) }
        if widget.hasControl, list.indices.contains(position), Self.isControl(list[position]) {
            position += 1
        }
    }

    private mutating func complete(_ name: String, _ widget: WidgetDeclaration) {
        if values[name] == nil { values[name] = widget.initial }
        for (member, inner) in widget.members(for: values[name], of: name) { complete(member, inner) }
    }

    // MARK: The editor's own

    /// What the editor does with a value after each run.
    private static let controls: Set<String> = [
        "fixed", "increment", "decrement", "randomize", "increment-wrap",
    ]

    private static func isControl(_ value: JSON) -> Bool { value.string.map(controls.contains) == true }

    /// Whether a named value steers the editor and is no input of the class.
    private static func isOfEditor(_ name: String, _ value: JSON, _ declaration: NodeDeclaration?) -> Bool {
        if declaration?.inputs.contains(where: { $0.name == name }) == true { return false }
        let last = name.split(separator: ".").last.map(String.init) ?? name
        if last == "control_after_generate" { return true }
        return declaration != nil && (name == "upload" || controls.contains(name) && isControl(value))
    }
}

extension WidgetDeclaration {
    /// The widgets that a value of a choice brings, with the names that graphs give them: `parent.child`.
    ///
    /// - Parameters:
    ///   - value: what is chosen; the first option when nil.
    ///   - name: the choice's own name.
    /// - Returns: names and declarations in order; none for a widget that brings none.
    func members(
        for value: JSON?, of name: String
    ) -> [(name: String, widget: WidgetDeclaration)] {
        let chosen = value.map { value in options.first { .string($0.key) == value } } ?? options.first
        return (chosen?.inputs ?? []).compactMap(\.named).map { ("\(name).\($0.name)", $0.widget) }
    }

    /// Whether a saved value can be this widget's.
    func fits(_ value: JSON) -> Bool {
        switch (kind, value) {
        case (_, .null), (.other, _): true
        case (.number, .string(let text)): Double(text) != nil
        case (.number, _): value.double != nil
        case (.truth, .string(let text)): ["true", "false"].contains(text.lowercased())
        case (.truth, _): value.bool != nil || value.double != nil
        case (.choice, .object): false
        case (.choice, _): value.bool == nil
        }
    }
}

extension WidgetDeclaration.Kind {
    /// What the widget takes, for messages.
    var phrase: String {
        switch self {
        case .number: "a number"
        case .truth: "true or false"
        case .choice: "one of its options"
        case .other: "any value"
        }
    }
}
