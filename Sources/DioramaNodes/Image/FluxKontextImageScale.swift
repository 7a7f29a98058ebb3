import DioramaGraph
import DioramaTensor

/// Gives pictures one of the sizes that Flux Kontext was trained on.
struct FluxKontextImageScale: Node {
    static let spec = NodeSpec(
        "FluxKontextImageScale", category: "model/conditioning/flux",
        "Gives pictures one of the 17 sizes that Flux Kontext was trained on, about a megapixel: that with the nearest "
            + "aspect. What does not fit it is cut away.")

    @Input("Pictures.") var image: ImageBatch

    @Output("Pictures of that size.") var scaled: ImageBatch

    /// The narrower half of the sizes, square last; the other half are these with the sides exchanged.
    private static let sizes = [
        (672, 1568), (688, 1504), (720, 1456), (752, 1392), (800, 1328), (832, 1248), (880, 1184),
        (944, 1104),
        (1024, 1024),
    ]

    func run(_ context: RunContext) async throws {
        let images = try context.pictures($image)
        let aspect = Double(images.width) / Double(images.height)
        var nearest = NewSize(width: 1024, height: 1024)
        var distance = Double.infinity
        // From narrow to wide: of two aspects that are equally near, the narrower one.
        for (short, long) in Self.sizes + Self.sizes.dropLast().reversed().map({ ($0.1, $0.0) }) {
            let other = abs(aspect - Double(short) / Double(long))
            if other < distance { (nearest, distance) = (NewSize(width: short, height: long), other) }
        }
        scaled = try images.resized(to: nearest, "lanczos", "center", askedBy: $image.name, context)
    }
}
