import DioramaGraph
import DioramaModels
import DioramaTensor

/// Asks with both of two prompts.
struct ConditioningCombine: Node {
    static let spec = NodeSpec(
        "ConditioningCombine", title: "Conditioning (Combine)", category: "model/conditioning/transform",
        "Asks the model with both prompts and takes the mean of what it sees.", lane: .io,
        searchAliases: ["combine", "merge prompts"])

    @Input("A prompt.", name: "conditioning_1") var first: Conditioning
    @Input("Another prompt.", name: "conditioning_2") var second: Conditioning

    @Output("Both.") var combined: Conditioning

    func run(_ context: RunContext) { combined = Conditioning(entries: first.entries + second.entries) }
}

/// Puts the tokens of one prompt behind those of another.
struct ConditioningConcat: Node {
    static let spec = NodeSpec(
        "ConditioningConcat", title: "Conditioning (Concat)", category: "model/conditioning/transform",
        "Puts the tokens of a prompt behind those of another, so that the model reads both at once.",
        searchAliases: ["concat", "append prompt"])

    @Input("The prompt that comes first.") var conditioningTo: Conditioning
    @Input("The prompt that follows; of several entries the first.") var conditioningFrom: Conditioning

    @Output("One prompt of both.") var joined: Conditioning

    func run(_ context: RunContext) async throws {
        guard let from = conditioningFrom.entries.first?.context else {
            throw context.fail($conditioningFrom, "holds no prompt")
        }
        joined = try conditioningTo.mapped { entry in
            let to = entry.context
            try context.requireSameWidth(to, from, $conditioningFrom)
            entry.context = TextContext(
                tokens: .concatenated([to.unfolded, from.unfolded], axis: 1), pooled: to.pooled)
            entry.context.styles = to.styles
        }
    }
}

/// Mixes two prompts.
struct ConditioningAverage: Node {
    static let spec = NodeSpec(
        "ConditioningAverage", title: "Conditioning (Average)", category: "model/conditioning/transform",
        "Mixes two prompts, token by token.", searchAliases: ["average", "blend prompts", "interpolate"])

    @Input("The prompt that counts with the strength.") var conditioningTo: Conditioning
    @Input("The prompt that counts with the rest; of several entries the first.") var conditioningFrom:
        Conditioning
    @Input("1 takes the first prompt alone, 0 the second.", in: 0...1, step: 0.01)
    var conditioningToStrength = 1.0

    @Output("The mixed prompt.") var mixed: Conditioning

    func run(_ context: RunContext) async throws {
        guard let from = conditioningFrom.entries.first?.context else {
            throw context.fail($conditioningFrom, "holds no prompt")
        }
        let share = Float(conditioningToStrength)
        mixed = try conditioningTo.mapped { entry in
            let to = entry.context
            try context.requireSameWidth(to, from, $conditioningFrom)
            // Equal tokens stay equal where both have as many of them at the same place.
            let isFoldedAlike = to.tailCount == from.tailCount && to.tokens.shape[1] == from.tokens.shape[1]
            let tokens = isFoldedAlike ? to.tokens : to.unfolded
            let others = (isFoldedAlike ? from.tokens : from.unfolded).withLength(tokens.shape[1])
            entry.context = TextContext(
                tokens: tokens * share + others * (1 - share),
                pooled: to.pooled.map { pooled in
                    from.pooled.map { pooled * share + $0 * (1 - share) } ?? pooled
                },
                tailCount: isFoldedAlike ? to.tailCount : 1)
            entry.context.styles = to.styles
        }
    }
}

/// A prompt of zeros.
struct ConditioningZeroOut: Node {
    static let spec = NodeSpec(
        "ConditioningZeroOut", title: "Conditioning Zero Out", category: "model/conditioning/transform",
        "Turns a prompt into zeros of its length: the usual negative prompt where guidance is 1.")

    @Input("The prompt whose length is taken.") var conditioning: Conditioning

    @Output("Zeros.") var zeros: Conditioning

    func run(_ context: RunContext) async throws {
        zeros = conditioning.mapped { entry in
            let old = entry.context
            entry.context = TextContext(
                tokens: .zeros(old.tokens.shape, on: old.tokens.device),
                pooled: old.pooled.map { .zeros($0.shape, on: $0.device) }, tailCount: old.tailCount)
            entry.context.styles = old.styles
        }
    }
}

/// Lets a prompt hold for a part of the way.
struct ConditioningSetTimestepRange: Node {
    static let spec = NodeSpec(
        "ConditioningSetTimestepRange", category: "model/conditioning/transform",
        "Lets a prompt hold for a part of the way from noise to picture only.", lane: .io)

    @Input("The prompt.") var conditioning: Conditioning
    @Input("Where it begins to hold: 0 is pure noise.", in: 0...1, step: 0.001) var start = 0.0
    @Input("Where it ceases to hold: 1 is the picture.", in: 0...1, step: 0.001) var end = 1.0

    @Output("The prompt with its part.") var ranged: Conditioning

    func run(_ context: RunContext) throws {
        guard start <= end else { throw context.fail($start, "is \(start), behind the end \(end)") }
        ranged = conditioning.mapped { $0.percents = start...end }
    }
}

/// Lets a prompt count for a part of the picture.
struct ConditioningSetMask: Node {
    static let spec = NodeSpec(
        "ConditioningSetMask", title: "Conditioning (Set Mask)", category: "model/conditioning/transform",
        "Lets a prompt count for a part of the picture. Combine it with a prompt for the rest.",
        searchAliases: ["regional prompt", "mask prompt"])

    @Input("The prompt.") var conditioning: Conditioning
    @Input("Where it counts, 0 to 1; of any size.") var mask: Mask
    @Input("Its weight among the other prompts there.", in: 0...10, step: 0.01) var strength = 1.0
    @Input(
        "What the model is shown: default the whole picture, or the prompt's area; mask bounds the smallest rectangle that "
            + "holds what the mask covers, at least 64 by 64 pixels.",
        options: ["default", "mask bounds"])
    var setCondArea = "default"

    @Output("The prompt with its mask.") var masked: Conditioning

    func run(_ context: RunContext) async throws {
        let mask = try context.masks($mask)
        masked = conditioning.mapped { entry in
            entry.mask = mask
            entry.maskStrength = strength
            entry.asksAboutMaskBounds = setCondArea == "mask bounds"
        }
    }
}

extension RunContext {
    /// Throws a sentence where two prompts are of different encoders.
    fileprivate func requireSameWidth(
        _ a: TextContext, _ b: TextContext, _ input: InputReference<Conditioning>
    ) throws {
        guard a.tokens.shape[2] == b.tokens.shape[2], a.pooled?.shape == b.pooled?.shape else {
            throw fail(
                input,
                "has tokens of \(b.tokens.shape[2]) values, the other prompt of \(a.tokens.shape[2]); "
                    + "encode both with one text encoder")
        }
    }
}

extension Tensor {
    /// Tokens `[B, L, D]` cut to a length, or filled up with zeros.
    fileprivate func withLength(_ length: Int) -> Tensor {
        guard shape[1] < length else { return narrowed(axis: 1, 0..<length) }
        let zeros = Tensor.zeros([shape[0], length - shape[1], shape[2]], on: device)
        return .concatenated([self, zeros], axis: 1)
    }
}
