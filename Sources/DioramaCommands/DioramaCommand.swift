import ArgumentParser
public import DioramaGraph
import DioramaNodes
import DioramaTensor

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The `diorama` command.
///
/// A package with nodes of its own makes a command that knows them too:
///
/// ```swift
/// import DioramaCommands
///
/// await DioramaCommand.main(nodes: [MyNode.self])
/// ```
public enum DioramaCommand {
    /// Carries out the process's arguments and ends the process: 0 done, 1 failed while running, 64 wrong usage, 65 wrong graph
    /// or file, 75 a batch stopped early, 130 stopped by Ctrl-C.
    ///
    /// - Parameter nodes: nodes to offer besides the built-in ones.
    public static func main(nodes: [any Node.Type] = []) async -> Never {
        prepareStreams()
        ProcessHeap.unify()
        endOnSignals()
        let context = CommandContext.process { try NodeCatalog.builtin + nodes }
        exit(await run(Array(CommandLine.arguments.dropFirst()), in: context).rawValue)
    }

    /// Carries out a command line.
    ///
    /// - Parameters:
    ///   - arguments: the words after `diorama`.
    ///   - context: streams, folders and nodes.
    /// - Returns: what the process shall return.
    package static func run(_ arguments: [String], in context: CommandContext) async -> CommandStatus {
        let status = await carryOut(arguments, in: context)
        guard status == .done, let reason = context.output.failure else { return status }
        context.errors.line("diorama: error: cannot write to standard output: \(reason)")
        return .failed
    }

    private static func carryOut(_ arguments: [String], in context: CommandContext) async -> CommandStatus {
        let command: any ParsableCommand
        do {
            command = try RootCommand.parseAsRoot(arguments)
        } catch {
            return answer(error, to: arguments, in: context)
        }
        guard let command = command as? any Command else {
            // The library's own: help and shell completion.
            var command = command
            do { try command.run() } catch { return answer(error, to: arguments, in: context) }
            return .done
        }
        do {
            try await command.run(in: context)
            return .done
        } catch {
            let failure = CommandError(error)
            if command.reportsJSON { context.output.line(failure.json.text()) }
            if failure.status != .interrupted, failure.status != .terminated {
                context.errors.line(printable("diorama: error: \(failure.message)"))
            }
            return failure.status
        }
    }

    /// Shows what the argument parser has to say: help and version on standard output, mistakes as one error.
    private static func answer(
        _ error: any Error, to arguments: [String], in context: CommandContext
    ) -> CommandStatus {
        if RootCommand.exitCode(for: error) == .success {
            context.output.line(RootCommand.fullMessage(for: error))
            return .done
        }
        let usage = RootCommand.fullMessage(for: error).split(separator: "\n").first {
            $0.hasPrefix("Usage:")
        }
        let message = unknownCommand(arguments) ?? RootCommand.message(for: error)
        context.errors.line(printable("diorama: error: " + message))
        if let usage { context.errors.line(String(usage)) }
        return .usage
    }

    /// The sentence for a first word that is no command; nil when it is one, or an option.
    private static func unknownCommand(_ arguments: [String]) -> String? {
        let names =
            RootCommand.configuration.subcommands.map { $0.configuration.commandName ?? "" } + ["help"]
        guard let word = arguments.first, !word.hasPrefix("-"), !names.contains(word) else { return nil }
        let guess = Spelling.nearest(to: word, in: names).map { "; did you mean '\($0)'?" }
        return "there is no command '\(word)'"
            + (guess ?? "; the commands are " + names.joined(separator: ", "))
    }
}

/// A subcommand of `diorama`.
protocol Command: ParsableCommand {
    /// Whether standard output is for programs, so that an error must be told there too.
    var reportsJSON: Bool { get }

    /// Carries the command out.
    ///
    /// - Parameter context: streams, folders and nodes.
    /// - Throws: ``CommandError``, ``Interruption``, or the error of the room that failed.
    func run(in context: CommandContext) async throws
}

extension Command {
    var reportsJSON: Bool { false }
}

/// The command itself, which only has subcommands.
struct RootCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diorama",
        abstract: "Turns node graphs into pictures.",
        discussion: """
            A graph is a JSON file in ComfyUI's API format, or a workflow of its editor. Models are folders in diffusers' layout.

              diorama render graphs/text-to-image.json --prompt "a castle at night"
              diorama batch graphs/text-to-image.json samples/prompts.txt --out pictures
              diorama check graphs/text-to-image.json
              diorama nodes KSampler
              diorama inspect samples/models/diorama-tiny

            \(CommandStatus.help)
            """,
        version: "diorama \(version)",
        subcommands: [
            RenderCommand.self, BatchCommand.self, CheckCommand.self, ConvertCommand.self, NodesCommand.self,
            InspectCommand.self, QuantizeCommand.self, DevicesCommand.self, BenchCommand.self,
            NewNodeCommand.self,
        ])

    /// This release.
    static let version = "0.1.0"
}
