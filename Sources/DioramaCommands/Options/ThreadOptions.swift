import ArgumentParser
import Diorama
import DioramaTensor

/// How many threads work.
struct ThreadOptions: ParsableArguments {
    @Option(
        name: .customLong("threads"), parsing: .unconditional,
        help: ArgumentHelp(
            "CPU threads to use, 1 to \(Device.mostThreads); pictures do not depend on it.",
            discussion: "Default: one a core; fewer where a container or job has the time of fewer.",
            valueName: "threads"))
    var count: Int?

    func validate() throws {
        if let count, !(1...Device.mostThreads).contains(count) {
            throw ValidationError("--threads must be 1 to \(Device.mostThreads), not \(count)")
        }
    }
}
