import DioramaWeights

/// Whether a ControlNet is for a diffusion model, told by the headers of their files.
public struct ControlNetFit: Sendable {
    /// What of a diffusion model decides.
    public struct Model: Sendable {
        fileprivate let family: String
        fileprivate let config: ModelConfig

        /// Reads it; throws `WeightsError` where the file's shapes do not fit together.
        public init(_ file: DiffusionFile) throws {
            family = file.family
            config = try file.config
        }
    }

    private enum Control: Sendable {
        case sd3(SD3ControlNetConfig)
        case zImage(ZImageControlNetConfig)
    }

    private let control: Control

    /// Reads what a ControlNet is for; throws `WeightsError` where the file's shapes do not fit together.
    public init(_ file: ControlNetFile) throws { control = .sd3(try file.config) }

    /// Reads what a model patch is for; throws `WeightsError` where the file's shapes do not fit together.
    public init(_ file: ModelPatchFile) throws { control = .zImage(try file.config) }

    /// What is wrong with steering a model: both, and what to do.
    ///
    /// - Parameter model: the model.
    /// - Returns: one sentence, as `ControlNetwork.check` throws it; nil where they fit, or the model's shapes make none.
    public func problem(steering model: Model) -> String? {
        switch control {
        case .sd3(let control):
            problem(ControlNetFile.family, model, SD3Config.init(_:)) { control.misfit(ofFamily: $0, $1) }
        case .zImage(let control):
            problem(ModelPatchFile.family, model, ZImageConfig.init(_:)) { control.misfit(ofFamily: $0, $1) }
        }
    }

    private func problem<Config>(
        _ family: String, _ model: Model, _ read: (ModelConfig) throws -> Config,
        _ misfit: (String, Config?) -> String?
    ) -> String? {
        guard model.family == family else { return misfit(model.family, nil) }
        return (try? read(model.config)).flatMap { misfit(family, $0) }
    }
}
