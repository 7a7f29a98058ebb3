import DioramaCommands
import DioramaGraph
import DioramaImage
import Foundation
import Testing

/// What goes wrong on users' machines: one clear message, the right exit code, no partial file.
@Suite(.serialized) struct FailureTests {
    private let workshop: Workshop
    private static let weights = "models/diorama-tiny/vae/diffusion_pytorch_model.safetensors"

    init() throws { workshop = try Workshop() }

    /// Renders a graph to `fox.png` and expects one error and no picture.
    private func expectFailure(
        _ status: CommandStatus, _ sentences: String..., graph: String = "graphs/text-to-image.json",
        output: String = "fox.png", sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let before = workshop.names(in: ".")
        let end = try workshop.run("render", graph, "--steps", "1", "-o", output)
        #expect(end.status == status.rawValue, sourceLocation: sourceLocation)
        #expect(end.output.isEmpty, sourceLocation: sourceLocation)
        #expect(end.errors.hasPrefix("diorama: error: "), sourceLocation: sourceLocation)
        for sentence in sentences {
            #expect(end.errors.contains(sentence), "\(end.errors)", sourceLocation: sourceLocation)
        }
        #expect(workshop.names(in: ".") == before, sourceLocation: sourceLocation)
    }

    @Test func truncatedWeights() throws {
        try workshop.change(Self.weights) { $0 = $0.prefix($0.count / 2) }
        try expectFailure(.wrongData, "vae/diffusion_pytorch_model.safetensors: not a valid safetensors file")
    }

    @Test(arguments: [2, 7, 8, 9]) func flippedBitsInTheHeader(byte: Int) throws {
        try workshop.change(Self.weights) { $0[byte] ^= 0x40 }
        try expectFailure(.wrongData, "vae/diffusion_pytorch_model.safetensors: not a valid safetensors file")
    }

    @Test func wrongShape() throws {
        // The same number of elements in another shape: only the model can tell.
        try workshop.change(Self.weights) { data in
            let key = try #require(data.firstRange(of: Data(#""decoder.conv_in.weight":"#.utf8)))
            let shape = try #require(data[key.upperBound...].firstRange(of: Data(",3,3]".utf8)))
            data.replaceSubrange(shape, with: Data(",9,1]".utf8))
        }
        try expectFailure(.wrongData, "decoder.conv_in.weight", ", 9, 1]", ", 3, 3]")
    }

    @Test func missingPart() throws {
        try FileManager.default.removeItem(at: workshop.model.appending(path: "text_encoder_2"))
        try expectFailure(.wrongData, "the model folder is not complete", "text_encoder_2")
    }

    @Test func missingWeights() throws {
        try FileManager.default.removeItem(at: workshop.url.appending(path: Self.weights))
        try expectFailure(.wrongData, "the model folder is not complete", "vae/ has no weights")
    }

    @Test func missingModel() throws {
        try FileManager.default.removeItem(at: workshop.model)
        try expectFailure(
            .wrongData, #""ckpt_name" is "diorama-tiny""#, "/models; other folders can be named with --models"
        )
        try FileManager.default.removeItem(at: workshop.url.appending(path: "models"))
        try expectFailure(.wrongData, "no folder of models was found; name one with --models")
    }

