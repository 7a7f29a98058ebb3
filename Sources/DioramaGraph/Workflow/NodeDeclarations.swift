/// What the conversion of a workflow knows of node classes: their inputs, in the order in which the editor lists them.
package struct NodeDeclarations: Sendable {
    /// The classes that are known.
    let classNames: [String]
    private let find: @Sendable (String) -> NodeDeclaration?

    /// The classes of a catalog.
    init(_ catalog: NodeCatalog) {
        classNames = catalog.classNames
        find = { name in catalog[name].map(NodeDeclaration.init) }
    }

    /// The classes of an answer of ComfyUI's `/object_info`.
    ///
    /// - Parameter objectInfo: declarations by class.
    package init(objectInfo: JSON) {
        let classes = objectInfo.object ?? [:]
        classNames = classes.keys
        find = { name in classes[name].map { NodeDeclaration(className: name, $0) } }
    }

    /// The declaration of a class, nil when it is not known.
    subscript(className: String) -> NodeDeclaration? { find(className) }
}

/// One class's title and inputs.
struct NodeDeclaration {
    let title: String
    let inputs: [InputDeclaration]

    /// A member of `/object_info`: required inputs stand before optional ones.
    init(className: String, _ json: JSON) {
        title = json["display_name"]?.string ?? className
        inputs = InputDeclaration.list(json["input"])
    }

    init(_ schema: NodeSchema) {
        title = schema.spec.title
        let ordered = schema.inputs.filter { !$0.isOptional } + schema.inputs.filter(\.isOptional)
        inputs = ordered.map { InputDeclaration(name: $0.name, $0.declaration) }
    }

    /// The widgets, in order.
    var widgets: [(name: String, widget: WidgetDeclaration)] { inputs.compactMap(\.named) }
}

/// An input of a class: a widget, or a socket for links alone.
struct InputDeclaration {
    let name: String
    let widget: WidgetDeclaration?

    /// - Parameters:
    ///   - name: the name in graphs.
    ///   - json: `[type, {options}]`, with the list of a choice in the type's place or among the options.
    init(name: String, _ json: JSON) {
        self.name = name
        widget = WidgetDeclaration(name: name, json)
    }

    /// The inputs of `{"required": {...}, "optional": {...}}`.
    static func list(_ json: JSON?) -> [InputDeclaration] {
        ["required", "optional"].flatMap { section in
            (json?[section]?.object ?? [:]).map { InputDeclaration(name: $0.key, $0.value) }
        }
    }

    var named: (name: String, widget: WidgetDeclaration)? { widget.map { (name, $0) } }
}

/// What a widget holds.
struct WidgetDeclaration {
    /// The kinds of value that files are checked for.
    enum Kind {
        case number
        case truth
        case choice
        case other
    }

    /// One option of a choice that brings inputs of its own.
    struct Option {
        let key: String
        let inputs: [InputDeclaration]
    }

    let kind: Kind
    /// The value where a file has none, nil when there is no telling.
    let initial: JSON?
    /// Whether the editor keeps a word behind the value: what to do with it after each run.
    let hasControl: Bool
    /// The options that bring inputs of their own.
    let options: [Option]

    /// The widget's declaration, nil when the input is only a socket or its value is not saved.
    init?(name: String, _ json: JSON) {
        let details = json[1]?.object ?? [:]
        guard details["forceInput"]?.bool != true else { return nil }
        let list = json[0]?.array
        let type = details["widgetType"]?.string ?? json[0]?.string ?? ""
        guard list != nil || Self.types.contains(type) else { return nil }
        let choices = list ?? (type == "COMBO" ? details["options"]?.array : nil)
        options =
            type == Self.dynamicChoice
            ? (details["options"]?.array ?? []).map {
                Option(key: $0["key"]?.string ?? "", inputs: InputDeclaration.list($0["inputs"]))
            } : []
        kind = list == nil ? Self.kinds[type] ?? .other : .choice
        let control = details["control_after_generate"] ?? false
        hasControl =
            options.isEmpty
            && (![false, .null].contains(control) || type == "INT" && ["seed", "noise_seed"].contains(name))
        if let value = details["default"] {
            initial = [value].first { $0 != .null }
        } else {
            initial =
                choices?.first ?? options.first.map { .string($0.key) }
                ?? Self.initial(of: type, minimum: details["min"])
        }
    }

    private static func initial(of type: String, minimum: JSON?) -> JSON? {
        switch type {
        case "INT", "FLOAT": minimum.flatMap { ($0.double ?? 0) > 0 ? $0 : nil } ?? 0
        case "STRING": ""
        case "BOOLEAN": false
        default: .none
        }
    }

    private static let dynamicChoice = "COMFY_DYNAMICCOMBO_V3"

    /// The types whose values the editor saves.
    private static let types: Set<String> = [
        "INT", "FLOAT", "STRING", "BOOLEAN", "COMBO", "MARKDOWN", "COLOR", "BOUNDING_BOX", "CURVE",
        dynamicChoice, "PAINTER", "COLORS", "BOUNDING_BOXES", "RANGE", "COMPOSITOR", "VIDEO_EDIT", "TEXTAREA",
        "CHART", "GALLERIA",
    ]

    private static let kinds: [String: Kind] = [
        "INT": .number, "FLOAT": .number, "BOOLEAN": .truth, "COMBO": .choice, dynamicChoice: .choice,
    ]
}
