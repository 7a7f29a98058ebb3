#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// How a model family measures noise: its table of noise levels (sigmas) and the way between sigma and model time.
///
/// A schedule picks sigmas from it, a sampler walks along them, and the model is told `timestep(of:)`.
/// The three types are ComfyUI's `ModelSamplingDiscreteFlow`, `ModelSamplingFlux` and `ModelSamplingDiscrete`
/// with their `CONST` (velocity) and `EPS` (noise) predictions. Sigmas are in the latent's own units; time runs
/// from the largest sigma (pure noise) to 0 (picture).
public struct ModelSampling: Hashable, Sendable {
    /// The families of noise schedules.
    public enum Kind: Hashable, Sendable {
        /// Flow matching, `sigma = shift·t / (1 + (shift − 1)·t)`; the model is told `sigma · multiplier`.
        case flow(shift: Double, multiplier: Double)
        /// Flow matching as Flux shifts it, `sigma = e^shift / (e^shift + 1/t − 1)`; the model is told sigma.
        case flux(shift: Double)
        /// Stable Diffusion 1 and XL: the model predicts noise and is told the index of the nearest sigma.
        case epsilon(betaStart: Double, betaEnd: Double, spacing: BetaSpacing)
    }

    /// How the betas of a noise-predicting model lie between the first and the last.
    public enum BetaSpacing: String, Hashable, Sendable {
        /// Their square roots are evenly spaced: Stable Diffusion.
        case roots
        /// They are evenly spaced themselves: PixArt.
        case even
    }

    /// The family and its parameters.
    public let kind: Kind
    /// The table of noise levels, ascending, all finite and above 0.
    public let sigmas: [Float]

    /// The smallest noise level of the table.
    public let sigmaMin: Float
    /// The largest noise level of the table, where sampling from nothing starts.
    public let sigmaMax: Float

    /// Whether the model is shown the latent as it is and predicts the picture itself: ComfyUI's `IMG_TO_IMG`, of Lotus.
    public let predictsPicture: Bool

    /// Whether the model predicts a velocity between noise and picture rather than the noise.
    public var isFlow: Bool {
        if case .epsilon = kind { false } else { true }
    }

    /// Flow matching with a shift, as SD3, Z-Image, Lumina 2, AuraFlow and Wan use it: a table of 1000 sigmas.
    ///
    /// - Parameters:
    ///   - shift: Above 0; 1 leaves time as it is, larger values spend more steps at high noise.
    ///   - multiplier: The model's time for sigma 1: 1000 for SD3, 1 for Z-Image and AuraFlow.
    /// - Returns: Levels up to 1.
    /// - Throws: ``SamplingError/unusableParameters(type:parameters:advice:)`` when no ascending table follows.
    public static func flow(shift: Double, multiplier: Double = 1000) throws -> ModelSampling {
        let parameters = "shift \(shift) and multiplier \(multiplier)"
        let advice = "the shift must be above 0 (most models use 1 to 12)"
        guard multiplier.isFinite, multiplier > 0 else {
            throw SamplingError.unusableParameters(
                type: "flow", parameters: parameters, advice: "the multiplier must be above 0")
        }
        return try ModelSampling(
            .flow(shift: shift, multiplier: multiplier), count: 1000, parameters: parameters, advice: advice
        ) { shiftedTime($0, by: shift) }
    }

    /// Flow matching as FLUX.1, FLUX.2, Qwen-Image and Krea 2 shift it: a table of 10000 sigmas.
    ///
    /// - Parameter shift: The exponent of the shift (`mu`): 0 leaves time as it is, FLUX.1 dev uses 1.15.
    /// - Returns: Levels up to 1.
    /// - Throws: ``SamplingError/unusableParameters(type:parameters:advice:)`` when no ascending table follows.
    public static func flux(shift: Double) throws -> ModelSampling {
        try ModelSampling(
            .flux(shift: shift), count: 10_000, parameters: "shift \(shift)",
            advice: "the shift is an exponent, so use a value near 1 (most models use 0.5 to 2.5)"
        ) { exponentiallyShiftedTime($0, by: shift) }
    }

    /// Noise levels of models that predict noise: of 1000 betas.
    ///
    /// - Parameters:
    ///   - betaStart: The first.
    ///   - betaEnd: The last.
    ///   - spacing: How the others lie between; Stable Diffusion's square roots are evenly spaced.
    ///   - predictsPicture: Whether the model is shown the latent as it is and predicts the picture, not the noise.
    /// - Returns: Levels up to that of the last beta.
    /// - Throws: ``SamplingError/unusableParameters(type:parameters:advice:)`` when no ascending table follows.
    public static func epsilon(
        betaStart: Double = 0.00085, betaEnd: Double = 0.012, spacing: BetaSpacing = .roots,
        predictsPicture: Bool = false
    ) throws -> ModelSampling {
        let count = 1000
        var remaining = 1.0
        return try ModelSampling(
            .epsilon(betaStart: betaStart, betaEnd: betaEnd, spacing: spacing), count: count,
            parameters: "betas \(betaStart) to \(betaEnd)", advice: "betas lie between 0 and 1",
            predictsPicture: predictsPicture
        ) { fraction in
            let step = (fraction * Double(count) - 1) / Double(count - 1)
            func between(_ first: Double, _ last: Double) -> Double { first + (last - first) * step }
            let root = between(betaStart.squareRoot(), betaEnd.squareRoot())
            remaining *= 1 - (spacing == .even ? between(betaStart, betaEnd) : root * root)
            return ((1 - remaining) / remaining).squareRoot()
        }
    }

