package import DioramaGraph
package import FoundationEssentials

/// What a command is given besides its options, so that none reads the process's state on its own.
package struct CommandContext: Sendable {
    /// Makes the nodes a graph may use; called only by commands that need them, so that `--version` costs nothing.
    package var catalog: @Sendable () throws -> NodeCatalog
    /// Where results go.
    package var output: TextOutput
    /// Where errors, notes and progress go.
    package var errors: TextOutput
    /// The terminal behind ``errors``; nil where progress would not be seen.
    package var terminal: Terminal?
    /// The process's environment.
    package var environment: [String: String]
    /// Where the command was started.
    package var workingFolder: URL
    /// The program's own file, where the system tells it.
    package var executable: URL?

    /// A context of these parts.
    package init(
        catalog: @escaping @Sendable () throws -> NodeCatalog, output: TextOutput, errors: TextOutput,
        terminal: Terminal? = nil, environment: [String: String], workingFolder: URL, executable: URL? = nil
    ) {
        self.catalog = catalog
        self.output = output
        self.errors = errors
        self.terminal = terminal
        self.environment = environment
        self.workingFolder = workingFolder
        self.executable = executable
    }

    /// The process's own streams, environment and working folder.
    package static func process(catalog: @escaping @Sendable () throws -> NodeCatalog) -> CommandContext {
        let environment = ProcessInfo.processInfo.environment
        return CommandContext(
            catalog: catalog, output: .descriptor(1), errors: .descriptor(2),
            terminal: .behind(2, environment: environment), environment: environment,
            workingFolder: URL(
                filePath: FileManager.default.currentDirectoryPath, directoryHint: .isDirectory),
            executable: try? URL(
                filePath: FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")))
    }
}
