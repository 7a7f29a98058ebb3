import DioramaGraph

/// Makes a list of values and lists.
struct CreateList: Node {
    static let spec = NodeSpec(
        "CreateList", title: "Create List", category: "utilities",
        "Puts values, or lists of them, behind each other. What takes the list runs once for each of its values.",
        lane: .io)

    @GrowingInput(
        "Values or lists, all of one type.", prefix: "input", in: 1...10, takesLists: true, match: "type")
    var inputs: [AnyValue]

    @OutputList("One list of all values, in order.", name: "list", match: "type") var list: [AnyValue]

    func run(_ context: RunContext) { list = inputs }
}

/// Takes one value out of a list.
struct GetItemFromList: Node {
    static let spec = NodeSpec(
        "GetItemFromList", title: "Get Item From List", category: "utilities",
        "Takes one value out of a list.", lane: .io)

    @InputList("The list.", match: "item") var list: [AnyValue]
    @Input("Which value: 0 is the first, -1 the last.") var index = 0

    @Output("The value.", match: "item") var item: AnyValue

    func run(_ context: RunContext) throws {
        let position = index < 0 ? list.count &+ index : index
        guard list.indices.contains(position) else {
            throw context.fail(
                $index,
                "is \(index), but the list has \(list.count) value\(list.count == 1 ? "" : "s"): take 0 to \(list.count - 1), or -1 for the last"
            )
        }
        item = list[position]
    }
}

/// Makes one list of pictures.
struct MergeImageLists: Node {
    static let spec = NodeSpec(
        "MergeImageLists", title: "Merge Image Lists (DEPRECATED)", category: "image/batch",
        "Hands on a list of pictures as it is. Use CreateList to join lists.", lane: .io, isDeprecated: true,
        isExperimental: true)

    @InputList("Pictures, of any sizes.") var images: [ImageBatch]

    @OutputList("The same pictures.", name: "images") var merged: [ImageBatch]

    func run(_ context: RunContext) { merged = images }
}
