public import DioramaWeights

/// How a flow-matching model's times are laid out, from diffusers' `scheduler_config.json`.
public struct FlowMatchConfig: Sendable, Hashable {
    /// Moves the schedule towards noise: σ' = shift σ / (1 + (shift - 1) σ).
    public let shift: Float
    /// Times are σ times this.
    public let trainTimesteps: Int
    /// The shift as a function of the number of tokens; nil where it is fixed.
    public let dynamicShift: DynamicShift?

    /// A shift that grows with the picture: exp(μ), μ linear in the number of image tokens.
    public struct DynamicShift: Sendable, Hashable {
        /// μ at `baseTokens`.
        public let base: Float
        /// μ at `maxTokens`.
        public let max: Float
        /// Image tokens of the smallest picture.
        public let baseTokens: Int
        /// Image tokens of the largest picture.
        public let maxTokens: Int
    }

    /// Reads and checks the configuration; throws `WeightsError`.
    public init(_ config: ModelConfig) throws {
        shift = try config.float("shift", default: 1)
        trainTimesteps = try config.int("num_train_timesteps", in: 1...1_000_000, default: 1000)
        guard shift > 0 else { throw config.problem("shift: expected more than 0, found \(shift)") }
        guard try config.bool("use_dynamic_shifting", default: false) else {
            dynamicShift = nil
            return
        }
        dynamicShift = DynamicShift(
            base: try config.float("base_shift", default: 0.5),
            max: try config.float("max_shift", default: 1.15),
            baseTokens: try config.int("base_image_seq_len", in: 1...1_000_000, default: 256),
            maxTokens: try config.int("max_image_seq_len", in: 1...1_000_000, default: 4096))
    }
}
