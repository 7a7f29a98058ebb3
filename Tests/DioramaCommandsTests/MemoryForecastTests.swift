import Diorama
import DioramaCommands
import DioramaGraph
import DioramaTestSupport
import Foundation
import Testing

#if os(Linux)
/// What `check --memory` predicts against what the same render takes by the system's count.
@Suite(.serialized) struct MemoryForecastTests {
    private let workshop: Workshop

    init() throws { workshop = try Workshop() }

    /// Graphs and options; threads are no more than there are processors, which is when all of them are busy.
    @Test(arguments: [
        "text-to-image --threads 1", "text-to-image --threads 2",
        // Weights that are packed and stay, from the seventh product on.
        "text-to-image --steps 8 --threads 1", "text-to-image --steps 24 --threads 2",
        "text-to-image --steps 8 --precision bf16 --threads 2",
        "text-to-image --steps 8 --precision int8 --threads 2",
        "text-to-image --size 256x256 --threads 1", "text-to-image --size 256x256 --threads 3",
        "text-to-image --size 384x384 --threads 2", "text-to-image --size 384x256 --threads 4",
        "text-to-image --set latent.batch_size=2 --threads 2",
        "text-to-image --set latent.batch_size=8 --size 192x192 --threads 4",
        "text-to-image --precision f32 --threads 2", "text-to-image --precision bf16 --threads 2",
        "text-to-image --precision int8 --threads 2",
        "text-to-image --precision bf16 --size 384x384 --threads 2",
        "text-to-image --set sampler.sampler_name=dpmpp_3m_sde --threads 2",
        "text-to-image --cfg 1 --size 256x256 --threads 2",
        "image-to-image --threads 2", "inpaint --threads 2", "lora --threads 2", "jpeg --threads 2",
        "two-sizes --threads 2", "skip-layer-guidance --threads 2",
        "large --threads 1", "large --threads 2", "large --precision bf16 --threads 2",
    ])
    func within10Percent(line: String) throws {
        try writeLargeGraph()
        var words = line.split(separator: " ").map(String.init)
        let graph = words[0]
        words[0] = "graphs/\(graph).json"
        let processors = ProcessInfo.processInfo.activeProcessorCount
        for index in words.indices where index > 0 && words[index - 1] == "--threads" {
            words[index] = "\(min(Int(words[index]) ?? 1, processors))"
        }
        if graph == "two-sizes" {
            words += ["--set", "draft.steps=2", "--set", "sampler.steps=2"]
        } else if !words.contains("--steps") {
            words += ["--steps", "3"]
        }
        words += ["--models", Repository.url("samples/models").path, "--json"]

        let check = try Binary(["check", "--memory"] + words, in: workshop.url).end()
        try #require(check.status == 0, "\(check.output)\(check.errors)")
        #expect(workshop.names(in: ".") == ["graphs", "input", "models"])
        let memory = try #require(try JSON(parsing: Array(check.output.utf8)).object?["memory"]?.object)
        let predicted = try #require(memory["peak_memory_bytes"]?.integer)

        let render = try Binary(["render"] + words, in: workshop.url).end()
        try #require(render.status == 0, "\(render.output)")
        let last = try #require(render.output.split(separator: "\n").last)
        let measured = try #require(
            try JSON(parsing: Array(last.utf8)).object?["peak_memory_bytes"]?.integer)
        #expect(
            abs(Double(predicted) / Double(measured) - 1) <= 0.1,
            "\(line): \(predicted >> 10) KiB predicted, \(measured >> 10) KiB measured; \(memory)")
    }

    /// Text to image in 512 by 512 pixels, more than the small transformer takes at once.
    private func writeLargeGraph() throws {
        let file = workshop.url.appending(path: "graphs/text-to-image.json")
        var graph = try #require(try JSON(parsing: Array(Data(contentsOf: file))).object)
        graph["enlarge"] = [
            "class_type": "LatentUpscale",
            "inputs": [
                "samples": ["sampler", 0], "upscale_method": "bilinear", "width": 512, "height": 512,
                "crop": "disabled",
            ],
        ]
        graph["decode"] = [
            "class_type": "VAEDecode",
            "inputs": ["samples": ["enlarge", 0], "vae": ["checkpoint", "VAE"]],
        ]
        try JSON.object(graph).text().write(
            to: workshop.url.appending(path: "graphs/large.json"), atomically: true, encoding: .utf8)
    }

    @Test func saysWhatThePeakIsMadeOf() throws {
        let end = try workshop.run("check", "--memory", "graphs/text-to-image.json")
        #expect(end.status == 0)
        let lines = end.output.split(separator: "\n").map(String.init)
        for name in ["  peak memory ", "    program ", "    weights ", "    tensors ", "  least "] {
            #expect(lines.contains { $0.hasPrefix(name) }, "\(end.output)")
        }
        #expect(lines.contains { $0.contains("MiB, reached in ") })
        // Without the option nothing is opened.
        #expect(
            try workshop.run("check", "graphs/text-to-image.json").output.contains("peak memory") == false)
    }

    @Test func aModelThatCannotBeReadIsTold() throws {
        try workshop.change("models/diorama-tiny/transformer/diffusion_pytorch_model.safetensors") {
            $0.removeLast($0.count / 2)
        }
        let end = try workshop.run("check", "--memory", "graphs/text-to-image.json")
        #expect(end.status != 0)
        #expect(end.errors.hasPrefix("diorama: error: "))
        #expect(try workshop.run("check", "graphs/text-to-image.json").status == 0)
    }

    @Test func moreThanThereIsCanBePlanned() throws {
        // 1024 pictures at once, each of 384 by 384.
        let end = try workshop.run(
            "check", "--memory", "--json", "graphs/text-to-image.json", "--size", "384x384", "--set",
            "latent.batch_size=1024", "--steps", "1", "--threads", "2",
            // In KiB: far less than what is planned, but for addresses.
            shell: #"ulimit -d 4000000; exec "$@""#)
        #expect(end.status == 0, "\(end.errors)")
        let memory = try #require(try JSON(parsing: Array(end.output.utf8)).object?["memory"]?.object)
        #expect(try #require(memory["peak_memory_bytes"]?.integer) > 8 << 30)
    }

    /// A picture of one color, and what becomes of it.
    private func drawn(_ arguments: String..., output className: String) async throws -> Outcome {
        let graph: JSON = [
            "color": [
                "class_type": "EmptyImage",
                "inputs": ["width": 64, "height": 64, "batch_size": 1, "color": 255],
            ],
            "end": ["class_type": .string(className), "inputs": ["images": ["color", 0]]],
        ]
        try graph.text().write(
            to: workshop.url.appending(path: "drawn.json"), atomically: true, encoding: .utf8)
        let (output, errors) = (Recorded(), Recorded())
        let context = CommandContext(
            catalog: { try NodeCatalog.builtin + [OwnSaveNode.self] }, output: output.output,
            errors: errors.output, terminal: Terminal { 80 }, environment: [:], workingFolder: workshop.url)
        let status = await DioramaCommand.run(arguments + ["drawn.json"], in: context)
        return Outcome(status: status, output: output.text, errors: errors.text)
    }

    @Test func aTerminalIsToldOfThePeak() async throws {
        let end = try await drawn("render", output: "SaveImage")
        #expect(end.status == .done)
        let last = try #require(end.errors.split(separator: "\n").last)
        #expect(last.contains("peak memory ") && last.hasSuffix("iB"), "\(end.errors)")
        #expect(try await drawn("render", "--quiet", output: "SaveImage").errors == "")
    }

    @Test func outputNodesOfOthersDoNotRun() async throws {
        #expect(try await drawn("render", output: "OwnSave").status != .done)
        let end = try await drawn("check", "--memory", output: "OwnSave")
        #expect(end.status == .done, "\(end.errors)")
        #expect(end.output.contains("peak memory"))
    }
}

/// A node that would write something.
private struct OwnSaveNode: Node {
    static let spec = NodeSpec("OwnSave", category: "test", "Fails when it runs.", isOutput: true)

    @Input("Pictures.") var images: ImageBatch

    func run(_ context: RunContext) async throws { throw context.fail($images, "must not be written") }
}
#endif
