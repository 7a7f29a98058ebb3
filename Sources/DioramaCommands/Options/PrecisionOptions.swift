import ArgumentParser
import Diorama
import DioramaGraph

/// What models compute in.
struct PrecisionOptions: ParsableArguments {
    /// The names of the choices.
    enum Choice: String, ExpressibleByArgument, CaseIterable {
        case auto, f32, bf16, int8
    }

    @Option(
        name: .customLong("precision"),
        help: ArgumentHelp(
            "What models compute in: auto, f32, bf16 or int8.",
            discussion: """
                auto takes what the weights are stored as: bf16 for bf16, int8 for int8, f32 for all others. bf16 is about twice as \
                fast as f32 on a processor that has bf16 instructions, int8 about four times, in the layers that it is for: those \
                of the diffusion model's blocks; the text encoder and the autoencoder are bf16 then. Pictures differ a little.
                """))
    var choice = Choice.auto

    /// Changes with the choice added, so that it stands in the graph that pictures carry.
    func added(to overrides: GraphOverrides) -> GraphOverrides {
        guard choice != .auto else { return overrides }
        var overrides = overrides
        overrides.precision = choice.rawValue
        return overrides
    }

    /// The precision; nil for what the weights are stored as.
    var precision: Precision? { Precision(rawValue: choice.rawValue) }
}
