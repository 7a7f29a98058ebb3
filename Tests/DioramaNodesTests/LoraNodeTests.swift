import Diorama
import DioramaModels
import DioramaNodes
import DioramaSampling
import DioramaTensor
import DioramaTestSupport
import FoundationEssentials
import Testing

/// LoraLoader and LoraLoaderModelOnly, over the sample model and the adapters of `tools/golden/lora.py`.
@Suite struct LoraNodeTests {
    private let models: TemporaryFolder
    private let bench: Workbench
    private let model: Model
    private let clip: CLIP
    private let runs: Fixture

    init() async throws {
        models = try TemporaryFolder()
        for name in ["peft", "second"] {
            try models.write(Array(Golden.data("lora/\(name).safetensors")), to: "loras/\(name).safetensors")
        }
        bench = try Workbench(models: [models.url])
        let loaded = try await bench.run("CheckpointLoaderSimple", ["ckpt_name": "diorama-tiny"])
        model = try #require(loaded.value("node", output: 0, as: Model.self))
        clip = try #require(loaded.value("node", output: 1, as: CLIP.self))
        runs = try Fixture("lora/runs.safetensors")
    }

    private func loaded(
        _ name: String, _ strength: Double, clip strengthClip: Double? = nil,
        into given: (Model, CLIP)? = nil,
        by className: String = "LoraLoader"
    ) async throws -> (Model, CLIP) {
        let result = try await bench.run(
            className,
            [
                "lora_name": .string(name + ".safetensors"), "strength_model": .double(strength),
                "strength_clip": .double(strengthClip ?? strength),
            ], given: ["model": given?.0 ?? model, "clip": given?.1 ?? clip])
        return (
            try #require(result.value("node", output: 0, as: Model.self)),
            try #require(result.value("node", output: 1, as: CLIP.self))
        )
    }

    /// The latent after four guided steps, as the golden runs have it.
    private func latent(_ loaded: (model: Model, clip: CLIP)) async throws -> Tensor {
        func encoded(_ key: String) throws -> Conditioning {
            Conditioning([try loaded.clip.encoder.encode(#require(runs.metadata[key])).context])
        }
        let latent: Latent = try await bench.output(
            of: "KSampler",
            ["seed": 7, "steps": 4, "cfg": 3, "sampler_name": "euler", "scheduler": "normal"],
            given: [
                "model": loaded.model, "positive": encoded("prompt"), "negative": encoded("negative"),
                "latent_image": Latent(samples: .zeros([1, 8, 8, 8], on: bench.device)),
            ])
        return loaded.model.latentFormat.toModel(latent.samples)
    }

    @Test(
        "a run agrees with diffusers at each strength", arguments: [("1", 1.0), ("0.5", 0.5), ("-1", -1)])
    func runs(name: String, strength: Double) async throws {
        let error = relativeError(try await latent(loaded("peft", strength)), runs["peft@\(name).latents"])
        figure("LoRA at \(name): latents: relative error \(error)")
        #expect(error < Tolerance.f32.model)
        #expect(relativeError(runs["none.latents"], runs["peft@\(name).latents"]) > 0.01)
    }

    @Test func twoLoadersAddUp() async throws {
        let first = try await loaded("peft", 0.8)
        // The text encoders' half of the second is empty; a strength for it changes nothing.
        let both = try await loaded("second", -0.5, clip: 3, into: first)
        let error = relativeError(try await latent(both), runs["both.latents"])
        figure("two LoRAs: latents: relative error \(error)")
        #expect(error < Tolerance.f32.model)
    }

    @Test("loaders for the model alone", arguments: ["LoraLoaderModelOnly", "LoraLoaderBypassModelOnly"])
    func modelOnly(className: String) async throws {
        let alone: Model = try await bench.output(
            of: className, ["lora_name": "peft.safetensors", "strength_model": 0.5],
            given: ["model": model])
        let both = try await loaded("peft", 0.5, clip: 0)
        let expected = try await latent(both)
        #expect(try await latent((alone, clip)).floats() == expected.floats())
    }

    @Test func theBypassLoaderDoesTheSame() async throws {
        let bypassed = try await latent(loaded("peft", 1, by: "LoraLoaderBypass"))
        #expect(relativeError(bypassed, runs["peft@1.latents"]) < Tolerance.f32.model)
    }

    @Test func strengthZeroIsNoLora() async throws {
        let plain = try await latent((model, clip)).floats()
        #expect(relativeError(plain, runs.floats("none.latents")) < Tolerance.f32.model)
        let none = try await loaded("peft", 0)
        #expect(try await latent(none).floats() == plain)
    }

    /// A folder of models with one more file, and what the loader says of it.
    private func failure(of file: [UInt8], named name: String = "other.safetensors") async throws -> String {
        try models.write(file, to: "loras/\(name)")
        return await bench.failure(
            of: "LoraLoader", ["lora_name": .string(name)], given: ["model": model, "clip": clip]) ?? ""
    }

    @Test func filesThatAreNoLoraAreRefused() async throws {
        let encoder = try Data(
            contentsOf: Repository.url("samples/models/diorama-tiny/text_encoder/model.safetensors"))
        #expect(try await failure(of: Array(encoder)).contains("has no layers of a LoRA, LoHa or LoKr"))
        #expect(try await failure(of: []).contains("other.safetensors"))
        let half = try Golden.data("lora/peft.safetensors").prefix(20_000)
        #expect(try await failure(of: Array(half)).contains("other.safetensors"))
    }

    @Test func aMissingFileIsToldBeforeTheRun() async {
        let problem = await bench.failure(
            of: "LoraLoader", ["lora_name": "nothing.safetensors"], given: ["model": model, "clip": clip])
        #expect(problem?.contains("lora_name") == true && problem?.contains("second.safetensors") == true)
        let outside = await bench.failure(
            of: "LoraLoader", ["lora_name": "../loras/peft.safetensors"],
            given: ["model": model, "clip": clip])
        #expect(outside?.contains("lora_name") == true)
    }

    @Test func whatHasNoPlaceIsToldAndAReplacedFileIsNoticed() async throws {
        let session = Session(nodes: .builtin, options: SessionOptions(folders: bench.folders))
        let file = try Render.graph("lora").with([
            ("lora", "lora_name", "peft.safetensors"), ("sampler", "steps", 1),
        ])
        let (notices, ran) = (Recorder(), Recorder())
        func render() async throws {
            _ = try await session.render(session.graph(file), force: false) { event in
                if case .notice(let node, let text) = event { notices.append("\(node.id): \(text)") }
                if case .nodeStarted(let node, _, _) = event { ran.append(node.id) }
            }
        }
        try await render()
        #expect(
            notices.ids == [
                "lora: the LoRA has 8 layers that this node's models have no place for, such as "
                    + "text_encoder.text_model.encoder.layers.0.mlp.fc1"
            ])
        #expect(ran.ids.contains("lora"))
        let before = ran.ids.count
        try await render()
        #expect(ran.ids[before...] == [])
        try models.write(
            Array(Golden.data("lora/second.safetensors")), to: "loras/peft.safetensors")
        try await render()
        #expect(Set(ran.ids[before...]) == ["lora", "sampler", "decode", "save"])
        #expect(notices.ids.count == 1)
    }
}
