import DioramaGraph
import DioramaTensor

/// The light of colors by the weights of ITU-R BT.601, [B, H, W, 3] to [B, H, W, 1].
func luma(of colors: Tensor) -> Tensor {
    let shape = colors.shape
    return Tensor([shape[0], shape[1], shape[2], 1], on: colors.device) { output in
        colors.withFloats { input in
            for pixel in 0..<output.count {
                output[pixel] =
                    0.299 * input[3 * pixel] + 0.587 * input[3 * pixel + 1] + 0.114 * input[3 * pixel + 2]
            }
        }
    }
}

/// The share of the difference from luma in U (blue) and V (red), as kornia has them.
private enum Chroma {
    static let blue: Float = 0.564
    static let red: Float = 0.713
}

/// Parts pictures into light and color.
struct ImageRGBToYUV: Node {
    static let spec = NodeSpec(
        "ImageRGBToYUV", title: "Image RGB to YUV", category: "image/color",
        "Parts pictures into light (Y) and how blue (U) and red (V) they are, each a gray picture. Alpha is left out.",
        searchAliases: ["color space conversion"])

    @Input("Pictures.") var image: ImageBatch

    @Output("Light, in 0...1.", name: "Y") var y: ImageBatch
    @Output("How blue; 0.5 is gray.", name: "U") var u: ImageBatch
    @Output("How red; 0.5 is gray.", name: "V") var v: ImageBatch

    func run(_ context: RunContext) async throws {
        let colors = try context.pictures($image).colors($image, context)
        let light = luma(of: colors)
        let red = (colors.narrowed(axis: 3, 0..<1) - light) * Chroma.red + 0.5
        let blue = (colors.narrowed(axis: 3, 2..<3) - light) * Chroma.blue + 0.5
        y = ImageBatch(pixels: light.broadcast(to: colors.shape))
        u = ImageBatch(pixels: blue.broadcast(to: colors.shape))
        v = ImageBatch(pixels: red.broadcast(to: colors.shape))
    }
}

/// Joins light and color into pictures.
struct ImageYUVToRGB: Node {
    static let spec = NodeSpec(
        "ImageYUVToRGB", title: "Image YUV to RGB", category: "image/color",
        "Joins light (Y) and how blue (U) and red (V) it is into pictures. Of each, the mean of red, green and blue counts.",
        searchAliases: ["color space conversion"])

    @Input("Light, in 0...1.", name: "Y") var y: ImageBatch
    @Input("How blue; 0.5 is gray. As many and as large as Y.", name: "U") var u: ImageBatch
    @Input("How red; 0.5 is gray. As many and as large as Y.", name: "V") var v: ImageBatch

    @Output("Pictures, in 0...1.") var image: ImageBatch

    func run(_ context: RunContext) async throws {
        let light = mean(try context.pictures($y))
        let blue = try difference($u, from: light, context) / Chroma.blue
        let red = try difference($v, from: light, context) / Chroma.red
        // What is left of the light is green's.
        let green = (0.299 * red + 0.114 * blue) / 0.587
        image = ImageBatch(
            pixels: .concatenated([light + red, light - green, light + blue], axis: 3).clamped(0, 1))
    }

    /// How far a color's picture is from gray, [B, H, W, 1].
    private func difference(
        _ input: InputReference<ImageBatch>, from light: Tensor, _ context: RunContext
    ) throws -> Tensor {
        let value = mean(try context.pictures(input))
        guard value.shape == light.shape else {
            throw context.fail(
                input,
                "is \(value.shape[0]) of \(value.shape[2])x\(value.shape[1]), and must be as many and as large as "
                    + "Y: \(light.shape[0]) of \(light.shape[2])x\(light.shape[1])")
        }
        return value - 0.5
    }

    /// The mean of the colors, [B, H, W, 1].
    private func mean(_ images: ImageBatch) -> Tensor {
        images.pixels.narrowed(axis: 3, 0..<min(images.channels, 3)).mean(axis: 3, keepDims: true)
    }
}
