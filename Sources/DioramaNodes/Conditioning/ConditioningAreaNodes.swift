import DioramaGraph

/// Asks with a prompt about a rectangle of the picture.
struct ConditioningSetArea: Node {
    static let spec = NodeSpec(
        "ConditioningSetArea", title: "Conditioning (Set Area)", category: "model/conditioning/transform",
        "Shows the model only a rectangle of the picture with a prompt. Combine it with a prompt for the whole; where "
            + "several count, their mean is taken. The rectangle fades out within the picture.", lane: .io,
        searchAliases: ["regional prompt", "area prompt", "spatial conditioning"])

    @Input("The prompt.") var conditioning: Conditioning
    @Input("Width of the rectangle in pixels.", in: 64...16384, step: 8) var width = 64
    @Input("Height of the rectangle in pixels.", in: 64...16384, step: 8) var height = 64
    @Input("Pixels to its left.", in: 0...16384, step: 8) var x = 0
    @Input("Pixels above it.", in: 0...16384, step: 8) var y = 0
    @Input("Its weight among the other prompts there.", in: 0...10, step: 0.01) var strength = 1.0

    @Output("The prompt with its rectangle.") var placed: Conditioning

    func run(_ context: RunContext) {
        let cells = CellRectangle(top: y / 8, left: x / 8, height: height / 8, width: width / 8)
        placed = conditioning.placed(in: .cells(cells), strength)
    }
}

/// Asks with a prompt about a share of the picture.
struct ConditioningSetAreaPercentage: Node {
    static let spec = NodeSpec(
        "ConditioningSetAreaPercentage", title: "Conditioning (Set Area with Percentage)",
        category: "model/conditioning/transform",
        "Shows the model only a rectangle of the picture with a prompt, told in shares of the picture's sides.",
        lane: .io, searchAliases: ["regional prompt", "area prompt", "relative area"])

    @Input("The prompt.") var conditioning: Conditioning
    @Input("Width of the rectangle, as a share of the picture's.", in: 0...1, step: 0.01) var width = 1.0
    @Input("Height of the rectangle, as a share of the picture's.", in: 0...1, step: 0.01) var height = 1.0
    @Input("What is to its left, as a share of the picture's width.", in: 0...1, step: 0.01) var x = 0.0
    @Input("What is above it, as a share of the picture's height.", in: 0...1, step: 0.01) var y = 0.0
    @Input("Its weight among the other prompts there.", in: 0...10, step: 0.01) var strength = 1.0

    @Output("The prompt with its rectangle.") var placed: Conditioning

    func run(_ context: RunContext) {
        placed = conditioning.placed(in: .shares(height: height, width: width, top: y, left: x), strength)
    }
}

/// Weighs a prompt.
struct ConditioningSetAreaStrength: Node {
    static let spec = NodeSpec(
        "ConditioningSetAreaStrength", title: "Conditioning (Set Area Strength)",
        category: "model/conditioning/transform",
        "Weighs a prompt among those that it is combined with; a mask's own strength stays.", lane: .io,
        searchAliases: ["prompt weight", "regional strength"])

    @Input("The prompt.") var conditioning: Conditioning
    @Input("Its weight among the other prompts.", in: 0...10, step: 0.01) var strength = 1.0

    @Output("The prompt with its weight.") var weighed: Conditioning

    func run(_ context: RunContext) { weighed = conditioning.mapped { $0.strength = strength } }
}

extension Conditioning {
    /// The prompts asked about a part of the picture.
    fileprivate func placed(in area: ConditioningArea, _ strength: Double) -> Conditioning {
        mapped { entry in
            entry.area = area
            entry.asksAboutMaskBounds = false
            entry.strength = strength
        }
    }
}
