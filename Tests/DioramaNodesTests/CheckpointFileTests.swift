import Diorama
import DioramaTensor
import DioramaTestSupport
import Foundation
import Testing

/// Files that hold a model with its text encoder and its autoencoder give what the parts give by themselves.
@Suite struct CheckpointFileTests {
    let models: TinyModels
    let bench: Workbench

    init() throws {
        models = try TinyModels()
        bench = try Workbench(models: [models.folder.url])
        // PixArt is in none of ComfyUI's templates; the tiny T5 gives it 32 values a token.
        try FamilyRun.write("pixart", to: models.folder)
        let entries: [SpeltFile.Entry] = try FamilyRun.entries("pixart", "tensors").map {
            ($0.name, $0.name == "y_embedder.y_proj.fc1.weight" ? [$0.shape[0], 32] : $0.shape, $0.type)
        }
        try models.folder.write(
            SpeltFile(entries: entries).bytes, to: "diffusion_models/pixart.safetensors")
    }

    /// A family's parts: files of the models folder, the encoder's name in ComfyUI's checkpoints, and the type of Load CLIP.
    struct Parts: CustomTestStringConvertible, Sendable {
        let model, encoder, place, type, autoencoder: String
        var testDescription: String { model }
    }

    static let families = [
        Parts(
            model: "flux-2-klein-base-4b", encoder: "qwen_3_4b", place: "qwen3_4b", type: "flux2",
            autoencoder: "flux2-vae"),
        Parts(
            model: "z_image_turbo_bf16", encoder: "qwen_3_4b", place: "qwen3_4b", type: "lumina2",
            autoencoder: "ae"),
        Parts(
            model: "Chroma1-HD-fp8mixed", encoder: "t5xxl_fp16", place: "t5xxl", type: "chroma",
            autoencoder: "ae"),
        Parts(model: "pixart", encoder: "t5xxl_fp16", place: "t5xxl", type: "pixart", autoencoder: "pixart"),
    ]

    /// Writes a checkpoint of files, each by its place in the models folder and the prefix of its keys.
    private func write(_ name: String, _ parts: [(file: String, prefix: String)]) throws {
        var file = SafetensorsText()
        for part in parts {
            let url = models.folder.url.appending(path: part.file + ".safetensors")
            try file.add(Array(try Data(contentsOf: url)), prefix: part.prefix)
        }
        try models.folder.write(file.bytes, to: "checkpoints/\(name).safetensors")
    }

    @Test("parts of one file are those of files of their own", arguments: families)
    func agrees(_ parts: Parts) async throws {
        try write(
            "all",
            [
                ("diffusion_models/\(parts.model)", "model.diffusion_model."),
                ("text_encoders/\(parts.encoder)", "text_encoders.\(parts.place).transformer."),
                ("vae/\(parts.autoencoder)", "vae."),
            ])
        let checkpoint = try await bench.run("CheckpointLoaderSimple", ["ckpt_name": "all.safetensors"])
        let own = (
            try #require(checkpoint.value("node", output: 0, as: Model.self)),
            try #require(checkpoint.value("node", output: 1, as: CLIP.self)),
            try #require(checkpoint.value("node", output: 2, as: VAE.self))
        )
        let model: Model = try await bench.output(
            of: "UNETLoader", ["unet_name": .string(parts.model + ".safetensors")])
        let clip: CLIP = try await bench.output(
            of: "CLIPLoader",
            ["clip_name": .string(parts.encoder + ".safetensors"), "type": .string(parts.type)])
        let vae: VAE = try await bench.output(
            of: "VAELoader", ["vae_name": .string(parts.autoencoder + ".safetensors")])
        #expect(own.0.sampling == model.sampling && own.0.latentFormat == model.latentFormat)
        let pictures = [try await picture(own), try await picture((model, clip, vae))]
        #expect(pictures[0] == pictures[1] && Set(pictures[0]).count > 100)
    }

    /// The pixels of a run of two steps.
    private func picture(_ parts: (model: Model, clip: CLIP, vae: VAE)) async throws -> [Float] {
        let prompt: Conditioning = try await bench.output(
            of: "CLIPTextEncode", ["text": "a fox"], given: ["clip": parts.clip])
        let cell = parts.vae.autoencoder.factor
        let latent = Latent(
            samples: .zeros([1, parts.model.network.latentChannels, 64 / cell, 96 / cell], on: bench.device))
        let end: Latent = try await bench.output(
            of: "KSampler", ["seed": 1, "steps": 2, "cfg": 1],
            given: ["model": parts.model, "positive": prompt, "negative": prompt, "latent_image": latent])
        let image: ImageBatch = try await bench.output(
            of: "VAEDecode", given: ["samples": end, "vae": parts.vae])
        return image.pixels.floats()
    }

    @Test func whatACheckpointLacksIsASentence() async throws {
        let (model, encoder) = ("diffusion_models/z_image_turbo_bf16", "text_encoders.qwen3_4b.transformer.")
        try write("model", [(model, "model.diffusion_model."), ("text_encoders/qwen_3_4b", encoder)])
        let bare = await bench.failure(of: "CheckpointLoaderSimple", ["ckpt_name": "model.safetensors"])
        #expect(
            bare?.contains(
                "holds Z-Image without an autoencoder: load it with Load Diffusion Model, and its autoencoder with Load VAE"
            ) == true, "\(bare ?? "")")

        try write(
            "other",
            [
                (model, "model.diffusion_model."), ("vae/ae", "vae."),
                ("text_encoders/t5xxl_fp16", "text_encoders.t5xxl.transformer."),
            ])
        let other = await bench.failure(of: "CheckpointLoaderSimple", ["ckpt_name": "other.safetensors"])
        #expect(
            other?.contains("other.safetensors: Z-Image takes Qwen3-4B; this file holds T5") == true,
            "\(other ?? "")")

        try write("mute", [(model, "model.diffusion_model."), ("vae/ae", "vae.")])
        let mute: CLIP = try await bench.output(
            1, of: "CheckpointLoaderSimple", ["ckpt_name": "mute.safetensors"])
        let text = await bench.failure(of: "CLIPTextEncode", ["text": "a fox"], given: ["clip": mute])
        #expect(
            text?.contains("mute.safetensors holds no text encoder: load one with Load CLIP") == true,
            "\(text ?? "")")
    }

    @Test("the older folders unet and clip are those of models and encoders too")
    func olderFolders() async throws {
        for (file, older) in [
            ("diffusion_models/z_image_turbo_bf16", "unet"), ("text_encoders/qwen_3_4b", "clip"),
        ] {
            let bytes = try Data(contentsOf: models.folder.url.appending(path: file + ".safetensors"))
            try models.folder.write(Array(bytes), to: "\(older)/older.safetensors")
        }
        let model: Model = try await bench.output(of: "UNETLoader", ["unet_name": "older.safetensors"])
        #expect(model.network.latentChannels == 16)
        let clip: CLIP = try await bench.output(
            of: "CLIPLoader", ["clip_name": "older.safetensors", "type": "lumina2"])
        #expect(try clip.encode("a fox").context.tokens.shape[2] == 64)
    }
}
