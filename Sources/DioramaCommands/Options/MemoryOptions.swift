import ArgumentParser
import Diorama
import DioramaTensor

/// How much memory a run may take.
struct MemoryOptions: ParsableArguments {
    @Option(
        name: .customLong("memory"),
        help: ArgumentHelp(
            "The most memory to take: 8G, 512M.",
            discussion: """
                Weights that do not fit are read from their files again in each step, and those of a text encoder give way when the text \
                is encoded; a run whose own numbers do not fit ends with a sentence. Default: what is free.
                """, valueName: "size"))
    var budget: MemorySize?

    /// The limit for tensors, which is the budget or what is free.
    ///
    /// - Parameters:
    ///   - json: whether standard output is for programs.
    ///   - context: the streams.
    /// - Returns: the limit, which ends the process when it does not do.
    func limit(asJSON json: Bool, in context: CommandContext) -> MemoryLimit {
        MemoryLimit(byteCount: [budget?.byteCount, freeMemory()].compactMap { $0 }.min()) { shortage in
            endForLackOfMemory(shortage, asJSON: json, in: context)
        }
    }

    /// Runs `body` while weights give way to the budget, if there is one.
    ///
    /// - Parameter body: what to run.
    /// - Returns: what it returns.
    /// - Throws: what it throws.
    func holding<R: Sendable>(_ body: @Sendable () async throws -> R) async throws -> R {
        guard let budget else { return try await body() }
        let keeper = Task { await keepResident(within: budget.byteCount) }
        defer { keeper.cancel() }
        return try await body()
    }
}

/// A number of bytes as people write it: `8G`, `512M`, `1.5GiB`; K, M, G and T are powers of 1024.
package struct MemorySize: ExpressibleByArgument, Equatable {
    package let byteCount: Int

    package init?(argument: String) {
        var text = argument.lowercased()[...]
        for ending in ["ib", "b"] where text.hasSuffix(ending) {
            text = text.dropLast(ending.count)
            break
        }
        let powers: [Character: Double] = ["k": 1, "m": 2, "g": 3, "t": 4]
        var factor = 1.0
        if let last = text.last, let power = powers[last] {
            factor = (0..<Int(power)).reduce(1) { product, _ in product * 1024 }
            text = text.dropLast()
        }
        guard let number = Double(text), number > 0, number * factor >= 1, number * factor < 1e15 else {
            return nil
        }
        byteCount = Int(number * factor)
    }
}
