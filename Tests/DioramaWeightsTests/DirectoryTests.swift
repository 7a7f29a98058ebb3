import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Foundation
import Testing

@Suite struct DirectoryTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// One U8 tensor of 4 bytes.
    private func tensorFile(_ key: String) -> [UInt8] {
        RawSafetensors(header: "{\"\(key)\":\(HostileSafetensorsTests.good)}", data: [1, 2, 3, 4]).bytes
    }

    private func complaint(_ body: () throws -> Void) -> String {
        do {
            try body()
            return "none"
        } catch {
            return "\(error)"
        }
    }

    // MARK: Shards

    @Test func shardsAreOneSource() throws {
        try folder.write(tensorFile("a"), to: "model-1.safetensors")
        try folder.write(tensorFile("b"), to: "model-2.safetensors")
        let index = try folder.write(
            #"{"metadata": {"total_size": 8}, "weight_map": {"b": "model-2.safetensors", "a": "model-1.safetensors"}}"#,
            to: "model.safetensors.index.json")
        let source = try ShardedSafetensors(contentsOf: index)
        #expect(source.keys == ["a", "b"])
        #expect(source.byteCount == 8)
        #expect(try source.tensor("b", on: .cpu()).ints() == [1, 2, 3, 4])
        #expect(throws: WeightsError.self) { try source.tensor("c", on: .cpu()) }
    }

    @Test(
        "an index cannot lead out of its folder",
        arguments: [
            "../a.safetensors", "/etc/passwd", "sub/a.safetensors", "", ".", "..", "..\\\\a", "a\\u0000b",
            ".hidden",
        ])
    func shardsStayInside(name: String) throws {
        try folder.write(tensorFile("a"), to: "a.safetensors")
        let index = try folder.write(
            "{\"weight_map\": {\"a\": \"\(name)\"}}", to: "models/m.safetensors.index.json")
        #expect(
            complaint { _ = try ShardedSafetensors(contentsOf: index) }.contains(
                "expected the plain name of a file beside the index"))
    }

    @Test func aShardThatIsALinkOutOfTheFolderIsRefused() throws {
        try folder.write(tensorFile("a"), to: "secret/a.safetensors")
        let index = try folder.write(
            #"{"weight_map": {"a": "a.safetensors"}}"#, to: "models/m.safetensors.index.json")
        try FileManager.default.createSymbolicLink(
            at: folder.url.appending(path: "models/a.safetensors"),
            withDestinationURL: folder.url.appending(path: "secret/a.safetensors"))
        #expect(
            complaint { _ = try ShardedSafetensors(contentsOf: index) }.contains(
                "is a link that leads out of the folder"))
    }

    @Test func linksIntoTheBlobsOfHuggingFacesCacheAreFollowed() throws {
        try folder.write(tensorFile("a"), to: "repo/blobs/0123")
        let index = try folder.write(
            #"{"weight_map": {"a": "a.safetensors"}}"#,
            to: "repo/snapshots/main/transformer/m.safetensors.index.json")
        try FileManager.default.createSymbolicLink(
            atPath: folder.url.path + "/repo/snapshots/main/transformer/a.safetensors",
            withDestinationPath: "../../../blobs/0123")
        #expect(try ShardedSafetensors(contentsOf: index).keys == ["a"])
    }

    @Test func anIndexThatPromisesTooMuchIsRefused() throws {
        try folder.write(tensorFile("a"), to: "a.safetensors")
        func index(_ json: String) throws -> String {
            let url = try folder.write(json, to: "m.safetensors.index.json")
            return complaint { _ = try ShardedSafetensors(contentsOf: url) }
        }
        #expect(
            try index(#"{"weight_map": {"b": "a.safetensors"}}"#).contains(
                "says a.safetensors holds \"b\", but it does not"))
        #expect(
            try index(#"{"weight_map": {"a": "none.safetensors"}}"#).contains(
                "none.safetensors: cannot be read: there is no such file"))
        #expect(
            try index(#"{"weight_map": {"a": 3}}"#).contains(
                "weight_map: expected an object of texts, found 3"))
        #expect(try index("{}").contains("weight_map is missing"))
        #expect(
            try index(String(repeating: "[", count: 10_000)).contains(
                "not valid JSON: line 1, column 513: lists and objects are nested deeper than 512 levels"))
    }

    /// Whoever opened one of these to read it would wait for ever, or fill the memory.
    @Test(.timeLimit(.minutes(10))) func whatIsNoFileIsNotRead() throws {
        let pipe = folder.url.appending(path: "pipe.safetensors")
        #expect(mkfifo(pipe.path, 0o600) == 0)
        #expect(
            complaint { _ = try SafetensorsFile(contentsOf: pipe) }.contains("cannot be read: it is a pipe"))
        #expect(complaint { _ = try ModelConfig(contentsOf: pipe) }.contains("cannot be read: it is a pipe"))
        #expect(complaint { _ = try ModelConfig(contentsOf: folder.url) }.contains("it is a folder"))
        let huge = try folder.write([] as [UInt8], to: "config.json")
        let handle = try FileHandle(forWritingTo: huge)
        try handle.truncate(atOffset: 1 << 40)
        try handle.close()
        #expect(
            complaint { _ = try ModelConfig(contentsOf: huge) }.contains("it has more than 16777216 bytes"))
    }

    // MARK: Model folders

    @Test func theSampleModelIsComplete() throws {
        let summary = try ModelSummary(contentsOf: Repository.url("samples/models/diorama-tiny"))
        #expect(summary.className == "StableDiffusion3Pipeline")
        #expect(
            summary.parts.map(\.name) == [
                "scheduler", "text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2", "transformer",
                "vae",
            ])
        // The model card's counts; the transformer's stored table of positions is no parameter: 24 * 24 * 192.
        let counts = summary.parts.compactMap { $0.weights?.parameterCount }
        #expect(counts == [307_968, 769_280, 9_159_456 + 24 * 24 * 192, 1_882_227])
        #expect(summary.byteCount == 2 * summary.parameterCount)
        #expect(
            summary.parts.allSatisfy {
                ($0.weights == nil) == ($0.name.hasPrefix("token") || $0.name == "scheduler")
            })
    }

    @Test func everyMissingPartIsNamedAtOnce() throws {
        try folder.write(
            """
            {"_class_name": "StableDiffusion3Pipeline", "_diffusers_version": "0.42.1", "text_encoder_3": [null, null],
             "scheduler": ["diffusers", "FlowMatchEulerDiscreteScheduler"], "tokenizer": ["transformers", "CLIPTokenizer"],
             "transformer": ["diffusers", "SD3Transformer2DModel"], "vae": ["diffusers", "AutoencoderKL"],
             "text_encoder": ["transformers", "CLIPTextModelWithProjection"]}
            """, to: "model_index.json")
        try folder.write("{}", to: "transformer/config.json")
        try folder.write([0x80], to: "transformer/diffusion_pytorch_model.bin")
        try folder.write(tensorFile("a"), to: "vae/diffusion_pytorch_model.safetensors")
        try folder.write("{}", to: "tokenizer/tokenizer_config.json")
        try folder.write("{}", to: "text_encoder/config.json")
        let text = complaint { _ = try DiffusersDirectory(contentsOf: folder.url) }
        for expected in [
            "the folder scheduler/ (FlowMatchEulerDiscreteScheduler) is missing",
            "tokenizer/ has neither tokenizer.json nor vocab.json nor spiece.model",
            "transformer/ has only diffusion_pytorch_model.bin, which is a Python pickle",
            "convert it to safetensors",
            "vae/config.json is missing", "text_encoder/ has no weights",
        ] {
            #expect(text.contains(expected), "\(text)")
        }
        #expect(!text.contains("text_encoder_3"))
    }

    @Test(
        "half-precision and sharded weights are found",
        arguments: ["model.fp16.safetensors", "diffusion_pytorch_model.safetensors"])
    func variants(name: String) throws {
        try folder.write(
            #"{"_class_name": "P", "vae": ["diffusers", "AutoencoderKL"]}"#, to: "model_index.json")
        try folder.write("{}", to: "vae/config.json")
        try folder.write(tensorFile("a"), to: "vae/\(name)")
        let directory = try DiffusersDirectory(contentsOf: folder.url)
        #expect(try directory.part("vae").weights().keys == ["a"])
        #expect(
            complaint { _ = try directory.part("unet") }.contains(
                "model_index.json has no unet; its parts are vae"))
    }

    @Test("an index that names no folder is refused", arguments: ["../vae", "/vae", ".."])
    func partsStayInside(name: String) throws {
        try folder.write(
            "{\"_class_name\": \"P\", \"\(name)\": [\"diffusers\", \"AutoencoderKL\"]}",
            to: "model_index.json")
        #expect(
            complaint { _ = try DiffusersDirectory(contentsOf: folder.url) }.contains(
                "is not the name of a folder"))
    }

    @Test("pickles are refused", arguments: ["model.ckpt", "model.pt", "model.bin", "MODEL.PTH"])
    func pickles(name: String) {
        let url = folder.url.appending(path: name)
        #expect(
            complaint { _ = try WeightsFile(url) }.contains(
                "is a Python pickle, which can run code and is never opened"))
        #expect(
            complaint { _ = try WeightsFile(folder.url.appending(path: "model.txt")) }.contains(
                "expected .safetensors"))
    }
}
