import DioramaGraph

/// Chooses the size of a picture.
struct ResolutionSelector: Node {
    static let spec = NodeSpec(
        "ResolutionSelector", title: "Resolution Selector", category: "utilities",
        "Finds the width and height of a picture that has an aspect and about so many pixels.", lane: .io,
        searchAliases: ["aspect ratio", "dimensions", "megapixels", "image size"])

    @Input("Width to height.", options: aspects.map(\.name)) var aspectRatio = "1:1 (Square)"
    @Input("How many pixels, in millions of 1024 x 1024.", in: 0.1...16, step: 0.1) var megapixels = 1.0
    @Input("Width and height are multiples of this.", in: 8...128, step: 4, advanced: true) var multiple = 8

    @Output("Width in pixels.", name: "width") var width: Int
    @Output("Height in pixels.", name: "height") var height: Int

    func run(_ context: RunContext) async throws {
        guard let aspect = aspects.first(where: { $0.name == aspectRatio }) else {
            throw context.fail($aspectRatio, "is none of \(aspects.map(\.name).joined(separator: ", "))")
        }
        let scale = (megapixels * 1024 * 1024 / (aspect.width * aspect.height)).squareRoot()
        func side(_ share: Double) -> Int {
            Int((share * scale / Double(multiple)).rounded(.toNearestOrEven)) * multiple
        }
        (width, height) = (side(aspect.width), side(aspect.height))
    }
}

private let aspects: [(name: String, width: Double, height: Double)] = [
    ("1:1 (Square)", 1, 1), ("2:3 (Portrait Photo)", 2, 3), ("3:2 (Photo)", 3, 2),
    ("3:4 (Portrait Standard)", 3, 4), ("4:3 (Standard)", 4, 3), ("9:16 (Portrait Widescreen)", 9, 16),
    ("16:9 (Widescreen)", 16, 9), ("21:9 (Ultrawide)", 21, 9),
]
