import DioramaGraph

/// Chooses one of the texts that the editor's user wrote.
struct CustomCombo: Node {
    static let spec = NodeSpec(
        "CustomCombo", title: "Custom Combo", category: "utilities",
        "Gives the text that was chosen from a list written in the editor, and its place in the list.",
        lane: .io,
        isExperimental: true)

    @Input(
        "The chosen text; any is taken, as the list is the editor's own.", options: [], validateOptions: false
    )
    var choice: String
    @Input("The place of the choice in the list, from 0, as the editor counts it.", optional: true)
    var index = 0

    @Output("The chosen text.", name: "STRING") var text: String
    @Output("Its place.", name: "INDEX") var place: Int

    func run(_ context: RunContext) {
        text = choice
        place = index
    }
}
