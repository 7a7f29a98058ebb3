import DioramaModels
import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Foundation
import Testing

/// Files given where another kind is wanted: each sentence names what the file is and what was wanted.
@Suite struct WrongFileTests {
    private func refusals(_ source: any TensorSource) -> (diffusion: String, autoencoder: String) {
        func text(_ body: () throws -> Void) -> String {
            do { try body() } catch { return "\(error)" }
            return ""
        }
        return (text { _ = try DiffusionFile(source) }, text { _ = try AutoencoderFile(source) })
    }

    @Test(
        "an adapter",
        arguments: [
            ("kohya", "LoRA"), ("peft", "LoRA"), ("dora", "LoRA"), ("loha", "LoHa"),
            ("lokr", "LoKr"),
        ])
    func adapters(_ name: String, _ kind: String) throws {
        let file = try WeightsFile(Golden.url("lora/\(name).safetensors")).open()
        let refusals = refusals(file)
        let words = "; it looks like an adapter (\(kind)): load it with Load LoRA, beside a model; known are "
        #expect(
            refusals.diffusion.hasPrefix("\(file.place): holds no diffusion model known here\(words)FLUX.2, ")
        )
        #expect(
            refusals.autoencoder.hasPrefix("\(file.place): holds no autoencoder known here\(words)the KL "))
        let contents = ModelFileContents(file)
        #expect(contents.parts.isEmpty && contents.guess?.hasPrefix("an adapter (\(kind))") == true)
    }

    /// The encoders that Load CLIP makes something of.
    private static let taken: Set = [
        "CLIP-L", "CLIP-G", "T5-XXL", "T5-XL", "Qwen3-0.6B", "Qwen3-1.7B", "Qwen3-4B", "Qwen3-8B",
    ]

    @Test(
        "what a loader would refuse is not sent there",
        arguments: [
            // x-labs' and diffusers' ControlNets for FLUX.1, Z-Image's and the one for U-Nets.
            (
                ["double_blocks.0.img_attn.norm.query_norm.scale", "controlnet_blocks.0.weight"],
                "a ControlNet"
            ),
            (
                ["single_transformer_blocks.0.proj_mlp.weight", "controlnet_x_embedder.weight"],
                "a ControlNet"
            ),
            (["control_layers.0.attention.qkv.weight"], "a ControlNet"),
            (["input_hint_block.0.weight", "input_blocks.0.0.weight"], "a ControlNet"),
            (["decoder.layers.0.self_attn.k_proj.weight"], "decoder.layers.0.self_attn.k_proj.weight"),
            (["layers.0.self_attn.q_proj.weight"], "a part of a language model (text encoder)"),
            (["encoder.block.0.layer.0.SelfAttention.k.weight"], "a part of a T5 text encoder"),
            (
                ["transformer_blocks.3.ff.weight"],
                "a diffusion transformer, or a part of one, that is not known here"
            ),
            (
                ["joint_blocks.3.x_block.attn.proj.weight"],
                "a model of the kind of Stable Diffusion 3, or a part of one"
            ),
        ])
    func noAdvice(_ keys: [String], _ expected: String) {
        let source = ShapesOnly(Dictionary(uniqueKeysWithValues: keys.map { ($0, [8, 8]) }))
        let refusals = refusals(source)
        for text in [refusals.diffusion, refusals.autoencoder] {
            #expect(text.contains(expected) && !text.contains("load it with"), "\(text)")
        }
    }

    @Test func anAutoencoderOfVideos() {
        let source = ShapesOnly([
            "decoder.conv_in.conv.weight": [512, 128, 3, 3, 3],
            "decoder.up_blocks.0.res_blocks.0.conv1.conv.weight": [512, 512, 3, 3, 3],
        ])
        for text in [refusals(source).diffusion, refusals(source).autoencoder] {
            #expect(
                text.contains(
                    "; it looks like an autoencoder of videos, or a part of one, that is not known here; known are"
                ),
                "\(text)")
        }
    }

    @Test("an encoder", arguments: try PublishedEncoder.all())
    func encoders(_ encoder: PublishedEncoder) {
        for shapes in [encoder.shapes, encoder.shapesInGGUF].compactMap({ $0 }) {
            let refusals = refusals(ShapesOnly(shapes))
            for text in [refusals.diffusion, refusals.autoencoder] {
                #expect(text.contains("text encoder"), "\(text)")
                let advice =
                    Self.taken.contains(encoder.kind)
                    ? ": load it with Load CLIP" : ", which no model here takes"
                #expect(text.contains(", \(encoder.kind)\(advice); known are "), "\(text)")
            }
        }
    }

    @Test func anAutoencoderAndADiffusionModel() throws {
        let autoencoder = try OriginalFile(GoldenModel("vae-quant", on: .cpu()))
        #expect(
            refusals(autoencoder).diffusion.hasPrefix(
                "original.safetensors: holds no diffusion model known here; it looks like an autoencoder: load it with Load VAE; known are "
            ))
        for name in ["flux", "chroma", "flux2", "z-image", "pixart-sigma", "mmdit-dual"] {
            let golden = try GoldenModel(name, on: .cpu())
            let text = refusals(try OriginalFile(golden)).autoencoder
            #expect(
                text.contains("; it looks like ")
                    && text.contains(": load it with Load Diffusion Model; known are"), "\(text)")
        }
    }

    @Test("an autoencoder of other channels says what it takes", arguments: ["vae-quant", "vae-flux2"])
    func channels(_ name: String) throws {
        let golden = try GoldenModel(name, on: .cpu())
        let autoencoder = try AutoencoderKL(golden.weights, AutoencoderKLConfig(golden.config))
        let channels = golden["latent"].shape[1]
        let wrong = Tensor.full(0, [1, channels + 4, 2, 2], on: .cpu())
        let error = #expect(throws: ModelInputError.self) { try autoencoder.decode(wrong) }
        #expect(
            error.map { "\($0)" }
                == "the latent is [1, \(channels + 4), 2, 2]; this autoencoder takes [B, \(channels), H, W]: it may be another model's"
        )
    }

    @Test("the channels of an autoencoder are known by its file", arguments: [4, 16])
    func channelsOfFiles(_ channels: Int) throws {
        let file = try AutoencoderFile(ShapesOnly(publishedAutoencoder(channels: channels)))
        #expect(try file.config.latentChannels == channels)
    }
}
