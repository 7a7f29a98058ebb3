import ArgumentParser
import Diorama
import Synchronization

/// `diorama bench`.
struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure this machine and Diorama's operations on it.",
        discussion: """
            Times are medians of several runs after one that is not counted. Benchmarks/bench_runtime.py runs these beside PyTorch.

            EXAMPLES
              diorama bench peak
              diorama bench linear 1024 1536 6144 --precision bf16
              diorama bench attention 4250 24 64 --precision bf16 --json
              diorama bench transformer FOLDER --size 512 --tokens 333
              diorama bench vae FOLDER --size 1024
              diorama bench t5 FOLDER --tokens 256
            """,
        subcommands: [
            BenchPeakCommand.self, BenchLinearCommand.self, BenchAttentionCommand.self,
            BenchTransformerCommand.self, BenchAutoencoderCommand.self, BenchT5Command.self,
        ])
}

/// Options of all measurements.
struct BenchOptions: ParsableArguments {
    @OptionGroup var precision: PrecisionOptions

    @Option(help: "How often to measure, 1 or more; the median counts.")
    var runs = 5

    @OptionGroup var threads: ThreadOptions

    @Flag(help: "Print how long each kind of operation of a model took, all runs together.")
    var ops = false

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        guard runs > 0 else { throw ValidationError("--runs must be 1 or more, not \(runs)") }
    }
}

/// Adds up how long operations took, by their names.
final class OperationTimes: OpObserver {
    private let seconds = Mutex<[String: Double]>([:])

    func record(_ event: OpEvent) {
        let time = event.duration / .seconds(1)
        seconds.withLock { $0[event.name, default: 0] += time }
    }

    /// Names and seconds, the longest first.
    var sorted: [(name: String, seconds: Double)] {
        seconds.withLock { $0.sorted { $0.value > $1.value }.map { ($0.key, $0.value) } }
    }
}
