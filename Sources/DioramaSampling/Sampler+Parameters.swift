// The samplers whose parameters can be chosen; left out, they are those of the sampler of that name in ComfyUI.
//
// In all of them `eta` is how much fresh noise replaces the latent's own (0 none, 1 as the reverse diffusion does, at least
// 0), and `noiseScale` what that noise is multiplied by (at least 0).
extension Sampler {
    /// Euler's method with fresh noise in each step.
    public static func eulerAncestral(eta: Double = 1, noiseScale: Double = 1) -> Sampler {
        let fresh = FreshNoise(eta: eta, scale: noiseScale)
        return Sampler("euler_ancestral") { try DioramaSampling.eulerAncestral(&$0, $1, fresh) }
    }

    /// Euler's method with fresh noise that leads away from the prediction without the prompt (CFG++).
    public static func eulerAncestralCFGPP(eta: Double = 1, noiseScale: Double = 1) -> Sampler {
        let fresh = FreshNoise(eta: eta, scale: noiseScale)
        return Sampler("euler_ancestral_cfg_pp", needsUnconditional: true) {
            try DioramaSampling.eulerAncestralCFGPP(&$0, $1, fresh)
        }
    }

    /// Adams-Bashforth for unequal steps, with the directions of the last `order` (at least 1) steps.
    public static func linearMultistep(order: Int = 4) -> Sampler {
        Sampler("lms") { try DioramaSampling.linearMultistep(&$0, $1, order: order) }
    }

    /// DPM-Solver++(2S) with fresh noise in each step.
    public static func dpmpp2SAncestral(eta: Double = 1, noiseScale: Double = 1) -> Sampler {
        let fresh = FreshNoise(eta: eta, scale: noiseScale)
        return Sampler("dpmpp_2s_ancestral") { try DioramaSampling.dpmpp2SAncestral(&$0, $1, fresh) }
    }

    /// DPM-Solver++ SDE with a second evaluation at a `node` of each step: 0.5 is its middle; above 0.
    public static func dpmppSDE(
        _ name: String = "dpmpp_sde", eta: Double = 1, noiseScale: Double = 1, node: Double = 0.5
    ) -> Sampler {
        let fresh = FreshNoise(eta: eta, scale: noiseScale)
        return Sampler(name) { try DioramaSampling.dpmppSDE(&$0, $1, node: node, fresh) }
    }

    /// DPM-Solver++(2M) SDE and (3M) SDE.
    public static func dpmppMultistepSDE(
        _ name: String, _ form: SDEMultistep, eta: Double = 1, noiseScale: Double = 1
    ) -> Sampler {
        let fresh = FreshNoise(eta: eta, scale: noiseScale)
        return Sampler(name) { try DioramaSampling.dpmppMultistepSDE(&$0, $1, form, fresh) }
    }

    /// ER-SDE-Solver along an equation, of an order in 1...3.
    public static func erSDE(
        _ equation: ReverseEquation = .extended(eta: 1), order: Int = 3, noiseScale: Double = 1
    ) -> Sampler {
        Sampler("er_sde") {
            try DioramaSampling.erSDE(&$0, $1, equation, order: order, noiseScale: noiseScale)
        }
    }

    /// SEEDS with two evaluations a step, the second at a `node` above 0 to 1; with `followsSlope` the prediction is taken
    /// as a straight line in time (Heun's way) rather than as constant.
    public static func seeds2(
        eta: Double = 1, noiseScale: Double = 1, node: Double = 0.5, followsSlope: Bool = false
    ) -> Sampler {
        let form = SeedsTwo(
            fresh: FreshNoise(eta: eta, scale: noiseScale), node: node, followsSlope: followsSlope)
        return Sampler("seeds_2") { try DioramaSampling.seeds2(&$0, $1, form) }
    }

    /// SA-Solver.
    public static func saSolver(
        _ name: String = "sa_solver", _ choices: StochasticAdams = StochasticAdams()
    ) -> Sampler {
        Sampler(name) { try DioramaSampling.saSolver(&$0, $1, choices) }
    }
}
