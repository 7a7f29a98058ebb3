import DioramaModels
import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Foundation
import Testing

/// Text encoders of files, put together for families that take others.
@Suite struct TextEncoderFilesTests {
    private func shapes(_ name: String) throws -> [String: Shape] {
        try #require(try PublishedEncoder.all().first { $0.name == name }).shapes
    }

    /// What is said of files called `0.safetensors` and so on, each with a published encoder.
    private func problem(_ type: TextEncoderFiles.Family, _ names: [String]) throws -> String {
        let files = try names.enumerated().map { index, name in
            let place = "\(index).safetensors"
            return (
                url: URL(fileURLWithPath: place),
                source: ShapesOnly(try shapes(name), place: place) as any TensorSource
            )
        }
        do {
            _ = try TextEncoderFiles(files, models: [], on: .cpu()).encoder(for: type)
            return ""
        } catch { return "\(error)" }
    }

    private static let sd3 = "Stable Diffusion 3 takes CLIP-L, CLIP-G and T5-XXL, or some of them"

    @Test(
        "a file of which a family has no use is named, and what it takes",
        arguments: [
            (
                .flux, ["CLIP-L", "Qwen3-4B"],
                "1.safetensors: FLUX.1 takes CLIP-L and T5-XXL; this file holds Qwen3-4B"
            ),
            (
                .flux, ["CLIP-G", "T5-XXL"],
                "0.safetensors: FLUX.1 takes CLIP-L and T5-XXL; this file holds CLIP-G"
            ),
            (
                .flux, ["CLIP-L", "UMT5-XXL"],
                "1.safetensors: FLUX.1 takes CLIP-L and T5-XXL; this file holds UMT5-XXL"
            ),
            (.sd3, ["CLIP-L", "Qwen3-4B", "Qwen3-8B"], "1.safetensors: \(sd3); this file holds Qwen3-4B"),
            (.sd3, ["Gemma 2, 2304 wide"], "0.safetensors: \(sd3); this file holds Gemma 2, 2304 wide"),
            (.pixart, ["CLIP-L"], "0.safetensors: PixArt-Sigma takes T5-XXL; this file holds CLIP-L"),
            (.chroma, ["Qwen3-4B"], "0.safetensors: Chroma takes T5-XXL; this file holds Qwen3-4B"),
            (.zImage, ["T5-XXL"], "0.safetensors: Z-Image takes Qwen3-4B; this file holds T5-XXL"),
            (
                .zImage, ["Llama 3, 4096 wide"],
                "0.safetensors: Z-Image takes Qwen3-4B; this file holds Llama 3, 4096 wide"
            ),
            (
                .flux2, ["Mistral 3, 5120 wide"],
                "0.safetensors: FLUX.2 klein takes Qwen3-4B or Qwen3-8B; this file holds Mistral 3, 5120 wide"
            ),
        ] as [(TextEncoderFiles.Family, [String], String)])
    func others(_ type: TextEncoderFiles.Family, _ names: [String], _ expected: String) throws {
        #expect(try problem(type, names) == expected)
    }

    @Test(
        "two of a kind, and one that is missing",
        arguments: [
            (
                .flux, ["CLIP-L", "CLIP-L"],
                "1.safetensors: FLUX.1 takes CLIP-L and T5-XXL, of each kind one; this file holds CLIP-L and so does 0.safetensors, CLIP-L"
            ),
            (
                .sd3, ["T5-XXL", "CLIP-G", "T5-XL"],
                "2.safetensors: \(sd3), of each kind one; this file holds T5-XL and so does 0.safetensors, T5-XXL"
            ),
            (
                .flux2, ["Qwen3-4B", "Qwen3-8B"],
                "1.safetensors: FLUX.2 klein takes Qwen3-4B or Qwen3-8B, of each kind one; this file holds Qwen3-8B and so does "
                    + "0.safetensors, Qwen3-4B"
            ),
            (.flux, ["T5-XXL"], "0.safetensors: FLUX.1 takes CLIP-L and T5-XXL; the file holds T5-XXL"),
        ] as [(TextEncoderFiles.Family, [String], String)])
    func wrongNumbers(_ type: TextEncoderFiles.Family, _ names: [String], _ expected: String) throws {
        // What is there is made first, and has no tokenizer here.
        let problem = try problem(type, names)
        #expect(problem == expected || names.count == 1 && problem.contains("comes without its tokenizer"))
    }

    @Test("what belongs together is taken: only the tokenizer is missing then")
    func right() throws {
        for (type, names) in [
            (.flux, ["T5-XXL", "CLIP-L"]), (.sd3, ["CLIP-G"]), (.sd3, ["CLIP-L", "CLIP-G", "T5-XXL"]),
            (.pixart, ["T5-XXL"]), (.chroma, ["T5-XXL"]), (.zImage, ["Qwen3-4B"]), (.flux2, ["Qwen3-8B"]),
        ] as [(TextEncoderFiles.Family, [String])] {
            let problem = try problem(type, names)
            #expect(
                problem.contains("comes without its tokenizer") || problem.contains("has only shapes"),
                "\(problem)")
        }
    }

    @Test("a file without text encoder says what it is and not to load it so")
    func noEncoder() throws {
        func problem(_ shapes: [String: Shape]) -> String {
            do {
                let source = ShapesOnly(shapes)
                _ = try TextEncoderFiles(
                    [(url: URL(fileURLWithPath: "/e"), source: source)], models: [], on: .cpu())
                return ""
            } catch { return "\(error)" }
        }
        #expect(
            problem(["model.layers.0.self_attn.q_proj.weight": [8, 8]])
                == "/e: holds no text encoder; it looks like a part of a language model (text encoder)")
        #expect(
            problem(publishedAutoencoder(channels: 16))
                == "/e: holds no text encoder; it looks like an autoencoder: load it with Load VAE")
    }
}
