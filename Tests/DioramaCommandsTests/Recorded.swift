import DioramaCommands
import DioramaGraph
import FoundationEssentials
import Synchronization

/// Text that a command wrote.
final class Recorded: Sendable {
    private let written = Mutex("")

    var text: String { written.withLock { $0 } }
    var lines: [String] { text.split(separator: "\n").map(String.init) }
    var output: TextOutput { TextOutput { piece in self.written.withLock { $0 += piece } } }
}

/// What a command line did.
struct Outcome {
    let status: CommandStatus
    let output, errors: String
}

/// Carries out a command line in this process.
///
/// - Parameters:
///   - arguments: the words after `diorama`.
///   - folder: the working folder.
///   - catalog: the nodes.
/// - Returns: the status and what was written.
func diorama(_ arguments: [String], in folder: URL, catalog: NodeCatalog) async -> Outcome {
    let (output, errors) = (Recorded(), Recorded())
    let context = CommandContext(
        catalog: { catalog }, output: output.output, errors: errors.output, environment: [:],
        workingFolder: folder)
    let status = await DioramaCommand.run(arguments, in: context)
    return Outcome(status: status, output: output.text, errors: errors.text)
}
