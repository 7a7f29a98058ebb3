import DioramaGraph
import DioramaNN
import DioramaTensor

/// The size that a scaling node was asked for.
struct NewSize: Hashable {
    let width: Int
    let height: Int

    init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }

    /// The size that width and height mean where 0 keeps the aspect, as ComfyUI's scaling nodes have it; nil when both
    /// are 0, which changes nothing.
    ///
    /// - Parameters:
    ///   - width: asked for, in pixels.
    ///   - height: asked for, in pixels.
    ///   - oldWidth: of what is scaled.
    ///   - oldHeight: of what is scaled.
    ///   - smallest: the least side that results; a side that is asked for is raised to it before the other follows.
    init?(width: Int, height: Int, fromWidth oldWidth: Int, height oldHeight: Int, smallest: Int) {
        func kept(_ asked: Int, _ other: Int, of side: Int) -> Int {
            max(smallest, Int((Double(side) * Double(asked) / Double(other)).rounded(.toNearestOrEven)))
        }
        let (wide, high) = (max(smallest, width), max(smallest, height))
        switch (width, height) {
        case (0, 0): return nil
        case (0, _): self.init(width: kept(high, oldHeight, of: oldWidth), height: high)
        case (_, 0): self.init(width: wide, height: kept(wide, oldWidth, of: oldHeight))
        default: self.init(width: wide, height: high)
        }
    }
}

/// Planes `[B, C, H, W]` at another size, by the names that graphs use.
///
/// - Throws: an error naming the node's input for a size beyond memory.
func resized(
    _ planes: Tensor, to size: NewSize, _ method: String, _ crop: String, _ context: RunContext
) throws -> Tensor {
    let most = 1 << 30
    let values = size.width * size.height * planes.shape[0] * planes.shape[1]
    guard size.width > 0, size.height > 0, (1...most).contains(values) else {
        throw context.fail(
            "width",
            "and height ask for \(size.width)x\(size.height), \(values) values in all; 1 to \(most) are allowed"
        )
    }
    return DioramaNN.resized(
        planes, height: size.height, width: size.width, by: ResizeMethod(rawValue: method) ?? .bilinear,
        crop: ResizeCrop(rawValue: crop) ?? .disabled)
}
