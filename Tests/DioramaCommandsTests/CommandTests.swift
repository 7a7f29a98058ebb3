import DioramaCommands
import DioramaGraph
import DioramaTestSupport
import Foundation
import Testing

/// Command lines carried out in this process, on toy nodes.
@Suite struct CommandTests {
    private let temporary: TemporaryFolder
    private var folder: URL { temporary.url }

    init() throws { temporary = try TemporaryFolder() }

    private func run(_ arguments: String..., graph: GraphFile? = nil) async throws -> Outcome {
        if let graph { try Data(graph.json.text().utf8).write(to: folder.appending(path: "graph.json")) }
        return await diorama(arguments, in: folder, catalog: try Toy.catalog)
    }

    @Test func versionAndHelpAreResults() async throws {
        let version = try await run("--version")
        #expect(version.status == .done)
        #expect(version.output.hasPrefix("diorama 0."))
        for words in [["help"], ["help", "render"], ["check", "--help"]] {
            let help = await diorama(words, in: URL(filePath: "/"), catalog: try Toy.catalog)
            #expect(help.status == .done)
            #expect(help.output.contains("USAGE: diorama"))
            #expect(help.errors.isEmpty)
        }
    }

    @Test(arguments: [
        (["rendr"], "there is no command 'rendr'; did you mean 'render'?"),
        (["render"], "Missing expected argument '<graph>'"),
        (["render", "graph.json", "--threads", "0"], "--threads must be 1 to 1024, not 0"),
        (["render", "graph.json", "--threads", "-1"], "--threads must be 1 to 1024, not -1"),
        (["render", "graph.json", "--threads", "1000000000"], "--threads must be 1 to 1024, not 1000000000"),
        (["render", "graph.json", "--output", ""], "--output: the path is empty"),
        (["render", "graph.json", "--trace", ""], "--trace: the path is empty"),
        (["render", "graph.json", "--models", ""], "--models: the path is empty"),
        (["check", "graph.json", "--input", ""], "--input: the path is empty"),
        (["check", ""], "the graph: the path is empty"), (["inspect", ""], "the file: the path is empty"),
        (
            ["check", "graph.json", "--size", "-1x5"],
            "The value '-1x5' is invalid for '--size <WxH>': expected width and height in pixels, as 256x192"
        ),
        (
            ["render", "graph.json", "-o", String(repeating: "n", count: 252) + ".png"],
            "--output: the file's name has more than 255 bytes"
        ),
        (["render", "graph.json", "--repeat", "0"], "--repeat must be 1 or more, not 0"),
        (
            ["render", "graph.json", "--output", "fox.gif"],
            "--output 'fox.gif': expected a name that ends in .png"
        ),
        (["check", "graph.json", "--models", "nowhere"], "--models: there is no folder 'nowhere'"),
        (["check", "graph.json", "--set", "sampler.sedd=1"], "did you mean 'seed'?"),
        (["nodes", "KSampeler"], "there is no node 'KSampeler'; did you mean 'KSampler'?"),
        (["nodes", "--markdown", "--json"], "--markdown stands alone"),
    ])
    func wrongUsageIs64(arguments: [String], sentence: String) async throws {
        try Data(Toy.graph().json.text().utf8).write(to: folder.appending(path: "graph.json"))
        let outcome = await diorama(arguments, in: folder, catalog: try Toy.catalog)
        #expect(outcome.status == .usage)
        #expect(outcome.errors.hasPrefix("diorama: error: "))
        #expect(outcome.errors.contains(sentence))
        #expect(outcome.output.isEmpty)
    }

    @Test func anOutputInNoFolderFailsBeforeAnythingRuns() async throws {
        let outcome = try await run("render", "graph.json", "-o", "nowhere/fox.png", graph: try Toy.graph())
        #expect(outcome.status == .failed)
        #expect(outcome.errors.hasPrefix("diorama: error: cannot write nowhere/fox.png: the folder "))

        let taken = try await run(
            "render", "graph.json", "-o", "graph.json/pictures/", graph: try Toy.graph())
        #expect(taken.status == .failed)
        #expect(taken.errors.contains("graph.json is not a folder"))
    }

