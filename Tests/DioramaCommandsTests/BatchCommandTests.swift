import DioramaCommands
import DioramaGraph
import DioramaTestSupport
import FoundationEssentials
import Testing

/// `diorama batch` on toy nodes that save nothing.
@Suite(.timeLimit(.minutes(10))) struct BatchCommandTests {
    private let temporary: TemporaryFolder
    private var folder: URL { temporary.url }

    init() throws { temporary = try TemporaryFolder() }

    private func batch(_ list: String, as name: String = "list.csv", _ arguments: String...) async throws
        -> Outcome
    {
        try temporary.write(Toy.graph().json.text(), to: "graph.json")
        try temporary.write(list, to: name)
        return await diorama(
            ["batch", "graph.json", name, "--out", "out"] + arguments, in: folder, catalog: try Toy.catalog)
    }

    private var manifest: [JSON] {
        get throws {
            let text = try String(contentsOf: folder.appending(path: "out/manifest.jsonl"), encoding: .utf8)
            return try text.split(separator: "\n").map { try JSON(parsing: $0.utf8) }
        }
    }

    @Test func allDoneIs0() async throws {
        let outcome = try await batch("a fox\na hill\n", as: "list.txt", "--count", "2", "--steps", "3")
        #expect(outcome.status == .done)
        #expect(outcome.errors.hasPrefix("4 items made in "))
        #expect(outcome.output.isEmpty)
        #expect(try manifest.map { $0["seed"] }.count == 4)
        #expect(try manifest.allSatisfy { $0["settings"]?["steps"] == 3 })
        let again = try await batch("a fox\na hill\n", as: "list.txt", "--count", "2", "--steps", "3")
        #expect(again.errors == "0 items made, 4 there already\n")
    }

    @Test func quietSaysNothing() async throws {
        let outcome = try await batch("a fox\n", as: "list.txt", "--quiet")
        #expect(outcome.status == .done)
        #expect(outcome.errors.isEmpty && outcome.output.isEmpty)
    }

    @Test func oneWrongLineIs1AndToldAtTheEnd() async throws {
        let outcome = try await batch("prompt,steps\na,1\nb,0\nc,2\n")
        #expect(outcome.status == .failed)
        #expect(
            outcome.errors == """
                diorama: warning: list.csv, line 3: sampler (KSampler): "steps" is 0, below its minimum 1; not made
                diorama: error: 1 item failed, 2 items made:
                  line 3: sampler (KSampler): "steps" is 0, below its minimum 1

                """)
        #expect(try manifest.count == 2)
    }

    @Test func strictMakesNothingBeforeAllIsMended() async throws {
        let outcome = try await batch("prompt,mood\na,calm\na,calm\n", "--strict")
        #expect(outcome.status == .wrongData)
        #expect(outcome.errors.contains("line 3: it repeats line 2"))
        #expect(outcome.errors.contains("the name 'mood' says nothing here"))
        #expect(!FileManager.default.fileExists(atPath: folder.appending(path: "out").path))
    }

    @Test(arguments: [
        ("", "list.csv: it has no prompts"), ("prompt,steps\na,0\nb,0\n", "lines 2, 3: sampler (KSampler)"),
        ("color\nred\n", "list.csv: its first line names no input"),
    ])
    func aListWithNothingToMakeIs65(list: String, sentence: String) async throws {
        let outcome = try await batch(list)
        #expect(outcome.status == .wrongData)
        #expect(outcome.errors.contains(sentence), "\(outcome.errors)")
    }

    @Test func aMissingListIs65() async throws {
        try temporary.write(Toy.graph().json.text(), to: "graph.json")
        let outcome = await diorama(
            ["batch", "graph.json", "nowhere.txt", "--out", "out"], in: folder, catalog: try Toy.catalog)
        #expect(outcome.status == .wrongData)
        #expect(outcome.errors == "diorama: error: nowhere.txt: there is no such file\n")
    }

    @Test(arguments: [
        (["--count", "0"], "--count must be 1 or more, not 0"),
        (["--shard", "4/4"], "--shard takes i/n with i from 0 to n-1"),
        (["--shard", "auto"], "--shard auto: this is no array job"),
        (
            ["--name", "{lime}"],
            "--name: '{lime}' has the word {lime}, which there is not; did you mean {line}?"
        ),
        (
            ["--name", "{line}", "--count", "2"],
            "gives all 2 pictures of a line one name; add {index}, {seed} or {id}"
        ),
        (["--grid", "stps=1,2"], "--grid stps: there is no such setting; did you mean 'steps'?"),
        (["--grid", "steps"], "--grid takes setting=values"),
        (["--format", "xml"], "--format 'xml': expected one of txt, csv"),
        (["--wildcards", "nowhere"], "--wildcards: there is no folder 'nowhere'"),
        (["--retry", "-1"], "--retry"),
        (["--set", "sampler.sedd=1"], "did you mean 'seed'?"),
    ])
    func wrongUsageIs64(arguments: [String], sentence: String) async throws {
        try temporary.write(Toy.graph().json.text(), to: "graph.json")
        try temporary.write("a fox\n", to: "list.txt")
        let outcome = await diorama(
            ["batch", "graph.json", "list.txt", "--out", "out"] + arguments, in: folder,
            catalog: try Toy.catalog)
        #expect(outcome.status == .usage)
        #expect(outcome.errors.contains(sentence), "\(outcome.errors)")
    }

    @Test func aPatternThatGivesTwoPicturesOneNameIsToldBeforeAnythingRuns() async throws {
        let outcome = try await batch("fox a\nfox b\nfox c\nowl\n", as: "list.txt", "--name", "{prompt:3}")
        #expect(outcome.status == .usage)
        #expect(
            outcome.errors.hasPrefix(
                "diorama: error: --name '{prompt:3}' gives lines 1 and 2 one name, fox; add {line} or {id} "
                    + "(1 more picture would take a name that is taken)\n"), "\(outcome.errors)")
        #expect(!FileManager.default.fileExists(atPath: folder.appending(path: "out").path))
        let planned = try await batch("fox a\nfox b\n", as: "list.txt", "--name", "{prompt:3}", "--plan")
        #expect(planned.status == .usage)
        let apart = try await batch("fox a\nfox b\n", as: "list.txt", "--name", "{prompt:3}-{line}")
        #expect(apart.status == .done)
    }

    @Test func anUnknownNodeIsToldOfTheGraphBeforeAListIsRead() async throws {
        let graph = try JSON(parsing: Toy.graph().json.text().utf8)
        var nodes = try #require(graph.object)
        nodes["x"] = ["class_type": "Nope", "inputs": [:], "_meta": ["title": "My node"]]
        try temporary.write(JSON.object(nodes).text(), to: "graph.json")
        let outcome = await diorama(
            ["batch", "graph.json", "nowhere.txt", "--out", "out"], in: folder, catalog: try Toy.catalog)
        #expect(outcome.status == .wrongData)
        #expect(
            outcome.errors.hasPrefix(
                "diorama: error: graph.json: x (Nope \"My node\"): there is no node class \"Nope\""),
            "\(outcome.errors)")
    }

    @Test func graphAndListCannotShareAStream() async throws {
        let outcome = await diorama(
            ["batch", "-", "-", "--out", "out"], in: folder, catalog: try Toy.catalog)
        #expect(outcome.status == .usage)
    }

    @Test func aFolderThatCannotBeWrittenIs75() async throws {
        try temporary.write("a file", to: "out")
        let outcome = try await batch("prompt\na\n")
        #expect(outcome.status == .stopped)
        #expect(outcome.errors.contains("the folder cannot be made"))
    }

    @Test func eventsAreJSON() async throws {
        let outcome = try await batch("prompt,steps\na,1\nb,0\n", "--json")
        #expect(outcome.status == .failed)
        let events = try outcome.output.split(separator: "\n").map { try JSON(parsing: $0.utf8) }
        #expect(
            events.compactMap { $0["event"]?.string } == [
                "started", "item_started", "line_failed", "item_done", "finished", "error",
            ]
                || events.compactMap { $0["event"]?.string } == [
                    "started", "line_failed", "item_started", "item_done", "finished", "error",
                ])
        #expect(events[0]["items"] == 2)
        let done = try #require(events.first { $0["event"] == "item_done" })
        #expect(done["prompt"] == "a" && done["line"] == 2)
        #expect(events.last?["status"] == 1)
    }

    @Test func theLineShowsTheWholeAndTheItem() {
        var progress = BatchProgress(items: 200)
        progress.settled = 50
        progress.made = 40
        progress.failed = 1
        progress.title = "a red fox in the snow at dawn, long words follow"
        progress.node = ProgressState(title: "KSampler", step: 5, total: 20, elapsed: 1)
        progress.elapsed = 20
        #expect(
            progress.line(columns: 140)
                == "50/200  a red fox in the snow at dawn, long word  ━━━━━━━───────────────────────  KSampler 5/20  1 failed  "
                + "2.0 a second  1:15 left  20.0 s")
        for columns in 0...140 { #expect(progress.line(columns: columns).count <= max(0, columns - 1)) }
        #expect(BatchProgress(items: nil).line(columns: 80) == "0  0.0 s")
    }
}

