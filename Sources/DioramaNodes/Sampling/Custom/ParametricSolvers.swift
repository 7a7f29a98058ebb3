import DioramaGraph
import DioramaSampling

// Solvers of the stochastic equation with parameters that KSamplerSelect leaves at their defaults.

/// The ER-SDE solver.
struct SamplerERSDE: Node {
    static let spec = NodeSpec(
        "SamplerER_SDE", category: "model/sampling/samplers",
        "Makes the sampler er_sde, along the extended reverse-time equation, the plain one, or the one without noise.",
        lane: .io)

    @Input("The equation.", options: ["ER-SDE", "Reverse-time SDE", "ODE"]) var solverType = "ER-SDE"
    @Input("The order: how many predictions a step follows.", in: 1...3, advanced: true) var maxStage = 3
    @Input(
        "How much fresh noise replaces the latent's own; 0 is ODE.", in: 0...10, step: 0.01, advanced: true)
    var eta = 1.0
    @Input("What the fresh noise is multiplied by.", in: 0...100, step: 0.01, advanced: true) var sNoise = 1.0

    @Output("The sampler.") var sampler: Sampler

    func run(_ context: RunContext) {
        if solverType == "ODE" || eta == 0 {
            sampler = .erSDE(.deterministic, order: maxStage, noiseScale: 0)
        } else {
            let equation = solverType == "ER-SDE" ? ReverseEquation.extended(eta: eta) : .reverse(eta: eta)
            sampler = .erSDE(equation, order: maxStage, noiseScale: sNoise)
        }
    }
}

/// SA-Solver.
struct SamplerSASolver: Node {
    static let spec = NodeSpec(
        "SamplerSASolver", category: "model/sampling/samplers",
        "Makes the sampler sa_solver: a stochastic Adams predictor with a corrector, with noise in a part of the way.",
        lane: .io)

    @Input("The model, which decides where on the way a noise level lies.") var model: Model
    @Input("How much fresh noise replaces the latent's own; 0 none.", in: 0...10, step: 0.01, advanced: true)
    var eta = 1.0
    @Input("Where on the way noise begins to be added.", in: 0...1, step: 0.001, advanced: true)
    var sdeStartPercent = 0.2
    @Input("Where on the way noise ceases to be added.", in: 0...1, step: 0.001, advanced: true)
    var sdeEndPercent = 0.8
    @Input("What the fresh noise is multiplied by.", in: 0...100, step: 0.01, advanced: true) var sNoise = 1.0
    @Input("How many predictions the predictor follows.", in: 1...6, advanced: true) var predictorOrder = 3
    @Input("How many predictions the corrector follows; 0 leaves it out.", in: 0...6, advanced: true)
    var correctorOrder = 4
    @Input("Whether the model is asked again after the corrector.", advanced: true) var usePece = false
    @Input(
        "Whether steps of order 2 take the paper's short formulas.", name: "simple_order_2", advanced: true)
    var simpleOrder2 = false

    @Output("The sampler.") var sampler: Sampler

    func run(_ context: RunContext) {
        var choices = StochasticAdams()
        choices.eta = eta
        choices.noiseScale = sNoise
        choices.noisyLevels = (
            model.sampling.sigma(atPercent: sdeStartPercent), model.sampling.sigma(atPercent: sdeEndPercent)
        )
        choices.predictorOrder = predictorOrder
        choices.correctorOrder = correctorOrder
        choices.evaluatesAgain = usePece
        choices.hasSimpleSecondOrder = simpleOrder2
        sampler = .saSolver("sa_solver", choices)
    }
}

/// SEEDS with two stages.
struct SamplerSEEDS2: Node {
    static let spec = NodeSpec(
        "SamplerSEEDS2", category: "model/sampling/samplers",
        "Makes the sampler seeds_2; with phi_2 and r 1 it is exp_heun_2_x0_sde, and with eta 0 besides exp_heun_2_x0.",
        lane: .io, searchAliases: ["sde", "exp heun"])

    @Input(
        "How predictions are joined: phi_1 takes them as constant, phi_2 as a straight line.",
        options: ["phi_1", "phi_2"])
    var solverType = "phi_1"
    @Input("How much fresh noise replaces the latent's own; 0 none.", in: 0...100, step: 0.01, advanced: true)
    var eta = 1.0
    @Input("What the fresh noise is multiplied by.", in: 0...100, step: 0.01, advanced: true) var sNoise = 1.0
    @Input(
        "Where in the step the second evaluation lies: 1 is its end.", in: 0.01...1, step: 0.01,
        advanced: true)
    var r = 0.5

    @Output("The sampler.") var sampler: Sampler

    func run(_ context: RunContext) {
        sampler = .seeds2(eta: eta, noiseScale: sNoise, node: r, followsSlope: solverType == "phi_2")
    }
}