    @Test func tenMistakes() throws {
        let graph = """
            {"checkpoint": {"class_type": "CheckpointLoaderSimpel", "inputs": {"ckpt_name": "diorama-tiny"}},
             "model": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "diorama-tyni"}},
             "prompt": {"class_type": "CLIPTextEncode", "inputs": {"text": "a fox", "clip": ["model", "MODEL"]}},
             "avoid": {"class_type": "CLIPTextEncode", "inputs": {"text": "", "clip": ["nobody", 0]}},
             "latent": {"class_type": "EmptySD3LatentImage", "inputs": {"width": 1, "height": 99999}},
             "sampler": {"class_type": "KSampler", "inputs": {"model": ["model", 7], "seed": "seven", "steps": 0,
                "sampler_name": "eulr", "positive": ["prompt", 0], "negative": ["avoid", 0],
                "latent_image": ["latent", 0]}},
             "decode": {"class_type": "VAEDecode", "inputs": {"samples": ["sampler", 0]}},
             "save": {"class_type": "SaveImage", "inputs": {"images": ["decode", 0]}}}
            """
        try Data(graph.utf8).write(to: workshop.url.appending(path: "graphs/wrong.json"))
        let end = try workshop.run("check", "graphs/wrong.json")
        #expect(end.status == 65)
        for sentence in [
            "did you mean \"CheckpointLoaderSimple\"", "diorama-tyni", "\"nobody\"", "\"width\"",
            "\"height\"",
            "seven", "\"steps\"", "did you mean \"euler\"", "\"vae\"", "MODEL",
        ] {
            #expect(end.errors.contains(sentence), "\(end.errors)")
        }
        #expect(end.errors.contains("\n  10. "))
        try expectFailure(.wrongData, "\n  10. ", graph: "graphs/wrong.json")
    }

    @Test func anEmptyPicture() throws {
        try workshop.change("input/castle.png") { $0 = Data() }
        try expectFailure(.wrongData, "0 bytes", graph: "graphs/image-to-image.json")
        try expectFailure(.wrongData, "0 bytes", graph: "input/castle.png")
    }

    @Test func aHugePicture() throws {
        // Width and height in the header; its checksum follows.
        try workshop.change("input/castle.png") { data in
            data.replaceSubrange(16..<24, with: [0, 0, 0x4E, 0x20, 0, 0, 0x4E, 0x20])
            data.replaceSubrange(29..<33, with: crc32(data[12..<29]))
        }
        try expectFailure(.wrongData, "20000 x 20000 is too large", graph: "graphs/image-to-image.json")
    }

    @Test func aPictureWithoutGraph() throws {
        try expectFailure(
            .wrongData, "input/castle.png: this PNG carries no graph", graph: "input/castle.png")
    }