/// Questions about a batch's folder.
@Suite(.timeLimit(.minutes(10))) struct BatchQuestionTests {
    private let temporary: TemporaryFolder
    private var folder: URL { temporary.url }

    init() throws {
        temporary = try TemporaryFolder()
        try temporary.write(Toy.graph().json.text(), to: "graph.json")
        try temporary.write("a fox\na hill\n", to: "list.txt")
    }

    private func batch(_ arguments: String...) async throws -> Outcome {
        await diorama(["batch"] + arguments, in: folder, catalog: try Toy.catalog)
    }

    @Test func statusTellsWhatIsMissing() async throws {
        #expect(try await batch("graph.json", "list.txt", "--out", "out").status == .done)
        let status = try await batch("--status", "out")
        #expect(status.status == .done)
        #expect(status.output.hasPrefix("2 items done: 0 files"), "\(status.output)")
        #expect(status.output.contains("no batch is at work"))
        try temporary.write("a fox\na hill\na boat\n", to: "list.txt")
        let outcome = try await batch("graph.json", "list.txt", "--status", "out", "--json")
        let json = try JSON(parsing: outcome.output.utf8)
        #expect(json["done"] == 2)
        #expect(json["items"] == 3)
        #expect(json["missing"] == 1)
        #expect(json["at_work"] == false)
    }

    @Test func verifyIs1WhereSomethingIsWrong() async throws {
        #expect(try await batch("graph.json", "list.txt", "--out", "out").status == .done)
        let line = #"{"id":"00000000000000ab","line":7,"files":[{"file":"x.png","bytes":3,"hash":"0"}]}"#
        let manifest = folder.appending(path: "out/manifest.jsonl")
        let text = try String(contentsOf: manifest, encoding: .utf8)
        try Data((text + line + "\n").utf8).write(to: manifest)
        let outcome = try await batch("--verify", "out", "--json")
        #expect(outcome.status == .failed)
        let first = try #require(outcome.output.split(separator: "\n").first)
        let json = try JSON(parsing: first.utf8)
        #expect(
            json["findings"]?.array?.contains(["file": "x.png", "problem": "it is not there"]) == true)
    }

    @Test func mergeTellsWhatItJoined() async throws {
        for shard in ["0/2", "1/2"] {
            #expect(
                try await batch("graph.json", "list.txt", "--out", "out", "--shard", shard).status == .done)
        }
        let outcome = try await batch("--merge", "out")
        #expect(outcome.status == .done)
        #expect(outcome.output == "2 manifests with 2 lines joined: 2 items in manifest.jsonl\n")
    }

    @Test(arguments: [
        (["--status", "out", "--verify", "out"], "--status and --verify exclude each other"),
        (["--verify", "out", "--out", "out"], "--verify names the folder itself"),
        (["graph.json", "list.txt", "--merge", "out"], "--merge takes no graph and no list"),
        (["graph.json", "--status", "out"], "--status takes a graph and a list, or neither"),
        ([], "a batch needs a graph and a list"), (["graph.json"], "a batch needs a list behind its graph"),
        (["graph.json", "list.txt"], "a batch needs a folder for its pictures"),
    ])
    func wrongUsageIs64(arguments: [String], sentence: String) async throws {
        let outcome = await diorama(["batch"] + arguments, in: folder, catalog: try Toy.catalog)
        #expect(outcome.status == .usage)
        #expect(outcome.errors.contains(sentence), "\(outcome.errors)")
    }

    @Test func aFolderWithoutABatchIs65() async throws {
        let outcome = try await batch("--status", "nowhere")
        #expect(outcome.status == .wrongData)
        #expect(outcome.errors.contains("it is no folder, so no batch was made there"))
    }
}
