import DioramaGraph
import DioramaNN
import DioramaTensor

/// Gives latents another size.
struct LatentUpscale: Node {
    static let spec = NodeSpec(
        "LatentUpscale", title: "Upscale Latent", category: "model/latent",
        "Gives latents another size; denoise them again afterwards to sharpen them.")

    @Input("Latents, [B, C, H, W].") var samples: Latent
    @Input(
        "How values between cells are found.",
        options: ["nearest-exact", "bilinear", "area", "bicubic", "bislerp"])
    var upscaleMethod = "nearest-exact"
    @Input("New width of the picture in pixels; 0 keeps the aspect.", in: 0...16384, step: 8) var width = 512
    @Input("New height of the picture in pixels; 0 keeps the aspect.", in: 0...16384, step: 8) var height =
        512
    @Input(
        "disabled stretches; center cuts away what does not fit the new aspect.",
        options: ["disabled", "center"])
    var crop = "disabled"

    @Output("Latents of the new size.") var latent: Latent

    func run(_ context: RunContext) async throws {
        let old = samples.samples
        guard
            let size = NewSize(
                width: width, height: height, fromWidth: old.shape[3] * 8, height: old.shape[2] * 8,
                smallest: 64)
        else {
            latent = samples
            return
        }
        var scaled = samples
        scaled.samples = try resized(
            old, to: NewSize(width: size.width / 8, height: size.height / 8), upscaleMethod, crop, context)
        latent = scaled
    }
}

/// Makes latents larger or smaller by a factor.
struct LatentUpscaleBy: Node {
    static let spec = NodeSpec(
        "LatentUpscaleBy", title: "Upscale Latent By", category: "model/latent",
        "Makes latents larger or smaller by a factor; denoise them again afterwards to sharpen them.",
        searchAliases: ["enlarge", "resize", "scale"])

    @Input("Latents, [B, C, H, W].") var samples: Latent
    @Input(
        "How values between cells are found.",
        options: ["nearest-exact", "bilinear", "area", "bicubic", "bislerp"])
    var upscaleMethod: String
    @Input("2 doubles both sides, 0.5 halves them.", in: 0.01...8, step: 0.01) var scaleBy = 1.5

    @Output("Latents of the new size.") var latent: Latent

    func run(_ context: RunContext) async throws {
        let old = samples.samples
        func side(_ cells: Int) -> Int { max(1, Int((Double(cells) * scaleBy).rounded(.toNearestOrEven))) }
        let (width, height) = (side(old.shape[3]), side(old.shape[2]))
        try Latent.check(values: old.shape[0], old.shape[1], height, width, of: $scaleBy, context)
        latent = samples.with(
            samples: try resized(
                old, to: NewSize(width: width, height: height), upscaleMethod, "disabled", context))
    }
}