    /// Makes the table by calling `sigma` with 1/count, 2/count and so on up to 1, in this order, and checks it.
    private init(
        _ kind: Kind, count: Int, parameters: String, advice: String, predictsPicture: Bool = false,
        sigma: (Double) -> Double
    ) throws {
        self.kind = kind
        self.predictsPicture = predictsPicture
        sigmas = (1...count).map { Float(sigma(Double($0) / Double(count))) }
        let isAscending = zip(sigmas, sigmas.dropFirst()).allSatisfy { $0 <= $1 }
        guard let first = sigmas.first, let last = sigmas.last,
            isAscending, first >= .leastNormalMagnitude, first < last, last.isFinite
        else {
            throw SamplingError.unusableParameters(
                type: kind.name, parameters: parameters, advice: advice)
        }
        (sigmaMin, sigmaMax) = (first, last)
    }

    /// The time that the model is told for a noise level.
    public func timestep(of sigma: Float) -> Float {
        Float(timestep(of: Double(sigma)))
    }

    /// ``timestep(of:)`` in double precision.
    func timestep(of sigma: Double) -> Double {
        switch kind {
        case .flow(_, let multiplier): sigma * multiplier
        case .flux: sigma
        case .epsilon: Double(nearestIndex(to: sigma))
        }
    }

    /// The noise level of a model time: flow types shift it, the noise-predicting type interpolates its table.
    public func sigma(at timestep: Double) -> Double {
        switch kind {
        case .flow(let shift, let multiplier): return shiftedTime(timestep / multiplier, by: shift)
        case .flux(let shift): return exponentiallyShiftedTime(timestep, by: shift)
        case .epsilon:
            let position = min(max(timestep, 0), Double(sigmas.count - 1))
            let low = Int(position)
            let high = min(low + 1, sigmas.count - 1)
            let weight = position - Double(low)
            return exp((1 - weight) * log(Double(sigmas[low])) + weight * log(Double(sigmas[high])))
        }
    }

    /// The noise level at a fraction of the whole way: 0 is the start (all noise), 1 the end (none).
    public func sigma(atPercent percent: Double) -> Float {
        if percent <= 0 { return isFlow ? 1 : 999_999_999.9 }
        if percent >= 1 { return 0 }
        return switch kind {
        case .flow(let shift, _): Float(shiftedTime(1 - percent, by: shift))
        case .flux(let shift): Float(exponentiallyShiftedTime(1 - percent, by: shift))
        case .epsilon: Float(sigma(at: (1 - percent) * Double(sigmas.count - 1)))
        }
    }

    /// The inverse of ``sigma(atPercent:)``: how far on the way a noise level is, 0 at the start and 1 at the end.
    public func percent(of sigma: Float) -> Double {
        let sigma = Double(sigma)
        let time =
            switch kind {
            case .flow(let shift, _): shiftedTime(sigma, by: 1 / shift)
            case .flux(let shift): exponentiallyShiftedTime(sigma, by: -shift)
            case .epsilon: timestep(of: sigma) / Double(sigmas.count - 1)
            }
        return min(max(1 - time, 0), 1)
    }

    /// How much of the picture a latent of a noise level holds: `alpha`.
    func signal(at sigma: Float) -> Double {
        isFlow ? 1 - Double(sigma) : 1
    }

    /// Half the logarithm of the signal-to-noise ratio, `ln(alpha / sigma)`: the time axis of the SDE samplers.
    func halfLogSNR(_ sigma: Float) -> Double {
        let sigma = Double(sigma)
        return isFlow ? log((1 - sigma) / sigma) : -log(sigma)
    }

    /// The inverse of ``halfLogSNR(_:)``.
    func sigma(halfLogSNR lambda: Double) -> Float {
        Float(isFlow ? 1 / (1 + exp(lambda)) : exp(-lambda))
    }

    /// The table entry whose logarithm is nearest.
    private func nearestIndex(to sigma: Double) -> Int {
        let above = sigmas.partitioningIndex { Double($0) >= sigma }
        guard above > 0 else { return 0 }
        guard above < sigmas.count else { return sigmas.count - 1 }
        let (low, high) = (Double(sigmas[above - 1]), Double(sigmas[above]))
        return sigma * sigma < low * high ? above - 1 : above
    }
}

extension ModelSampling.Kind {
    /// The word that messages use.
    var name: String {
        switch self {
        case .flow: "flow"
        case .flux: "Flux"
        case .epsilon: "Stable Diffusion"
        }
    }
}

/// `shift·t / (1 + (shift − 1)·t)`: SD3's time shift, for `t` in 0...1.
func shiftedTime(_ time: Double, by shift: Double) -> Double {
    shift == 1 ? time : shift * time / (1 + (shift - 1) * time)
}

/// `e^mu / (e^mu + 1/t − 1)`: Flux's time shift, for `t` in 0...1, written so that a large `mu` cannot overflow.
func exponentiallyShiftedTime(_ time: Double, by mu: Double) -> Double {
    time <= 0 ? 0 : 1 / (1 + (1 / time - 1) * exp(-mu))
}

extension [Float] {
    /// The first index whose element satisfies `belongsAfter`, in an array sorted so that those come last.
    fileprivate func partitioningIndex(where belongsAfter: (Float) -> Bool) -> Int {
        var (low, high) = (startIndex, endIndex)
        while low < high {
            let middle = low + (high - low) / 2
            if belongsAfter(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
