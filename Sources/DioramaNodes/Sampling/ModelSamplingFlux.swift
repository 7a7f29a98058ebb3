import DioramaGraph
import DioramaSampling

/// Changes the shift of a Flux model with the picture's size.
struct ModelSamplingFlux: Node {
    static let spec = NodeSpec(
        "ModelSamplingFlux", title: "ModelSamplingFlux", category: "model/patch/flux",
        "Changes how a Flux model spreads its steps: the more tokens a picture has, the more of them at high noise."
    )

    @Input("The model to change; the original stays as it is.") var model: Model
    @Input("The shift of a picture of 1024 by 1024 pixels.", in: 0...100, step: 0.01, advanced: true)
    var maxShift = 1.15
    @Input("The shift of a picture of 256 by 256 pixels.", in: 0...100, step: 0.01, advanced: true)
    var baseShift = 0.5
    @Input("The picture's width in pixels.", in: 16...16384, step: 8) var width = 1024
    @Input("The picture's height in pixels.", in: 16...16384, step: 8) var height = 1024

    @Output("The model with the new shift.") var patched: Model

    func run(_ context: RunContext) async throws {
        // A line through 256 and 4096 tokens; a token is 16 by 16 pixels.
        let slope = (maxShift - baseShift) / (4096 - 256)
        let tokens = Double(width) * Double(height) / 256
        var changed = model
        changed.sampling = try .flux(shift: baseShift + slope * (tokens - 256))
        patched = changed
    }
}
