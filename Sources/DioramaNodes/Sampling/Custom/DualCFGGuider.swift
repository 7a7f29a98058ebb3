import DioramaGraph

/// Asks a model with three prompts.
struct DualCFGGuider: Node {
    static let spec = NodeSpec(
        "DualCFGGuider", title: "Dual CFG Guider", category: "model/sampling/guiders",
        "Follows two prompts, each with a strength of its own, away from a negative one: as models that change pictures are "
            + "asked with the instruction and the picture, with the picture alone, and with neither. Hooks that act "
            + "before guidance are not called.", lane: .io, searchAliases: ["dual prompt guidance"])

    @Input("The diffusion model.") var model: Model
    @Input("What the picture shall show: all of it.") var cond1: Conditioning
    @Input("A part of that, such as the picture that is changed, without the instruction.") var cond2:
        Conditioning
    @Input("What the picture shall not show.") var negative: Conditioning
    @Input("How far to go from the second prompt towards the first.", in: 0...100, step: 0.1, round: 0.01)
    var cfgConds = 8.0
    @Input("How far to go from the negative prompt.", in: 0...100, step: 0.1, round: 0.01)
    var cfgCond2Negative = 8.0
    @Input(
        "regular adds the way from cond2 to cond1 to guidance by cond2 and the negative prompt; nested goes from the negative "
            + "prompt beyond guidance by cond1 and cond2.",
        options: ["regular", "nested"])
    var style = "regular"

    @Output("The model with its prompts.") var guider: Guider

    func validate(_ environment: RunEnvironment, in node: SourceNode) -> [InputProblem] {
        PromptFit.problems(
            node, model: $model.name, prompts: [$cond1.name, $cond2.name, $negative.name], environment)
    }

    func run(_ context: RunContext) {
        guider =
            style == "nested"
            ? Guider(
                model, positive: cond1, negative: cond2, scale: cfgConds,
                third: ThirdPrompt(negative, scale: cfgCond2Negative, style: .outer))
            : Guider(
                model, positive: cond2, negative: negative, scale: cfgCond2Negative,
                third: ThirdPrompt(cond1, scale: cfgConds, style: .added))
    }
}
