extension Sampler {
    /// The sampler of a name.
    ///
    /// - Throws: ``SamplingError/unknownSampler(name:known:)`` for a name that is none of ``names``.
    public static func named(_ name: String) throws -> Sampler {
        guard let sampler = all.first(where: { $0.name == name }) else {
            throw SamplingError.unknownSampler(name: name, known: names)
        }
        return sampler
    }

    /// The names of all samplers, in ComfyUI's order.
    public static var names: [String] { all.map(\.name) }

    /// All samplers of ComfyUI's, in its order.
    public static let all: [Sampler] = known.map { sampler in
        var sampler = sampler
        // Its steps are as long as the error of the whole batch allows.
        sampler.walksBatchesApart = sampler.name != "dpm_adaptive"
        return sampler
    }

    private static let known: [Sampler] = [
        Sampler("euler", euler),
        Sampler("euler_cfg_pp", needsUnconditional: true) {
            try DioramaSampling.eulerAncestralCFGPP(&$0, $1, FreshNoise(eta: 0))
        },
        .eulerAncestral(),
        .eulerAncestralCFGPP(),
        Sampler("heun", heun),
        Sampler("heunpp2", heunPP2),
        Sampler("exp_heun_2_x0") {
            try DioramaSampling.seeds2(
                &$0, $1, SeedsTwo(fresh: FreshNoise(eta: 0), node: 1, followsSlope: true))
        },
        Sampler("exp_heun_2_x0_sde") {
            try DioramaSampling.seeds2(&$0, $1, SeedsTwo(node: 1, followsSlope: true))
        },
        Sampler("dpm_2", discardsPenultimateSigma: true, dpm2),
        Sampler("dpm_2_ancestral", discardsPenultimateSigma: true, dpm2Ancestral),
        .linearMultistep(),
        Sampler("dpm_fast", dpmFast),
        dpmAdaptive(),
        .dpmpp2SAncestral(),
        Sampler("dpmpp_2s_ancestral_cfg_pp", needsUnconditional: true, dpmpp2SAncestralCFGPP),
        .dpmppSDE(),
        .dpmppSDE("dpmpp_sde_gpu"),
        Sampler("dpmpp_2m", dpmpp2M),
        Sampler("dpmpp_2m_cfg_pp", needsUnconditional: true, dpmpp2MCFGPP),
        .dpmppMultistepSDE("dpmpp_2m_sde", .midpoint),
        .dpmppMultistepSDE("dpmpp_2m_sde_gpu", .midpoint),
        .dpmppMultistepSDE("dpmpp_2m_sde_heun", .heun),
        .dpmppMultistepSDE("dpmpp_2m_sde_heun_gpu", .heun),
        .dpmppMultistepSDE("dpmpp_3m_sde", .third),
        .dpmppMultistepSDE("dpmpp_3m_sde_gpu", .third),
        Sampler("ddpm", ddpm),
        Sampler("lcm", lcm),
        Sampler("ipndm", ipndm),
        Sampler("ipndm_v", ipndmV),
        Sampler("deis", deis),
        Sampler("res_multistep") { try resMultistep(&$0, $1, eta: 0) },
        Sampler("res_multistep_cfg_pp", needsUnconditional: true) {
            try resMultistep(&$0, $1, eta: 0, leadsAway: true)
        },
        Sampler("res_multistep_ancestral") { try resMultistep(&$0, $1, eta: 1) },
        Sampler("res_multistep_ancestral_cfg_pp", needsUnconditional: true) {
            try resMultistep(&$0, $1, eta: 1, leadsAway: true)
        },
        Sampler("gradient_estimation") { try gradientEstimation(&$0, $1) },
        Sampler("gradient_estimation_cfg_pp", needsUnconditional: true) {
            try gradientEstimation(&$0, $1, leadsAway: true)
        },
        .erSDE(),
        .seeds2(),
        Sampler("seeds_3", seeds3),
        .saSolver(),
        .saSolver("sa_solver_pece", .evaluatingAgain),
        Sampler("ddim", redrawsKeptNoise: true, euler),
        Sampler("uni_pc", discardsPenultimateSigma: true) { try uniPC(&$0, $1, variant: .bh1) },
        Sampler("uni_pc_bh2", discardsPenultimateSigma: true) { try uniPC(&$0, $1, variant: .bh2) },
    ]
}
