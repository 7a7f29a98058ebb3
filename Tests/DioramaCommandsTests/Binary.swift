import DioramaCommands
import DioramaTestSupport
import Foundation

/// The built `diorama` command, run as a user runs it, its streams in files.
final class Binary {
    private let process = Process()
    private let streams: TemporaryFolder

    /// Starts the command.
    ///
    /// - Parameters:
    ///   - arguments: the words after `diorama`.
    ///   - folder: the working folder.
    ///   - shell: what `sh` shall do with the command, which is `"$@"`; nil starts it without a shell.
    ///   - input: standard input.
    /// - Throws: what starting it throws, above all when it has not been built.
    init(_ arguments: [String], in folder: URL, shell: String? = nil, input: [UInt8] = []) throws {
        streams = try TemporaryFolder()
        process.standardInput = try FileHandle(forReadingFrom: try streams.write(input, to: "input"))
        process.standardOutput = try FileHandle(forWritingTo: try streams.write("", to: "output"))
        process.standardError = try FileHandle(forWritingTo: try streams.write("", to: "errors"))
        // The test bundle and the command are built into one folder.
        let bundle = URL(filePath: CommandLine.arguments[0])
        let command = bundle.deletingLastPathComponent().appending(path: "diorama")
        process.executableURL = shell == nil ? command : URL(filePath: "/bin/sh")
        process.arguments = shell.map { ["-c", $0, "sh", command.path] + arguments } ?? arguments
        process.currentDirectoryURL = folder
        try process.run()
    }

    /// Waits until the command has written `text` to standard output.
    ///
    /// - Parameter text: what to wait for.
    /// - Returns: false when the command ended without it.
    /// - Throws: what reading its output throws.
    func waits(for text: String) throws -> Bool {
        while process.isRunning {
            if try written("output").contains(text) { return true }
            Thread.sleep(forTimeInterval: 0.01)
        }
        return false
    }

    /// Whether it has not ended yet.
    var isRunning: Bool { process.isRunning }

    /// Sends SIGINT, as Ctrl-C does.
    func interrupt() { process.interrupt() }

    /// Sends SIGTERM.
    func terminate() { process.terminate() }

    /// Sends SIGKILL, which no process can hear.
    func kill() { Foundation.kill(process.processIdentifier, SIGKILL) }

    /// Waits for the end.
    ///
    /// - Throws: what reading its output throws.
    /// - Returns: the exit status (a signal's number below zero where one killed it) and what was written.
    func end() throws -> Ending {
        process.waitUntilExit()
        let status = process.terminationStatus
        return Ending(
            status: process.terminationReason == .exit ? status : -status, output: try written("output"),
            errors: try written("errors"))
    }

    private func written(_ stream: String) throws -> String {
        String(decoding: try Data(contentsOf: streams.url.appending(path: stream)), as: UTF8.self)
    }
}

/// How a command ended and what it wrote.
struct Ending {
    let status: Int32
    let output, errors: String
}

/// A folder with `graphs/`, `models/diorama-tiny/` and `input/` of its own, to break things in.
struct Workshop {
    private let temporary: TemporaryFolder
    /// The folder.
    var url: URL { temporary.url }
    /// The model folder.
    var model: URL { url.appending(path: "models/diorama-tiny") }

    /// Copies the repository's graphs, input and small model.
    init() throws {
        temporary = try TemporaryFolder()
        let files = FileManager.default
        try files.createDirectory(at: url.appending(path: "models"), withIntermediateDirectories: true)
        try files.copyItem(at: Repository.url("graphs"), to: url.appending(path: "graphs"))
        try files.copyItem(at: Repository.url("samples/input"), to: url.appending(path: "input"))
        try files.copyItem(at: Repository.url("samples/models/diorama-tiny"), to: model)
    }

    /// Runs the command to its end in this folder; `shell` is as in ``Binary``.
    func run(_ arguments: String..., shell: String? = nil, input: [UInt8] = []) throws -> Ending {
        try Binary(arguments, in: url, shell: shell, input: input).end()
    }

    /// Changes a file in place.
    func change(_ path: String, _ body: (inout Data) throws -> Void) throws {
        let file = url.appending(path: path)
        var data = try Data(contentsOf: file)
        try body(&data)
        try data.write(to: file)
    }

    /// The names in a folder, hidden ones too; none when there is no folder.
    func names(in path: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: url.appending(path: path).path)) ?? [])
            .sorted()
    }
}
