import DioramaTensor

/// How much fresh noise takes the place of the latent's own in each step.
struct FreshNoise: Sendable {
    /// The part of it that is replaced: 0 none, 1 as much as the reverse diffusion does.
    var eta = 1.0
    /// What the noise is multiplied by.
    var scale = 1.0

    /// Whether any is added.
    var isAdded: Bool { eta > 0 && scale > 0 }
}

/// The split of a step into a longer deterministic way down and fresh noise back up.
struct AncestralStep {
    /// The level to go down to.
    let down: Float
    /// What the latent is multiplied by there before noise is added.
    private let fade: Double
    /// The amount of noise to add.
    private let up: Double

    /// The split for a model: flow models keep signal and noise summing to one, others keep the signal.
    init(_ step: SamplingWalk.Step, of model: ModelSampling, _ fresh: FreshNoise) {
        let eta = fresh.eta
        let (sigma, next) = (Double(step.sigma), Double(step.next))
        if model.isFlow {
            let level = next * (1 + (next / sigma - 1) * eta)
            let ratio = (1 - next) / (1 - level)
            down = Float(level)
            fade = ratio
            up = fresh.scale * max(next * next - level * level * ratio * ratio, 0).squareRoot()
        } else {
            let levels = ancestralLevels(from: sigma, to: next, eta: eta)
            (down, fade, up) = (Float(levels.down), 1, fresh.scale * levels.up)
        }
    }

    /// The latent of the step's end from the one at ``down``.
    func renoised(_ lower: Tensor, with noise: Tensor) -> Tensor {
        Tensor.weighted((fade, lower), (up, noise))
    }
}

/// The level to go down to and the noise to add, so that their squares sum to the square of the level to reach.
///
/// From an infinite level everything is noise, whatever `eta` above 0, as in ComfyUI.
func ancestralLevels(from sigma: Double, to next: Double, eta: Double) -> (down: Double, up: Double) {
    guard eta > 0 else { return (next, 0) }
    guard sigma.isFinite else { return (0, next) }
    let kept = max(1 - (next / sigma) * (next / sigma), 0).squareRoot()
    let up = min(next, eta * next * kept)
    return (max(next * next - up * up, 0).squareRoot(), up)
}
