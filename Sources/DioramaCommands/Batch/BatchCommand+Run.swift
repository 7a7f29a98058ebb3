import DioramaBatch
import DioramaFiles
import DioramaGraph
import DioramaTensor
import FoundationEssentials

extension BatchCommand {
    /// Reads graph and options.
    func prepared(_ graph: String, output: String, in context: CommandContext) throws -> Batch {
        let catalog = try context.catalog()
        let source = try GraphSource(graph, catalog: catalog, workingFolder: context.workingFolder)
        let file = try precision.added(to: settings.overrides).applied(to: source.file, catalog: catalog)
        let output = fileURL(output, in: context.workingFolder)
        var options = SessionOptions(
            folders: try folders.folders(graphFolder: source.folder, in: context, output: output))
        options.threads = threads.count
        options.precision = precision.precision
        options.memory = memory.limit(asJSON: json, in: context)
        // Enough for the encoded texts of some lines; pictures are not needed again.
        let session = Session(nodes: catalog, options: options, cacheBytes: 128 << 20, cacheEntries: 1024)
        let batchOptions = try pictures.options(in: context)
        do {
            let batch = try Batch(graph: file, session: session, options: batchOptions)
            if let unknown = batch.unknownNodes() { throw CommandError(graph: source.name, unknown) }
            return batch
        } catch let error as SettingError
            where batchOptions.grid.contains(where: { $0.name == "\(error.subject)" })
        {
            throw CommandError.usage("--grid \(error)")
        }
    }

    /// Tells everything that is wrong with the list.
    ///
    /// - Returns: how many items it has; nil for a stream, which is checked as it comes.
    func checked(_ list: PromptList, of batch: Batch, in context: CommandContext) async throws -> Int? {
        guard !list.isStream else { return nil }
        let report = try batch.check(list)
        if let clash = report.nameClash, let pattern = batch.options.namePattern {
            let more = report.nameClashCount - 1
            throw CommandError.usage(
                "--name \(clash.sentence(about: pattern))"
                    + (more > 0 ? " (\(counted(more, "more picture")) would take a name that is taken)" : ""))
        }
        let problems = ListReport.sentences(report.problems)
        var warnings = ListReport.sentences(report.warnings)
        if report.items == 0 || (listOptions.strict && report.problemCount + report.warningCount > 0) {
            let all = problems + (listOptions.strict ? warnings : [])
            guard !all.isEmpty else { throw CommandError.data("\(list.name): it has no prompts") }
            throw CommandError.data(([list.name + ":"] + all).joined(separator: "\n  "))
        }
        if listOptions.strict || !quiet {
            // This needs the text encoder, so it comes when nothing else is wrong.
            let long = ListReport.sentences(try await batch.longPrompts(in: list))
            if listOptions.strict, !long.isEmpty {
                throw CommandError.data(([list.name + ":"] + long).joined(separator: "\n  "))
            }
            warnings += long
        }
        if !quiet {
            for text in warnings + problems.map({ "\($0); not made" }) {
                context.errors.line(printable("diorama: warning: \(list.name), \(text)"))
            }
        }
        // A line that cannot be used is told again at the end, as what failed.
        return report.items + report.problemCount
    }

    /// Runs the batch, shown as the options ask; Ctrl-C and SIGTERM stop it between steps.
    func made(
        _ list: PromptList, by batch: Batch, in folder: BatchFolder, items: Int?, _ context: CommandContext
    ) async throws -> BatchSummary {
        let reporter: any BatchReporter =
            if json {
                BatchJSONLines(output: context.output)
            } else if !quiet, let terminal = context.terminal {
                BatchDisplay(output: context.errors, terminal: terminal, items: items)
            } else {
                BatchPrinter(
                    output: context.output, errors: context.errors, folder: folder.url, isQuiet: quiet)
            }
        defer { reporter.close() }
        do {
            return try await stoppingOnSignals {
                reporter.note("Stopping after this step. Ctrl-C again ends at once.")
            } _: { [memory] in
                let summary = try await memory.holding {
                    try await batch.run(list, in: folder, items: items) { reporter.receive($0) }
                }
                reporter.conclude(summary)
                return summary
            }
        } catch let error as FolderError {
            throw CommandError(.stopped, "\(error)")
        } catch let error as FileError where error.action == "write" {
            throw CommandError(.stopped, "\(error)")
        }
    }

    /// Says how it ended, as the exit code too.
    func conclude(_ summary: BatchSummary, in context: CommandContext) throws {
        let made = counted(summary.done, "item") + " made"
        let there = summary.skipped > 0 ? ", \(summary.skipped) there already" : ""
        let failures = summary.failures.map { failure in
            "  line \(failure.line)\(failure.index.map { $0 > 0 ? ", number \($0 + 1)" : "" } ?? ""): \(failure.message)"
        }
        let more = summary.failed > failures.count ? ["  and \(summary.failed - failures.count) more"] : []
        let failed = (failures + more).joined(separator: "\n")
        switch summary.stop {
        case .cancelled:
            throw CommandError(.stopped, "stopped: \(made)\(there); the same command goes on from here")
        case .cannotWrite(let reason):
            throw CommandError(.stopped, "\(reason); \(made)\(there); the same command goes on from here")
        case nil: break
        }
        guard summary.failed == 0 else {
            throw CommandError(
                .failed, "\(counted(summary.failed, "item")) failed, \(made)\(there):\n\(failed)")
        }
        if !quiet, !json {
            let rate = summary.done > 0 ? " in \(clock(summary.seconds))" : ""
            context.errors.line("\(made)\(rate)\(there)")
        }
    }
}
