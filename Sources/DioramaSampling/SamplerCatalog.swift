extension Sampler {
    /// The sampler of a name.
    ///
    /// - Throws: ``SamplingError/unsupportedSampler(name:implemented:)`` for a name of ComfyUI's that is not implemented,
    ///   ``SamplingError/unknownSampler(name:implemented:)`` for any other.
    public static func named(_ name: String) throws -> Sampler {
        if let sampler = all.first(where: { $0.name == name }) { return sampler }
        throw knownNames.contains(name)
            ? SamplingError.unsupportedSampler(name: name, implemented: names)
            : SamplingError.unknownSampler(name: name, implemented: names)
    }

    /// The names of what there is, in ComfyUI's order.
    public static var names: [String] { all.map(\.name) }

    /// What there is, in ComfyUI's order.
    public static let all: [Sampler] = [
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

    /// Every name that ComfyUI has, in its order.
    public static let knownNames = [
        "euler", "euler_cfg_pp", "euler_ancestral", "euler_ancestral_cfg_pp", "heun", "heunpp2",
        "exp_heun_2_x0",
        "exp_heun_2_x0_sde", "dpm_2", "dpm_2_ancestral", "lms", "dpm_fast", "dpm_adaptive",
        "dpmpp_2s_ancestral",
        "dpmpp_2s_ancestral_cfg_pp", "dpmpp_sde", "dpmpp_sde_gpu", "dpmpp_2m", "dpmpp_2m_cfg_pp",
        "dpmpp_2m_sde",
        "dpmpp_2m_sde_gpu", "dpmpp_2m_sde_heun", "dpmpp_2m_sde_heun_gpu", "dpmpp_3m_sde", "dpmpp_3m_sde_gpu",
        "ddpm",
        "lcm", "ipndm", "ipndm_v", "deis", "res_multistep", "res_multistep_cfg_pp", "res_multistep_ancestral",
        "res_multistep_ancestral_cfg_pp", "gradient_estimation", "gradient_estimation_cfg_pp", "er_sde",
        "seeds_2",
        "seeds_3", "sa_solver", "sa_solver_pece", "ddim", "uni_pc", "uni_pc_bh2",
    ]
}
