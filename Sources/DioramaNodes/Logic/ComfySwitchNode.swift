import DioramaGraph

/// Hands on one of two values; what leads to the other does not run.
struct ComfySwitchNode: Node {
    static let spec = NodeSpec(
        "ComfySwitchNode", title: "If/Else Switch", category: "utilities/logic",
        "Hands on one of two values. Only what leads to the chosen one runs.", lane: .io,
        searchAliases: ["if", "choose", "condition"], isExperimental: true)

    @Input("Which of the two.", name: "switch") var isOn: Bool
    @Input("The value when the switch is off.", lazy: true, match: "switch") var onFalse: AnyValue
    @Input("The value when the switch is on; of the same type.", lazy: true, match: "switch")
    var onTrue: AnyValue

    @Output("The chosen value.", name: "output", match: "switch") var output: AnyValue

    func checkLazy() -> [String]? {
        let wanted = isOn ? $onTrue : $onFalse
        return wanted.isPending ? [wanted.name] : []
    }

    func run(_ context: RunContext) { output = isOn ? onTrue : onFalse }
}
