import DioramaGraph
import DioramaSampling

/// A sampler that chooses its own steps, in ComfyUI's spelling.
struct SamplerDPMAdaptative: Node {
    static let spec = NodeSpec(
        "SamplerDPMAdaptative", category: "model/sampling/samplers",
        "DPM-Solver with steps as long as their error allows; the noise levels say where it starts and ends.",
        lane: .io, searchAliases: ["adaptive"])

    @Input("How often a step asks the model, and how fast its error falls.", in: 2...3, advanced: true)
    var order = 3
    @Input(
        "The error that a step may make, as a part of each value; less takes longer.", in: 0...100,
        step: 0.01,
        advanced: true)
    var rtol = 0.05
    @Input("The error that a step may make in values near 0.", in: 0...100, step: 0.01, advanced: true)
    var atol = 0.0078
    @Input(
        "How long the first step is, in logarithms of the noise level; above 0.", in: 0...100, step: 0.01,
        advanced: true)
    var hInit = 0.05
    @Input(
        "How the error decides the next step's length: proportional part.", in: 0...100, step: 0.01,
        advanced: true)
    var pcoeff = 0.0
    @Input(
        "How the error decides the next step's length: integral part.", in: 0...100, step: 0.01,
        advanced: true)
    var icoeff = 1.0
    @Input(
        "How the error decides the next step's length: derivative part.", in: 0...100, step: 0.01,
        advanced: true)
    var dcoeff = 0.0
    @Input(
        "A step is made again, shorter, when the error wants it shorter than this part of itself.",
        in: 0...100,
        step: 0.01, advanced: true)
    var acceptSafety = 0.81
    @Input(
        "How much of each step is made by fresh noise; 0 is none.", in: 0...100, step: 0.01, advanced: true)
    var eta = 0.0
    @Input("What that noise is multiplied by.", in: 0...100, step: 0.01, advanced: true) var sNoise = 1.0

    @Output("The sampler.") var sampler: Sampler

    func run(_ context: RunContext) {
        var steps = AdaptiveSteps()
        steps.order = order == 2 ? .second : .third
        (steps.relativeTolerance, steps.absoluteTolerance) = (rtol, atol)
        steps.firstLength = hInit
        (steps.proportional, steps.integral, steps.derivative) = (pcoeff, icoeff, dcoeff)
        (steps.acceptance, steps.eta, steps.noiseScale) = (acceptSafety, eta, sNoise)
        sampler = .dpmAdaptive(steps)
    }
}
