import DioramaGraph
import DioramaTensor

/// Gives pictures a size by their shorter side.
struct ResizeImagesByShorterEdge: Node {
    static let spec = NodeSpec(
        "ResizeImagesByShorterEdge", title: "Resize Images by Shorter Edge (DEPRECATED)",
        category: "image/transform",
        "Makes pictures larger or smaller by Lanczos' filter until their shorter side has a length, with the same aspect.",
        isDeprecated: true, isExperimental: true)

    @Input("Pictures.") var images: ImageBatch
    @Input("The shorter side in pixels.", in: 1...8192) var shorterEdge = 512

    @Output("Pictures of the new size.", name: "images") var resized: ImageBatch

    func run(_ context: RunContext) async throws {
        let images = try context.pictures($images)
        resized = try images.resized(
            sideOf: min(images.width, images.height), to: shorterEdge, askedBy: $shorterEdge.name, context)
    }
}

/// Gives pictures a size by their longer side.
struct ResizeImagesByLongerEdge: Node {
    static let spec = NodeSpec(
        "ResizeImagesByLongerEdge", title: "Resize Images by Longer Edge (DEPRECATED)",
        category: "image/transform",
        "Makes pictures larger or smaller by Lanczos' filter until their longer side has a length, with the same aspect.",
        isDeprecated: true, isExperimental: true)

    @Input("Pictures.") var images: ImageBatch
    @Input("The longer side in pixels.", in: 1...8192) var longerEdge = 1024

    @Output("Pictures of the new size.", name: "images") var resized: ImageBatch

    func run(_ context: RunContext) async throws {
        let images = try context.pictures($images)
        resized = try images.resized(
            sideOf: max(images.width, images.height), to: longerEdge, askedBy: $longerEdge.name, context)
    }
}

extension ImageBatch {
    /// Pictures whose sides of one length get another, and their other sides follow, cut to whole pixels as in ComfyUI.
    fileprivate func resized(
        sideOf length: Int, to asked: Int, askedBy input: String, _ context: RunContext
    ) throws -> ImageBatch {
        func side(_ own: Int) -> Int {
            own == length ? asked : Int(Double(own) * (Double(asked) / Double(length)))
        }
        return try resized(
            to: NewSize(width: side(width), height: side(height)), "lanczos", askedBy: input, context)
    }
}
