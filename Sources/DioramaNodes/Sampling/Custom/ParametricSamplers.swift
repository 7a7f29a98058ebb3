import DioramaGraph
import DioramaSampling

// Samplers with parameters that KSamplerSelect leaves at their defaults.

/// Euler's method with fresh noise.
struct SamplerEulerAncestral: Node {
    static let spec = NodeSpec(
        "SamplerEulerAncestral", category: "model/sampling/samplers",
        "Makes the sampler euler_ancestral: Euler's method with fresh noise in each step.", lane: .io)

    @Input("How much fresh noise replaces the latent's own; 0 none.", in: 0...100, step: 0.01, advanced: true)
    var eta = 1.0
    @Input("What the fresh noise is multiplied by.", in: 0...100, step: 0.01, advanced: true) var sNoise = 1.0

    @Output("The sampler.") var sampler: Sampler

    func run(_ context: RunContext) { sampler = .eulerAncestral(eta: eta, noiseScale: sNoise) }
}

/// Euler's method with fresh noise that leads away from the prediction without the prompt.
struct SamplerEulerAncestralCFGPP: Node {
    static let spec = NodeSpec(
        "SamplerEulerAncestralCFGPP", title: "SamplerEulerAncestralCFG++",
        category: "model/sampling/samplers",
        "Makes the sampler euler_ancestral_cfg_pp, which leads away from the prediction without the prompt.",
        lane: .io)

    @Input("How much fresh noise replaces the latent's own; 0 none.", in: 0...1, step: 0.01) var eta = 1.0
    @Input("What the fresh noise is multiplied by.", in: 0...10, step: 0.01) var sNoise = 1.0

    @Output("The sampler.") var sampler: Sampler

    func run(_ context: RunContext) { sampler = .eulerAncestralCFGPP(eta: eta, noiseScale: sNoise) }
}

/// Adams-Bashforth.
struct SamplerLMS: Node {
    static let spec = NodeSpec(
        "SamplerLMS", category: "model/sampling/samplers",
        "Makes the sampler lms: a multistep method that follows the directions of the last steps.", lane: .io)

    @Input("How many directions it follows; more than 4 seldom help.", in: 1...100, advanced: true)
    var order = 4

    @Output("The sampler.") var sampler: Sampler

    func run(_ context: RunContext) { sampler = .linearMultistep(order: order) }
}

/// DPM-Solver++(2S) with fresh noise.
struct SamplerDPMPP2SAncestral: Node {
    static let spec = NodeSpec(
        "SamplerDPMPP_2S_Ancestral", category: "model/sampling/samplers",
        "Makes the sampler dpmpp_2s_ancestral: two evaluations a step, and fresh noise in each.", lane: .io)

    @Input("How much fresh noise replaces the latent's own; 0 none.", in: 0...100, step: 0.01) var eta = 1.0
    @Input("What the fresh noise is multiplied by.", in: 0...100, step: 0.01) var sNoise = 1.0

    @Output("The sampler.") var sampler: Sampler

    func run(_ context: RunContext) { sampler = .dpmpp2SAncestral(eta: eta, noiseScale: sNoise) }
}

/// DPM-Solver++ SDE.
struct SamplerDPMPPSDE: Node {
    static let spec = NodeSpec(
        "SamplerDPMPP_SDE", category: "model/sampling/samplers",
        "Makes the sampler dpmpp_sde: two evaluations a step under the noise of one Brownian path.", lane: .io
    )

    @Input("How much fresh noise replaces the latent's own; 0 none.", in: 0...100, step: 0.01, advanced: true)
    var eta = 1.0
    @Input("What the fresh noise is multiplied by.", in: 0...100, step: 0.01, advanced: true) var sNoise = 1.0
    @Input(
        "Where in the step the second evaluation lies: 1 is its end.", in: 0...100, step: 0.01, advanced: true
    )
    var r = 0.5
    @Input("As ComfyUI has it; both give the processor's noise.", options: ["gpu", "cpu"], advanced: true)
    var noiseDevice = "gpu"

    @Output("The sampler.") var sampler: Sampler

    func run(_ context: RunContext) throws {
        guard r > 0 else {
            throw context.fail($r, "is 0; the second evaluation lies behind the first, usually at 0.5")
        }
        sampler = .dpmppSDE(eta: eta, noiseScale: sNoise, node: r)
    }
}

/// DPM-Solver++(2M) SDE.
struct SamplerDPMPP2MSDE: Node {
    static let spec = NodeSpec(
        "SamplerDPMPP_2M_SDE", category: "model/sampling/samplers",
        "Makes the sampler dpmpp_2m_sde: one evaluation a step and the memory of the last, under the noise of one Brownian "
            + "path.", lane: .io)

    @Input("How the last prediction is used.", options: ["midpoint", "heun"]) var solverType = "midpoint"
    @Input("How much fresh noise replaces the latent's own; 0 none.", in: 0...100, step: 0.01, advanced: true)
    var eta = 1.0
    @Input("What the fresh noise is multiplied by.", in: 0...100, step: 0.01, advanced: true) var sNoise = 1.0
    @Input("As ComfyUI has it; both give the processor's noise.", options: ["gpu", "cpu"], advanced: true)
    var noiseDevice = "gpu"

    @Output("The sampler.") var sampler: Sampler

    func run(_ context: RunContext) {
        sampler = .dpmppMultistepSDE(
            "dpmpp_2m_sde", solverType == "heun" ? .heun : .midpoint, eta: eta, noiseScale: sNoise)
    }
}

/// DPM-Solver++(3M) SDE.
struct SamplerDPMPP3MSDE: Node {
    static let spec = NodeSpec(
        "SamplerDPMPP_3M_SDE", category: "model/sampling/samplers",
        "Makes the sampler dpmpp_3m_sde: one evaluation a step and the memory of the last two, under the noise of one "
            + "Brownian path.", lane: .io)

    @Input("How much fresh noise replaces the latent's own; 0 none.", in: 0...100, step: 0.01, advanced: true)
    var eta = 1.0
    @Input("What the fresh noise is multiplied by.", in: 0...100, step: 0.01, advanced: true) var sNoise = 1.0
    @Input("As ComfyUI has it; both give the processor's noise.", options: ["gpu", "cpu"], advanced: true)
    var noiseDevice = "gpu"

    @Output("The sampler.") var sampler: Sampler

    func run(_ context: RunContext) {
        sampler = .dpmppMultistepSDE("dpmpp_3m_sde", .third, eta: eta, noiseScale: sNoise)
    }
}