    @Test func checkTellsWhatWouldRun() async throws {
        let outcome = try await run("check", "graph.json", "--seed", "7", graph: try Toy.graph())
        #expect(outcome.status == .done)
        let lines = outcome.output.split(separator: "\n").map(String.init)
        try #require(lines.count > 3)
        #expect(lines.prefix(2) == ["ok: graph.json", "  nodes         6, all needed"])
        #expect(lines[2].hasPrefix("  runs          ") && lines[2].hasSuffix(", sampler, save"))
        #expect(
            lines.dropFirst(3) == [
                "  outputs       save (SaveImage)", "  prompt        a fox", "  negative      rain",
                "  seed          7",
                "  cfg           4.5", "  width         128", "  height        64",
            ])
    }

    @Test func aPromptMayBeginWithADash() async throws {
        let outcome = try await run("check", "graph.json", "--prompt", "-- a fox --", graph: try Toy.graph())
        #expect(outcome.status == .done)
        #expect(outcome.output.contains("  prompt        -- a fox --\n"))
    }

    @Test func checkNumbersEveryProblem() async throws {
        let graph = try Toy.graph(
            #"{"sampler": {"class_type": "KSampler", "inputs": {"steps": 0, "latent_image": ["empty", 0]}}}"#)
        let outcome = try await run("check", "graph.json", graph: graph)
        #expect(outcome.status == .wrongData)
        #expect(outcome.output.isEmpty)
        #expect(
            outcome.errors.hasPrefix("diorama: error: graph.json has 4 problems:\n  1. sampler (KSampler): "))
        #expect(outcome.errors.contains("\n  4. sampler (KSampler): "))
    }

    @Test func checkAnswersProgramsAsComfyUIDoes() async throws {
        let graph = try Toy.graph(#"{"empty": {"class_type": "EmptyLatentImage", "inputs": {"width": 1}}}"#)
        let outcome = try await run("check", "graph.json", "--json", graph: graph)
        #expect(outcome.status == .wrongData)
        let answer = try JSON(parsing: outcome.output.utf8)
        #expect(answer["error"]?["type"] == "prompt_outputs_failed_validation")
        #expect(answer["node_errors"]?["empty"]?["errors"]?[0]?["type"] == "value_smaller_than_min")
    }

    @Test(arguments: [
        ("graph.json", "", "graph.json: it has 0 bytes, not a graph"),
        ("graph.json", "{", "graph.json: the file is not JSON: line 1, column 2"),
        ("graph.json", #"{"nodes": [], "links": []}"#, "the graph has no output node"),
        ("nowhere.json", "", "there is no such file"),
    ])
    func whatIsNoGraphIs65(name: String, content: String, sentence: String) async throws {
        try Data(content.utf8).write(to: folder.appending(path: "graph.json"))
        let outcome = await diorama(["check", name], in: folder, catalog: try Toy.catalog)
        #expect(outcome.status == .wrongData)
        #expect(outcome.errors.contains(sentence))
        #expect(outcome.errors.filter { $0 == "\n" }.count == 1)
    }

    @Test(.timeLimit(.minutes(10))) func inspectDoesNotWaitForAPipe() async throws {
        let scheduler = folder.appending(path: "model/scheduler")
        try FileManager.default.createDirectory(at: scheduler, withIntermediateDirectories: true)
        try Data(#"{"_class_name": "P"}"#.utf8).write(to: folder.appending(path: "model/model_index.json"))
        let config = scheduler.appending(path: "scheduler_config.json").path
        #expect(mkfifo(config, 0o600) == 0)
        let outcome = await diorama(["inspect", "model"], in: folder, catalog: try Toy.catalog)
        #expect(outcome.status == .wrongData)
        #expect(outcome.errors.contains("cannot read \(config): it is a pipe"))
    }

    @Test func renderTellsProgramsOfErrorsOnStandardOutput() async throws {
        let outcome = try await run("render", "nowhere.json", "--json")
        #expect(outcome.status == .wrongData)
        let event = try JSON(parsing: outcome.output.utf8)
        #expect(event["event"] == "error")
        #expect(event["status"] == 65)
        #expect(event["message"]?.string?.contains("nowhere.json") == true)
    }

    @Test func nodesListsByCategoryWithTheFirstSentence() async throws {
        let outcome = try await run("nodes")
        #expect(outcome.status == .done)
        #expect(outcome.output.contains("\nsampling\n  KSampler                 Denoises a latent.\n"))
    }

    @Test func nodesExplainsOneInAnyCaseOfLetters() async throws {
        let outcome = try await run("nodes", "ksampler")
        #expect(
            outcome.output.hasPrefix(
                "KSampler  (KSampler, in sampling)\n\n  Denoises a latent. It takes a while."))
        #expect(outcome.output.contains("\n  steps: INT = 20, 1 to 10000\n      Number of steps.\n"))
        #expect(outcome.output.contains(#"  sampler_name: COMBO = "euler", one of euler, heun"#))
    }

    @Test func nodesGivesComfyUIsObjectInfo() async throws {
        let outcome = try await run("nodes", "KSampler", "--json")
        let info = try JSON(parsing: outcome.output.utf8)["KSampler"]
        #expect(info?["input"]?["required"]?["steps"]?[0] == "INT")
        #expect(info?["output"] == ["LATENT"])
    }
}
