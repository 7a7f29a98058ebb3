import DioramaGraph
import DioramaTensor

/// Adds noise to pictures.
struct ImageAddNoise: Node {
    static let spec = NodeSpec(
        "ImageAddNoise", title: "Add Noise to Image", category: "image/filters",
        "Adds noise to pictures, like the grain of film; the same seed adds the same, as in ComfyUI.",
        searchAliases: ["film grain"])

    @Input("Pictures.") var image: ImageBatch
    @Input("Which noise.", controlAfterGenerate: true) var seed: UInt64 = 0
    @Input("What the noise, of deviation 1, is multiplied by.", in: 0...1, step: 0.01) var strength = 0.5

    @Output("Noisy pictures, in 0...1.") var noisy: ImageBatch

    func run(_ context: RunContext) async throws {
        let pixels = try context.pictures($image).pixels
        var generator = TorchGenerator(seed: seed)
        let noise = generator.randn(pixels.shape, on: pixels.device)
        noisy = ImageBatch(pixels: (pixels + Float(strength) * noise).clamped(0, 1))
    }
}
