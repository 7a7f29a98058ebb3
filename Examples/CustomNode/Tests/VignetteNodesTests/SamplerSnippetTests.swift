import Diorama
import Foundation
import Testing

/// The sampler, the schedule and the latent format of docs/CustomNodes.md.
@Suite struct SamplerSnippetTests {
    private func sampler(ahead: Double) -> Sampler {
        let node = SamplerSecondOrder()
        node.ahead = ahead
        node.run(.standalone(SamplerSecondOrder.self))
        return node.sampler
    }

    /// With the prediction −x the latent follows x(σ) = x(σ₀)·(σ / σ₀)²; of order 2, half the steps make a quarter of the error.
    @Test(arguments: [0.5, 0.67, 0.9]) func itHasItsOrder(ahead: Double) throws {
        func error(steps: Int) throws -> Float {
            let end = try sampler(ahead: ahead).walk(
                from: .full(1, [1, 1, 1, 1], on: .cpu()),
                sigmas: (0...steps).map { 1 - 0.75 * Float($0) / Float(steps) }, model: .epsilon(),
                noise: NoiseSource(seed: 0), denoise: { x, _ in Denoised(x * -1) })
            return abs(end.floats()[0] - 0.0625)
        }
        let gain = try error(steps: 8) / error(steps: 16)
        #expect((2.8...5.5).contains(gain), "\(gain)")
    }

    /// A graph with the node between the small model and its picture.
    @Test func aGraphRendersWithIt() async throws {
        let repository = (0..<5).reduce(URL(filePath: #filePath)) { url, _ in url.deletingLastPathComponent()
        }
        let output = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: output) }
        let folders = Folders(
            models: [repository.appending(path: "samples/models")], input: output, output: output,
            temp: output)
        let session = Session(
            nodes: try .builtin + [SamplerSecondOrder.self, EvenSigmas.self, OtherLatents.self],
            options: SessionOptions(folders: folders))
        let graph = try GraphFile(
            """
            {"model": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "diorama-tiny"}},
             "text": {"class_type": "CLIPTextEncode", "inputs": {"text": "a red boat", "clip": ["model", "CLIP"]}},
             "latent": {"class_type": "EmptySD3LatentImage", "inputs": {"width": 64, "height": 64, "batch_size": 1}},
             "scaled": {"class_type": "OtherLatents", "inputs": {"model": ["model", "MODEL"], "scale": 1.1}},
             "levels": {"class_type": "EvenSigmas", "inputs": {"model": ["scaled", 0], "steps": 3}},
             "steps": {"class_type": "SamplerSecondOrder", "inputs": {"ahead": 0.5}},
             "sampler": {"class_type": "SamplerCustom", "inputs": {
               "model": ["scaled", 0], "add_noise": true, "noise_seed": 1, "cfg": 1, "positive": ["text", 0],
               "negative": ["text", 0], "sampler": ["steps", 0], "sigmas": ["levels", 0], "latent_image": ["latent", 0]}},
             "decode": {"class_type": "VAEDecode", "inputs": {"samples": ["sampler", 0], "vae": ["model", "VAE"]}},
             "save": {"class_type": "SaveImage", "inputs": {"images": ["decode", 0]}}}
            """)
        let levels = try await session.result(of: session.graph(graph, only: ["levels"]))
        // A flow's noise is at most 1.
        #expect(
            levels.value("levels", as: Sigmas.self)?.levels == [1, 1 - Float(1) / 3, 1 - Float(2) / 3, 0])
        let scaled = try await session.result(of: session.graph(graph, only: ["scaled"]))
        #expect(scaled.value("scaled", as: Model.self)?.latentFormat == LatentFormat(scale: 1.1, shift: 0))
        let pictures = try await session.render(session.graph(graph))
        #expect(pictures.count == 1)
        #expect(pictures.allSatisfy { FileManager.default.fileExists(atPath: $0.path) })
    }
}
