import DioramaCommands
import DioramaTestSupport
import Foundation
import Testing

/// The command under processes, streams and limits that are not as they should be.
@Suite(.serialized) struct ProcessTests {
    private let workshop: Workshop
    private static let render = ["render", "graphs/text-to-image.json", "--steps", "1", "-o", "fox.png"]

    init() throws { workshop = try Workshop() }

    private func run(_ arguments: [String], shell: String) throws -> Ending {
        try Binary(arguments, in: workshop.url, shell: shell).end()
    }

    /// Whether `fox.png` is a picture with a graph, and no other file was left.
    private func expectPicture(sourceLocation: SourceLocation = #_sourceLocation) throws {
        #expect(try workshop.run("check", "fox.png").status == 0, sourceLocation: sourceLocation)
        let names = ["fox.png", "graphs", "input", "models"]
        #expect(workshop.names(in: ".") == names, sourceLocation: sourceLocation)
    }

    @Test(arguments: [
        #"exec "$@" >&-"#, #"exec "$@" 2>&-"#, #"exec "$@" <&-"#, #"exec "$@" <&- >&- 2>&-"#,
    ])
    func closedStreamsDoNotReachThePicture(shell: String) throws {
        // What is printed would land in the file that takes the number of the stream.
        #expect(try run(Self.render + ["--json"], shell: shell).status == 0)
        try expectPicture()
    }

    @Test func aReaderThatLeavesStopsNothing() throws {
        // The pipe's other end is closed before anything is printed.
        let shell = #"{ sleep 0.2; "$@"; echo "$?" >status; } | true"#
        for arguments in [Self.render, Self.render + ["--json"], ["nodes", "--markdown"]] {
            _ = try run(arguments, shell: shell)
            let status = try Data(contentsOf: workshop.url.appending(path: "status"))
            #expect(String(decoding: status, as: UTF8.self) == "0\n")
        }
        try FileManager.default.removeItem(at: workshop.url.appending(path: "status"))
        try expectPicture()
    }

    @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full"), "needs /dev/full"))
    func aFullStandardOutputIsAnError() throws {
        for arguments in [["nodes"], ["--help"], ["check", "graphs/jpeg.json", "--json"]] {
            let end = try run(arguments, shell: #"exec "$@" >/dev/full"#)
            #expect(end.status == 1)
            #expect(end.errors == "diorama: error: cannot write to standard output: the disk is full\n")
        }
    }

    @Test func tooLittleMemoryIsOneSentence() throws {
        // In KiB: enough for the model, not for 512 pictures of 384 by 384 at once.
        let end = try run(
            Self.render + ["--size", "384x384", "--set", "latent.batch_size=512"],
            shell: #"ulimit -v 2000000; exec "$@""#)
        #expect(end.status == 1)
        #expect(end.errors.hasPrefix("diorama: error: out of memory: "), "\(end.errors)")
        #expect(end.errors.hasSuffix("; ask for smaller pictures or fewer at once\n"), "\(end.errors)")
        #expect(end.errors.split(separator: "\n").count == 1)
        #expect(workshop.names(in: ".") == ["graphs", "input", "models"])
    }

    @Test func aLimitOnTheSizeOfFilesIsOneSentence() throws {
        let end = try run(Self.render, shell: #"ulimit -f 1; exec "$@""#)
        #expect(end.status == 1)
        #expect(end.errors.contains("cannot write"))
        #expect(workshop.names(in: ".") == ["graphs", "input", "models"])
    }

    @Test(arguments: [(SIGINT, CommandStatus.interrupted), (SIGTERM, CommandStatus.terminated)])
    func aSignalBeforeTheRenderEndsAtOnce(signal: Int32, status: CommandStatus) throws {
        // The graph never comes: the command waits for a writer of the pipe, and then for its end.
        let pipe = workshop.url.appending(path: "graph.json").path
        try #require(mkfifo(pipe, 0o600) == 0)
        let command = try Binary(["render", "graph.json"], in: workshop.url)
        var writer: Int32 = -1
        while writer < 0, command.isRunning { writer = open(pipe, O_WRONLY | O_NONBLOCK) }
        defer { close(writer) }
        if signal == SIGINT { command.interrupt() } else { command.terminate() }
        let end = try command.end()
        #expect(end.status == status.rawValue)
        #expect(end.errors.isEmpty)
    }

    @Test func twoSignalsLeaveNothing() throws {
        for wait in 0..<8 {
            let command = try Binary(
                ["render", "graphs/text-to-image.json", "--steps", "5000", "--json", "-o", "fox.png"],
                in: workshop.url)
            #expect(try command.waits(for: #""event": "progress", "node": "sampler", "step": 1"#))
            command.interrupt()
            Thread.sleep(forTimeInterval: 0.002 * Double(wait))
            command.interrupt()
            #expect(try command.end().status == 130)
            #expect(workshop.names(in: ".") == ["graphs", "input", "models"])
        }
    }
}
