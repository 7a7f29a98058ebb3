import DioramaGraph
import DioramaModels

/// Leaves out a model's middle blocks in steps where its first blocks do nearly what they did before.
struct FirstBlockCacheNode: Node {
    static let spec = NodeSpec(
        "FirstBlockCache", title: "First Block Cache", category: "model/patch",
        "Leaves a model's middle blocks out in steps where the first do nearly what they did before: faster, not the same picture.",
        searchAliases: ["step cache", "FBCache", "DBCache", "WaveSpeed", "speed"], isExperimental: true)

    @Input("The model to change; the original stays as it is.") var model: Model
    @Input(
        "How much the first blocks' change may differ from before, relative to its size; 0 leaves nothing out.",
        in: 0...3, step: 0.001)
    var residualDiffThreshold = 0.1
    @Input("The part of the way where it begins: 0 is pure noise.", in: 0...1, step: 0.001)
    var startPercent = 0.0
    @Input("The part of the way where it ends: 1 is the picture.", in: 0...1, step: 0.001)
    var endPercent = 1.0
    @Input("How many steps in a row may leave blocks out; -1 is any number.", in: -1...1000)
    var maxConsecutiveCachedSteps = -1
    @Input("How many blocks at the start always run and are compared.", in: 1...1000, advanced: true)
    var firstBlocks = 1
    @Input("How many blocks at the end always run.", in: 0...1000, advanced: true) var lastBlocks = 0

    @Output("The model with First Block Cache.") var cached: Model

    func run(_ context: RunContext) async throws {
        let blocks = model.network.blockGroups.reduce(0) { $0 + $1.count }
        guard blocks > 0 else { throw context.fail($model, "has no blocks that can be reached") }
        guard firstBlocks < blocks else {
            throw context.fail(
                $firstBlocks,
                "is \(firstBlocks), but this model has \(blocks) blocks; leave one at least to skip"
            )
        }
        guard lastBlocks < blocks - firstBlocks else {
            throw context.fail(
                $lastBlocks,
                "is \(lastBlocks), but this model has \(blocks) blocks of which \(firstBlocks) run first; "
                    + "leave one at least to skip")
        }
        let options = BlockCache.Options(
            threshold: residualDiffThreshold, first: firstBlocks, last: lastBlocks,
            limit: maxConsecutiveCachedSteps < 0 ? nil : maxConsecutiveCachedSteps)
        let (start, end) = (startPercent, endPercent)
        var changed = model
        changed.add(networkHook: { sampling in
            FirstBlockCacheHook(
                options, window: sampling.window(fromPercent: start, to: end), blocks: blocks)
        })
        cached = changed
    }
}