    @Test func aPictureWithOnlyAWorkflow() throws {
        let picture = try PNG.encode(
            Bitmap(width: 1, height: 1, channels: .gray, pixels: [0]),
            metadata: ["workflow": #"{"nodes": [{"id": 1, "type": "KSampeler", "widgets_values": [1]}]}"#])
        try Data(picture).write(to: workshop.url.appending(path: "input/flow.png"))
        try expectFailure(
            .wrongData, #"there is no node class "KSampeler"; did you mean "KSampler"?"#,
            graph: "input/flow.png")
    }

    @Test func anUnwritableOutput() throws {
        try expectFailure(.failed, "cannot write nowhere/fox.png: the folder", output: "nowhere/fox.png")
        try expectFailure(.failed, "is not a folder", output: "graphs/jpeg.json/fox.png")
    }

    @Test(arguments: [
        ("nowhere/trace.json", "the folder "), ("graphs", "a folder has this name; choose another\n"),
        ("/dev/null", "a device has this name; choose another\n"),
    ])
    func anUnwritableTrace(path: String, reason: String) throws {
        let end = try workshop.run("render", "graphs/text-to-image.json", "--trace", path)
        #expect(end.status == 1)
        #expect(end.errors.hasPrefix("diorama: error: cannot write \(path): \(reason)"), "\(end.errors)")
        #expect(workshop.names(in: ".") == ["graphs", "input", "models"])
    }

    @Test func aPrefixThatCannotBeSavedIsFoundBeforeTheRender() throws {
        let graph = [
            "render", "graphs/text-to-image.json", "--steps", "1", "--set", "save.filename_prefix=../fox",
        ]
        let end = try Binary(graph + ["--json"], in: workshop.url).end()
        #expect(end.status == 65)
        #expect(end.errors.contains(#""filename_prefix": the name "../fox" must stay inside its folder"#))
        #expect(!end.output.contains("node_started"))
        // Where the command line says where the picture goes, the prefix does not matter.
        #expect(try Binary(graph + ["-o", "fox.png"], in: workshop.url).end().status == 0)
    }

    @Test func guidanceThatIsNoNumber() throws {
        let end = try workshop.run("render", "graphs/text-to-image.json", "--cfg", "nan", "-o", "fox.png")
        #expect(end.status == 65)
        #expect(end.errors.contains(#""cfg" takes a FLOAT: NaN is not a number"#), "\(end.errors)")
    }

    @Test func aPipeAmongThePictures() throws {
        let castle = workshop.url.appending(path: "input/castle.png")
        try FileManager.default.removeItem(at: castle)
        try #require(mkfifo(castle.path, 0o600) == 0)
        try expectFailure(
            .wrongData, #""image": the name "castle.png" is no file but a folder or a device"#,
            graph: "graphs/image-to-image.json")
    }

    @Test func aModelFileThatIsAPipe() throws {
        for part in ["model_index.json", "vae/config.json", "tokenizer/tokenizer.json", Self.weights] {
            let url =
                part == Self.weights
                ? workshop.url.appending(path: part) : workshop.model.appending(path: part)
            let bytes = try Data(contentsOf: url)
            try FileManager.default.removeItem(at: url)
            try #require(mkfifo(url.path, 0o600) == 0)
            try expectFailure(.wrongData, "\(url.lastPathComponent): cannot be read: it is a pipe")
            try FileManager.default.removeItem(at: url)
            try bytes.write(to: url)
        }
    }

    @Test func namesFromFilesCannotSteerTheTerminal() throws {
        let graph = #"{"a\u001b[2J": {"class_type": "Sa\u001b]0;x\u0007ve", "inputs": {}}}"#
        try Data(graph.utf8).write(to: workshop.url.appending(path: "graphs/wrong.json"))
        let end = try workshop.run("check", "graphs/wrong.json")
        #expect(end.status == 65)
        let sentence = #"a\u{1B}[2J (Sa\u{1B}]0;x\u{07}ve): there is no node class "Sa\u{1B}]0;x\u{07}ve""#
        #expect(end.errors == "diorama: error: graphs/wrong.json: \(sentence)\n")
        let unknown = try workshop.run("nodes", "\u{1B}[31m\u{202E}")
        #expect(unknown.errors.contains(#"there is no node '\u{1B}[31m\u{202E}'"#))
    }

    @Test func manyMistakesAreListedInPart() throws {
        let nodes = (1...5_000).map { #""\#($0)": {"class_type": "Nope\#($0)", "inputs": {}}"# }
        try Data("{\(nodes.joined(separator: ","))}".utf8)
            .write(to: workshop.url.appending(path: "graphs/wrong.json"))
        let end = try workshop.run("check", "graphs/wrong.json")
        #expect(end.status == 65)
        #expect(end.errors.contains("has 5000 problems:\n    1. 1 (Nope1): "))
        #expect(end.errors.hasSuffix("\n  and 4900 more\n"))
    }

    @Test(arguments: [(2, CommandStatus.interrupted), (15, CommandStatus.terminated)])
    func signalsStopBetweenSteps(signal: Int, status: CommandStatus) throws {
        let before = workshop.names(in: ".")
        let command = try Binary(
            [
                "render", "graphs/text-to-image.json", "--steps", "5000", "--json", "-o", "fox.png",
                "--trace",
                "trace.json",
            ],
            in: workshop.url)
        #expect(try command.waits(for: #""event": "progress", "node": "sampler", "step": 1"#))
        if signal == 2 { command.interrupt() } else { command.terminate() }
        let end = try command.end()
        #expect(end.status == status.rawValue)
        #expect(
            end.output.hasSuffix(
                #"{"event": "error", "status": \#(status.rawValue), "message": "stopped"}"# + "\n"))
        #expect(workshop.names(in: ".") == (before + ["trace.json"]).sorted())
        #expect(try workshop.run("inspect", "fox.png").status == 65)
    }
}

/// The checksum that ends a PNG chunk ([PNG, annex D](https://www.w3.org/TR/png-3/#D-CRCAppendix)), most significant byte first.
private func crc32(_ bytes: some Sequence<UInt8>) -> [UInt8] {
    var sum = UInt32.max
    for byte in bytes {
        sum ^= UInt32(byte)
        for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
    }
    sum = ~sum
    return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: sum >> $0) }
}
