import DioramaModels
import DioramaSampling
import DioramaTensor

/// A ControlNet in one run of a sampler, with its picture encoded for latents of one size.
final class PlacedControl: Sendable {
    /// How strongly it steers.
    let strength: Float
    private let network: any ControlNetwork
    /// What it looks at for latents [B, C, h, w]: [1 or B, C', h, w].
    private let hint: Tensor
    private let window: SigmaWindow
    private let modulations: ModulationTable

    /// Encodes the picture of a control.
    ///
    /// - Parameters:
    ///   - control: the ControlNet and its picture.
    ///   - latent: the shape of the latents that the model is asked about, [B, C, h, w].
    ///   - model: the model that is steered.
    ///   - timesteps: the times of the run, as the network is told them.
    /// - Throws: `ModelInputError` where the ControlNet is for another model.
    init(_ control: Control, _ latent: Shape, _ model: Model, timesteps: [Float]) throws {
        network = control.network
        strength = Float(control.strength)
        window = model.sampling.window(fromPercent: control.start, to: control.end)
        modulations = ModulationTable(timesteps: timesteps)
        try network.check(steers: model.network)
        hint = try control.hint(for: latent)
    }

    /// Whether it steers at a noise level; those where it begins and ends belong to it.
    func holds(at sigma: Float) -> Bool { sigma <= window.start && sigma >= window.end }

    /// What it adds to the network's blocks in one evaluation.
    ///
    /// - Parameters:
    ///   - input: what the network is shown: the latents, once or several times.
    ///   - time: the time, for each of them.
    ///   - context: the text, for each of them.
    ///   - steered: the network.
    ///   - sigma: the noise level.
    ///   - percent: how far sampling has come, 0...1.
    ///   - onBlock: told of each of the ControlNet's own blocks; throwing ends the evaluation.
    /// - Returns: what is added block by block, computed when it is asked for.
    /// - Throws: `ModelInputError` where the network is of another model than the ControlNet's.
    func residuals(
        _ input: Tensor, _ time: Tensor, _ context: TextContext, steering steered: any DiffusionModel,
        sigma: Float, percent: Double, onBlock: @escaping @Sendable (BlockReport) throws -> Void
    ) throws -> ControlResiduals {
        try network.residuals(
            input, hint: hint.repeated(input.shape[0] / hint.shape[0], axis: 0), timestep: time,
            context: context, steering: steered,
            through: BlockRunner(sigma: sigma, percent: percent, modulations: modulations, onBlock: onBlock))
    }
}

/// The ControlNets of a run: each picture is encoded once for each size of latents.
struct PlacedControls {
    private let model: Model
    private let timesteps: [Float]
    private var known: [Key: PlacedControl] = [:]

    private struct Key: Hashable {
        let control: ObjectIdentifier
        let latent: [Int]
    }

    /// None yet, for a run that asks a model at these times.
    init(_ model: Model, timesteps: [Float]) {
        self.model = model
        self.timesteps = timesteps
    }

    /// A control for latents of a shape; throws what ``PlacedControl`` throws.
    mutating func placed(_ control: Control, _ latent: Shape) throws -> PlacedControl {
        let key = Key(control: ObjectIdentifier(control.identity), latent: latent.dims)
        if let found = known[key] { return found }
        let placed = try PlacedControl(control, latent, model, timesteps: timesteps)
        known[key] = placed
        return placed
    }
}
