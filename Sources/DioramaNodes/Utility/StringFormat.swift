import DioramaGraph

/// Puts values into a text.
struct StringFormat: Node {
    static let spec = NodeSpec(
        "StringFormat", title: "Format Text", category: "text",
        "Puts values into a text where it names them in braces, with the format specifications of Python's str.format, as in "
            + "{a} or {b:.2f}. Attributes and elements of values are not supported.", lane: .io,
        searchAliases: ["string", "format"])

    @GrowingInput(
        "The values, by name: texts, numbers, true or false.",
        names: (UInt8(ascii: "a")...UInt8(ascii: "z")).map { String(UnicodeScalar($0)) })
    var values: [AnyValue]
    @Input("The text; braces that are meant are written twice.", multiline: true, name: "f_string")
    var template = "{a}"

    @Output("The text with the values in it.") var text: String

    func validate(_ environment: RunEnvironment) -> [InputProblem] {
        guard let text = $template.literal else { return [] }
        do {
            _ = try FormatTemplate(text)
            return []
        } catch {
            return [$template.problem("\(error)")]
        }
    }

    func run(_ context: RunContext) throws {
        var named: [String: FormatValue] = [:]
        var unshowable: [String: String] = [:]
        for (name, values) in $values.members {
            guard let value = values.first?.value else { continue }
            named[name] = FormatValue(value)
            if named[name] == nil { unshowable[name] = type(of: value).portType.name }
        }
        do throws(FormatTemplate.Problem) {
            let read = try FormatTemplate(template)
            if let name = read.names.first(where: { unshowable[$0] != nil }), let type = unshowable[name] {
                throw FormatTemplate.Problem("calls for {\(name)}, which is \(type) and has no text")
            }
            text = try read.filled(named).string
        } catch {
            throw context.fail($template, "\(error)")
        }
    }
}
