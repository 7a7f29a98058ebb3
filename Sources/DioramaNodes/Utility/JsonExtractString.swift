import DioramaGraph

/// Takes a value out of JSON.
struct JsonExtractString: Node {
    static let spec = NodeSpec(
        "JsonExtractString", title: "Extract Text from JSON", category: "text",
        "Takes the value of a key out of a JSON object, as text.", lane: .io,
        searchAliases: ["parse json", "get value"])

    @Input("An object as JSON, such as {\"subject\": \"a fox\"}.", multiline: true) var jsonString: String
    @Input("The key, at the top level of the object.") var key: String

    @Output(
        "The value; empty where it is null, where there is no such key, or where the text is no JSON object.")
    var text: String

    func run(_ context: RunContext) async throws {
        text = ""
        do throws(JSON.ParseError) {
            let json = try JSON(parsing: jsonString.utf8)
            guard let members = json.object else {
                context.notice("\($jsonString.name) holds \(json.kind), not an object; the result is empty")
                return
            }
            guard let value = members[key], value != .null else { return }
            text = PythonText(strOf: value).string
        } catch {
            context.notice("\($jsonString.name) is not JSON, so the result is empty: \(error)")
        }
    }
}
