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

    @Test("an encoder", arguments: try PublishedEncoder.all())
    func encoders(_ encoder: PublishedEncoder) {
        for shapes in [encoder.shapes, encoder.shapesInGGUF].compactMap({ $0 }) {
            let refusals = refusals(ShapesOnly(shapes))
            for text in [refusals.diffusion, refusals.autoencoder] {
                #expect(text.contains("text encoder"), "\(text)")
                #expect(text.contains(", \(encoder.kind): load it with Load CLIP; known are "), "\(text)")
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
