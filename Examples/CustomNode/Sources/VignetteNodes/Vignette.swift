import Diorama

/// Darkens pictures towards their corners.
///
/// The declaration below is all there is: Diorama reads from it the node's sockets and widgets, checks graphs against
/// it, and prints it as help (`diorama-vignette nodes Vignette`).
public struct Vignette: Node {
    /// Its name in graphs, its place in menus, and what it does.
    public static let spec = NodeSpec(
        "Vignette", category: "image/filters", "Darkens pictures towards their corners.",
        searchAliases: ["darken", "corners"])

    @Input("Pictures to darken.") var image: ImageBatch
    @Input("How dark the corners become: 0 changes nothing, 1 makes them black.", in: 0...1, step: 0.05)
    var strength = 0.5

    @Output("The darkened pictures, the same size.") var darkened: ImageBatch

    /// A node whose inputs the engine fills.
    public init() {}

    /// Reads the inputs and sets the output.
    public func run(_ context: RunContext) {
        darkened = ImageBatch(pixels: image.pixels * brightness())
    }

    /// How much light each pixel keeps, [1, H, W, C]: all in the middle, 1 - strength in the corners; alpha stays.
    private func brightness() -> Tensor {
        let (height, width, channels) = (image.height, image.width, image.channels)
        return Tensor([1, height, width, channels], on: image.pixels.device) { values in
            for y in 0..<height {
                for x in 0..<width {
                    let across = offset(x, of: width)
                    let down = offset(y, of: height)
                    let light = 1 - Float(strength) * (across * across + down * down) / 2
                    for channel in 0..<channels {
                        values[(y * width + x) * channels + channel] = channel < 3 ? light : 1
                    }
                }
            }
        }
    }

    /// Where a pixel lies between the edges: -1 at the first, 0 in the middle, 1 at the last.
    private func offset(_ position: Int, of count: Int) -> Float {
        count > 1 ? 2 * Float(position) / Float(count - 1) - 1 : 0
    }
}
