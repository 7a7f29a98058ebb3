import Diorama
import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Foundation
import Testing

/// SaveLatent and LoadLatent: files of ComfyUI are read, and what is written is such a file.
@Suite struct LatentFileTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    private func copy(_ name: String) throws {
        try bench.scratch.write(Array(Golden.data("nodes/\(name)")), to: "input/\(name)")
    }

    /// Writes a safetensors file into the input folder.
    private func write(_ tensors: [(name: String, tensor: Tensor)], to name: String) throws {
        try bench.scratch.write(SafetensorsWriter.encode(tensors), to: "input/\(name)")
    }

    @Test func filesOfComfyUIAreRead() async throws {
        let golden = try Fixture("nodes/latents.safetensors", on: bench.device)
        try copy("now.latent")
        try copy("first.latent")
        let now: Latent = try await bench.output(of: "LoadLatent", ["latent": "now.latent"])
        #expect(now.samples.floats() == golden["file"].floats())
        #expect(now.samples.shape == [1, 4, 2, 3])
        #expect(now.batchIndex == nil && now.noiseMask == nil)
        // The first version had no marker, and latents as Stable Diffusion 1 scales them.
        let first: Latent = try await bench.output(of: "LoadLatent", ["latent": "first.latent"])
        #expect(relativeError(first.samples, golden["file.first"]) < Tolerance.f32.op)
    }

    @Test func whatIsSavedIsReadAgain() async throws {
        let latent = Latent(samples: bench.noise([2, 16, 3, 5]))
        let workflow: JSON = ["nodes": [], "title": "狐"]
        let result = try await bench.run(
            "SaveLatent", given: ["samples": latent], extra: ["workflow": workflow])
        let saved = try #require(result.artefacts.first?.file)
        #expect(saved.path.hasSuffix("output/latents/ComfyUI_00001_.latent"))
        let passed = try #require(result.value("node", output: 0, as: Latent.self))
        #expect(passed.samples.floats() == latent.samples.floats())

        let file = try SafetensorsFile(contentsOf: saved)
        #expect(Set(file.keys) == ["latent_tensor", "latent_format_version_0"])
        #expect(file.info("latent_format_version_0")?.shape == [0])
        #expect(try JSON(parsing: Array(try #require(file.metadata["workflow"]).utf8)) == workflow)
        let prompt = try JSON(parsing: Array(try #require(file.metadata["prompt"]).utf8))
        #expect(prompt["node"]?["class_type"] == "SaveLatent")

        let again = try await bench.run("SaveLatent", given: ["samples": latent])
        #expect(again.artefacts.first?.file.lastPathComponent == "ComfyUI_00002_.latent")
        let loaded: Latent = try await bench.output(
            of: "LoadLatent", ["latent": "latents/ComfyUI_00001_.latent [output]"])
        #expect(loaded.samples.floats() == latent.samples.floats())
        #expect(loaded.samples.shape == latent.samples.shape)
    }

    @Test func aLoadedLatentOutlivesItsFile() async throws {
        try write(
            [
                ("latent_tensor", .full(0.5, [1, 4, 64, 64], on: bench.device)),
                ("latent_format_version_0", .zeros([0], on: bench.device)),
            ],
            to: "x.latent")
        let loaded: Latent = try await bench.output(of: "LoadLatent", ["latent": "x.latent"])
        try Data().write(to: bench.folders.input.appending(path: "x.latent"))
        #expect(loaded.samples.floats() == Array(repeating: 0.5, count: 4 * 64 * 64))
    }

    @Test func aPrefixCannotLeaveTheFolder() async throws {
        let latent = Latent(samples: bench.noise([1, 4, 1, 1]))
        let message = await bench.failure(
            of: "SaveLatent", ["filename_prefix": "../x"], given: ["samples": latent])
        #expect(message?.contains("the name \"../x\" must") == true, "\(message ?? "no error")")
    }

    @Test func otherFilesAreASentence() async throws {
        func failure(_ name: String) async -> String {
            await bench.failure(of: "LoadLatent", ["latent": .string(name)]) ?? "no error"
        }
        try write([("weight", bench.noise([2]))], to: "weights.latent")
        #expect(
            await failure("weights.latent")
                == "node (LoadLatent): latent names a safetensors file without a tensor \"latent_tensor\"; it is no latent"
        )
        try write([("latent_tensor", bench.noise([1, 16, 2, 3, 4]))], to: "video.latent")
        #expect(
            await failure("video.latent")
                == "node (LoadLatent): latent names a file whose latent is [1, 16, 2, 3, 4]; a latent of pictures is [B, C, H, W]"
        )
        try write([("latent_tensor", .zeros([1, 16, 0, 3], on: bench.device))], to: "empty.latent")
        #expect(await failure("empty.latent").contains("whose latent is [1, 16, 0, 3]"))
        try write(
            [("latent_tensor", Tensor([Int32](repeating: 1, count: 4), [1, 1, 2, 2], on: bench.device))],
            to: "int.latent")
        #expect(
            await failure("int.latent").hasSuffix("latent names a file whose latent holds I32, not fractions")
        )
        try bench.scratch.write("not safetensors", to: "input/text.latent")
        #expect(await failure("text.latent").contains("not a valid safetensors file"))
        try bench.scratch.write("", to: "input/nothing.latent")
        #expect(await failure("nothing.latent").contains("not a valid safetensors file"))
        #expect(await failure("missing.latent").contains("missing.latent"))
        #expect(await failure("../x.latent").contains("the name \"../x.latent\" must"))
    }

    @Test func aReplacedFileIsRead() async throws {
        let bench = bench
        func load() async throws -> [Float] {
            let latent: Latent = try await bench.output(of: "LoadLatent", ["latent": "x.latent"])
            return latent.samples.floats()
        }
        let marker = ("latent_format_version_0", Tensor.zeros([0], on: bench.device))
        try write([("latent_tensor", .full(1, [1, 4, 1, 1], on: bench.device)), marker], to: "x.latent")
        #expect(try await load() == [1, 1, 1, 1])
        try write([("latent_tensor", .full(2, [1, 4, 1, 2], on: bench.device)), marker], to: "x.latent")
        #expect(try await load() == Array(repeating: 2, count: 8))
    }
}
