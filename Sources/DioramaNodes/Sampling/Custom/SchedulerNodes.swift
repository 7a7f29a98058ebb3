import DioramaGraph
import DioramaSampling

/// The noise levels of a scheduler.
struct BasicScheduler: Node {
    static let spec = NodeSpec(
        "BasicScheduler", category: "model/sampling/schedulers",
        "Gives the noise levels that a scheduler chooses for a model.", lane: .io)

    @Input("The model, which decides the levels there are.") var model: Model
    @Input("The scheduler's name.", options: Scheduler.names) var scheduler = "simple"
    @Input("Steps, one fewer than levels.", in: 1...10000) var steps = 20
    @Input(
        "The part of the way to go: below 1 only the last levels of a longer schedule.", in: 0...1, step: 0.01
    )
    var denoise = 1.0

    @Output("The noise levels.") var sigmas: Sigmas

    func run(_ context: RunContext) throws {
        sigmas = Sigmas(
            try Scheduler.named(scheduler).sigmas(for: model.sampling, steps: steps, denoise: denoise))
    }
}

/// Noise levels at the quantiles of a Beta distribution.
struct BetaSamplingScheduler: Node {
    static let spec = NodeSpec(
        "BetaSamplingScheduler", category: "model/sampling/schedulers",
        "Gives noise levels at the quantiles of a Beta distribution: below 1 its parameters crowd them at the ends.",
        lane: .io)

    @Input("The model, which decides the levels there are.") var model: Model
    @Input("Steps, one fewer than levels; levels that would repeat are left out.", in: 1...10000) var steps =
        20
    @Input("The distribution's first parameter.", in: 0...50, step: 0.01, advanced: true) var alpha = 0.6
    @Input("The distribution's second parameter.", in: 0...50, step: 0.01, advanced: true) var beta = 0.6

    @Output("The noise levels.") var sigmas: Sigmas

    func run(_ context: RunContext) throws {
        for (value, input) in [(alpha, $alpha), (beta, $beta)] where value <= 0 {
            throw context.fail(input, "is 0; a Beta distribution's parameters are above 0")
        }
        sigmas = Sigmas(model.sampling.betaSigmas(steps: steps, alpha: alpha, beta: beta))
    }
}

/// The noise levels of FLUX.2.
struct Flux2Scheduler: Node {
    static let spec = NodeSpec(
        "Flux2Scheduler", category: "model/sampling/schedulers",
        "Gives FLUX.2's noise levels, which depend on the picture's size and the number of steps.", lane: .io)

    @Input("Steps, one fewer than levels.", in: 1...4096) var steps = 20
    @Input("The picture's width in pixels.", in: 16...16384, step: 1) var width = 1024
    @Input("The picture's height in pixels.", in: 16...16384, step: 1) var height = 1024

    @Output("The noise levels.") var sigmas: Sigmas

    func run(_ context: RunContext) {
        sigmas = Sigmas(Flux2Schedule.sigmas(width: width, height: height, steps: steps))
    }
}

/// The noise levels of models distilled to few steps.
struct SDTurboScheduler: Node {
    static let spec = NodeSpec(
        "SDTurboScheduler", category: "model/sampling/schedulers",
        "Gives the noise levels of the times 999, 899, 799 and so on, on which SD Turbo was trained.",
        lane: .io)

    @Input("The model, which decides the levels of these times.") var model: Model
    @Input("Steps.", in: 1...10) var steps = 1
    @Input("The part of the way to go, in tenths.", in: 0...1, step: 0.01) var denoise = 1.0

    @Output("The noise levels.") var sigmas: Sigmas

    func run(_ context: RunContext) {
        let first = 10 - Int(10 * denoise)
        let times = stride(from: 999, to: 0, by: -100).dropFirst(first).prefix(steps)
        sigmas = Sigmas(times.map { Float(model.sampling.sigma(at: Double($0))) } + [0])
    }
}
