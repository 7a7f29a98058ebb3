import DioramaGraph

/// Noise levels written out.
struct ManualSigmas: Node {
    static let spec = NodeSpec(
        "ManualSigmas", category: "model/sampling/sigmas", "Gives the noise levels that are written out.",
        lane: .io)

    @Input("Numbers, divided by anything else: 1, 0.5, 0. At most 10001.", attributes: ["multiline": false])
    var sigmas = "1, 0.5"

    @Output("The noise levels.") var levels: Sigmas

    func validate(_ environment: RunEnvironment) -> [InputProblem] {
        guard let text = $sigmas.literal, let problem = Self.problem(with: Self.numbers(in: text)) else {
            return []
        }
        return [$sigmas.problem(problem)]
    }

    func run(_ context: RunContext) throws {
        let numbers = Self.numbers(in: sigmas)
        if let problem = Self.problem(with: numbers) { throw context.fail($sigmas, problem) }
        levels = Sigmas(numbers)
    }

    private static let most = 10_001

    private static func problem(with numbers: [Float]) -> String? {
        if numbers.isEmpty { return "has no numbers; write noise levels such as 1, 0.5, 0" }
        if numbers.count > most { return "has more than \(most) numbers" }
        return numbers.allSatisfy(\.isFinite) ? nil : "has a number beyond the range of noise levels"
    }

    /// The numbers of a text: a sign, digits, a dot, digits.
    ///
    /// One more than allowed is enough.
    private static func numbers(in text: String) -> [Float] {
        var numbers: [Float] = []
        var word = ""
        for character in Array(text.unicodeScalars) + [" "] {
            let isDigit = ("0"..."9").contains(character)
            let goesOn = isDigit || character == "." && !word.contains(".")
            if goesOn, word.count < 64 {
                word.unicodeScalars.append(character)
                continue
            }
            if let number = Float(word.hasSuffix(".") ? String(word.dropLast()) : word) {
                numbers.append(number)
            }
            if numbers.count > most { break }
            word = isDigit || ["-", "+", "."].contains(character) ? String(character) : ""
        }
        return numbers
    }
}

/// Cuts noise levels in two.
struct SplitSigmas: Node {
    static let spec = NodeSpec(
        "SplitSigmas", category: "model/sampling/sigmas",
        "Cuts noise levels at a step; the level of the cut belongs to both parts.", lane: .io)

    @Input("Noise levels.") var sigmas: Sigmas
    @Input("How many steps the first part makes.", in: 0...10000) var step = 0

    @Output("The levels up to the cut.", name: "high_sigmas") var high: Sigmas
    @Output("The levels from the cut on.", name: "low_sigmas") var low: Sigmas

    func run(_ context: RunContext) {
        high = Sigmas(Array(sigmas.levels.prefix(step + 1)))
        low = Sigmas(Array(sigmas.levels.dropFirst(step)))
    }
}

/// Cuts off the last part of noise levels.
struct SplitSigmasDenoise: Node {
    static let spec = NodeSpec(
        "SplitSigmasDenoise", category: "model/sampling/sigmas",
        "Cuts noise levels so that the second part makes a fraction of the steps.", lane: .io)

    @Input("Noise levels.") var sigmas: Sigmas
    @Input("The fraction of the steps that the second part makes.", in: 0...1, step: 0.01) var denoise = 1.0

    @Output("The levels before the second part's; none where that makes no step.", name: "high_sigmas")
    var high: Sigmas
    @Output("The last levels.", name: "low_sigmas") var low: Sigmas

    func run(_ context: RunContext) {
        let levels = sigmas.levels
        let steps = Int((Double(max(levels.count - 1, 0)) * denoise).rounded(.toNearestOrEven))
        // As in ComfyUI, where the slice up to -0 is empty.
        high = Sigmas(steps == 0 ? [] : Array(levels.dropLast(steps)))
        low = Sigmas(Array(levels.suffix(steps + 1)))
    }
}

/// Turns noise levels round.
struct FlipSigmas: Node {
    static let spec = NodeSpec(
        "FlipSigmas", category: "model/sampling/sigmas",
        "Turns noise levels round, to lead from a picture to its noise; a first level of 0 becomes 0.0001.",
        lane: .io)

    @Input("Noise levels.") var sigmas: Sigmas

    @Output("The levels in the other order.") var flipped: Sigmas

    func run(_ context: RunContext) {
        var levels = Array(sigmas.levels.reversed())
        if levels.first == 0 { levels[0] = 0.0001 }
        flipped = Sigmas(levels)
    }
}

/// Replaces the first noise level.
struct SetFirstSigma: Node {
    static let spec = NodeSpec(
        "SetFirstSigma", category: "model/sampling/sigmas", "Replaces the first noise level.", lane: .io)

    @Input("Noise levels.") var sigmas: Sigmas
    @Input("The new first level.", in: 0...20000, step: 0.001) var sigma = 136.0

    @Output("The changed levels.") var changed: Sigmas

    func run(_ context: RunContext) throws {
        guard !sigmas.levels.isEmpty else {
            throw context.fail($sigmas, "holds no levels, so it has no first one")
        }
        changed = Sigmas([Float(sigma)] + sigmas.levels.dropFirst())
    }
}
