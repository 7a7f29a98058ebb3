import Diorama
import DioramaTestSupport
import Testing

/// The loaders of text encoders, and the nodes that give each encoder a prompt of its own, against ComfyUI's own nodes and encoders.
@Suite struct TextEncoderNodeTests {
    private let bench: Workbench
    private let models: TemporaryFolder
    private let encoders: TinyEncoders
    private let qwen: TinyQwen

    init() throws {
        models = try TemporaryFolder()
        encoders = try TinyEncoders()
        qwen = try TinyQwen()
        try encoders.write(to: models)
        try qwen.write(to: models)
        bench = try Workbench(models: [models.url])
    }

    /// Loads encoders by the node that takes so many files.
    private func load(_ files: [String], _ type: String) async throws -> CLIP {
        var inputs: JSON.Object = ["precision": "f32"]
        if files.count < 3 { inputs["type"] = .string(type) }
        for (index, file) in files.enumerated() {
            inputs[files.count == 1 ? "clip_name" : "clip_name\(index + 1)"] = .string(file + ".safetensors")
        }
        let node = ["CLIPLoader", "DualCLIPLoader", "TripleCLIPLoader"][files.count - 1]
        return try await bench.output(of: node, inputs)
    }

    private func failure(_ files: [String], _ type: String) async -> String {
        do {
            _ = try await load(files, type)
            return ""
        } catch {
            return "\(error)"
        }
    }

    private func expect(
        _ conditioning: Conditioning, _ key: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        #expect(conditioning.entries.count == 1, sourceLocation: sourceLocation)
        let context = conditioning.entries[0].context
        let error =
            key.contains("z_image") || key.contains("klein")
            ? (try qwen.error(context.unfolded, key), 0)
            : try encoders.errors(tokens: context.unfolded, pooled: context.pooled, key)
        #expect(
            max(error.0, error.1) < Tolerance.f32.block, "\(key): \(error)", sourceLocation: sourceLocation)
    }

    private func encoded(_ text: String, _ clip: CLIP) async throws -> Conditioning {
        try await bench.output(of: "CLIPTextEncode", ["text": .string(text)], given: ["clip": clip])
    }

    @Test(
        "every type, its encoders in any order",
        arguments: [
            (["clip_l"], "sd3", "sd3.l.0"), (["clip_g"], "sd3", "sd3.g.0"), (["t5"], "sd3", "sd3.t5.0"),
            (["t5"], "pixart", "pixart.0"), (["t5"], "chroma", "pixart.0"),
            (["qwen"], "lumina2", "z_image.0"), (["qwen"], "flux2", "klein.0"),
            (["clip_l", "t5"], "flux", "flux.0"), (["t5", "clip_l"], "flux", "flux.0"),
            (["clip_l", "clip_g"], "sd3", "sd3.l g.0"), (["clip_g", "clip_l"], "sd3", "sd3.l g.0"),
            (["t5", "clip_l"], "sd3", "sd3.l t5.0"), (["clip_g", "t5"], "sd3", "sd3.g t5.0"),
            (["clip_l", "clip_g", "t5"], "", "sd3.l g t5.0"),
            (["t5", "clip_l", "clip_g"], "", "sd3.l g t5.0"),
        ])
    func loaders(files: [String], type: String, key: String) async throws {
        try expect(await encoded(encoders.texts[0], load(files, type)), key)
    }

    @Test func encodersOfAnotherFamilyAreTold() async throws {
        #expect(await failure(["clip_l"], "pixart").contains("takes T5-XXL; this file holds CLIP-L"))
        #expect(await failure(["qwen"], "sd3").contains("takes CLIP-L, CLIP-G and T5-XXL, or some of them"))
        #expect(await failure(["t5"], "lumina2").contains("Z-Image takes Qwen3-4B; this file holds T5"))
        #expect(await failure(["clip_l", "clip_g"], "flux").contains("this file holds CLIP-G"))
        #expect(await failure(["clip_l"], "stable_diffusion").contains("whose models are not supported"))
        #expect(await failure(["clip_l", "clip_g"], "sdxl").contains("whose models are not supported"))
    }

    /// Empty prompts with both paddings, prompts of several sequences beside short ones, encoders that are missing, and FLUX.1's node on
    /// others' encoders.
    @Test func aPromptForEachEncoder() async throws {
        let files = [
            "flux": ["clip_l", "t5"], "pixart": ["t5"], "l g t5": ["clip_l", "clip_g", "t5"],
            "l g": ["clip_l", "clip_g"], "g t5": ["clip_g", "t5"], "l t5": ["clip_l", "t5"],
        ]
        var loaded: [String: CLIP] = [:]
        for (name, files) in files {
            loaded[name] = try await load(files, name == "flux" || name == "pixart" ? name : "sd3")
        }
        for (index, row) in encoders.nodes.enumerated() {
            let row = try #require(row.array)
            let parts = try #require(row[0].string)
            var inputs = try #require(row[2].object)
            for name in inputs.keys where name != "guidance" {
                if let number = inputs[name]?.integer { inputs[name] = .string(encoders.texts[number]) }
            }
            let node = try #require(row[1].string)
            let conditioning: Conditioning = try await bench.output(
                of: node, inputs, given: ["clip": try #require(loaded[parts])])
            try expect(conditioning, "node.\(index)")
            #expect(conditioning.entries[0].guidance == inputs["guidance"]?.double)
        }
        #expect(encoders.nodes.count == 38)
    }

    @Test("other layers, chosen before", arguments: [-1, -3, -24])
    func setLastLayer(layer: Int) async throws {
        let text = JSON.string(encoders.texts[3])
        for (files, type, node) in [
            (["clip_l", "clip_g", "t5"], "sd3", "CLIPTextEncodeSD3"),
            (["clip_l", "t5"], "flux", "CLIPTextEncodeFlux"),
        ] {
            let stopped: CLIP = try await bench.output(
                of: "CLIPSetLastLayer", ["stop_at_clip_layer": .integer(layer)],
                given: ["clip": load(files, type)])
            var inputs: JSON.Object = ["clip_l": text, "t5xxl": text]
            if type == "sd3" { inputs["clip_g"] = text }
            try expect(
                await bench.output(of: node, inputs, given: ["clip": stopped]), "\(type).layer.\(layer)")
        }
    }

    @Test(
        "prompts for encoders that are not there",
        arguments: [
            (["clip_l", "t5"], "flux", "FLUX.1's text encoders have no CLIP-G"),
            (["t5"], "pixart", "this text encoder is a T5 alone"),
            (["qwen"], "lumina2", "this text encoder takes one text; use CLIP Text Encode (Prompt)"),
        ])
    func stableDiffusion3sNodeOnOthers(files: [String], type: String, sentence: String) async throws {
        let message = await bench.failure(
            of: "CLIPTextEncodeSD3", ["clip_l": "a", "clip_g": "b", "t5xxl": "c"],
            given: ["clip": try await load(files, type)])
        #expect(message?.contains(sentence) == true, "\(message ?? "")")
    }
}
