import DioramaGraph
import DioramaModels

/// Changes what a range of a model's transformer blocks does.
struct DiTBlocks: Node {
    static let spec = NodeSpec(
        "DiTBlocks", title: "DiT Blocks", category: "model/patch",
        "Skips, repeats or scales a range of a model's transformer blocks, in a part of the steps.",
        searchAliases: ["layers", "skip block", "repeat block"])

    @Input("The model to change; the original stays as it is.") var model: Model
    @Input(
        "The first block, counted from 0 through all blocks of the model; -1 is the last, -2 the one before it.",
        in: -1000...1000)
    var firstBlock = 0
    @Input("The last block, counted in the same way.", in: -1000...1000) var lastBlock = -1
    @Input(
        "skip leaves the blocks out, repeat runs each so many times, scale takes so much of what each adds.",
        options: Action.allCases.map(\.rawValue))
    var action = Action.scale.rawValue
    @Input(
        "How many times to repeat, a whole number, or how much to scale by; 1 changes nothing, 0 skips.",
        in: -10...10, step: 0.01)
    var amount = 1.0
    @Input("The part of the way where it begins: 0 is pure noise.", in: 0...1, step: 0.001)
    var startPercent = 0.0
    @Input("The part of the way where it ends: 1 is the picture.", in: 0...1, step: 0.001)
    var endPercent = 1.0
    @Input("Where the blocks run; default is where the model is.", options: ["default"], advanced: true)
    var device = "default"
    @Input(
        "The number format of the blocks' weights; default is that of the file.", options: ["default"],
        advanced: true)
    var weightDtype = "default"

    @Output("The model with the changed blocks.") var patched: Model

    /// What to do with the blocks.
    private enum Action: String, CaseIterable {
        case skip, `repeat`, scale
    }

    func validate(_ environment: RunEnvironment) -> [InputProblem] {
        amountProblem.map { [$amount.problem($0)] } ?? []
    }

    func run(_ context: RunContext) async throws {
        if let amountProblem { throw context.fail($amount, amountProblem) }
        let blocks = try selection(context)
        var changed = model
        try changed.add(hook(blocks), from: startPercent, to: endPercent)
        patched = changed
    }

    /// What is wrong with an amount that counts; nil also where either comes by a link and is not known yet.
    private var amountProblem: String? {
        guard $action.literal == Action.repeat.rawValue, let amount = $amount.literal else { return nil }
        if let times = Int(exactly: amount), times >= 0 { return nil }
        return "is \(amount); with repeat it counts, so it must be a whole number from 0"
    }

    private func hook(_ blocks: BlockSelection) -> BlockHook {
        switch Action(rawValue: action) {
        case .skip: .skip(blocks)
        case .repeat: .repeat(blocks, times: Int(exactly: amount) ?? 1)
        case .scale, nil: .scale(blocks, by: Float(amount))
        }
    }

    private func selection(_ context: RunContext) throws -> BlockSelection {
        let count = model.network.blockGroups.reduce(0) { $0 + $1.count }
        guard count > 0 else { throw context.fail($model, "has no blocks that can be reached") }
        func place(_ input: InputReference<Int>, _ asked: Int) throws -> Int {
            let place = asked < 0 ? count + asked : asked
            guard (0..<count).contains(place) else {
                throw context.fail(
                    input,
                    "is \(asked), but this model has \(count) blocks: 0 to \(count - 1), or -1 to \(-count)")
            }
            return place
        }
        let (first, last) = (try place($firstBlock, firstBlock), try place($lastBlock, lastBlock))
        guard first <= last else {
            throw context.fail($lastBlock, "is block \(last), which comes before the first block, \(first)")
        }
        return .blocks(first...last)
    }
}
