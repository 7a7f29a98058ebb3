import Diorama
import DioramaImage
import DioramaTensor
import DioramaTestSupport
import FoundationEssentials
import Synchronization
import Testing

/// UpscaleModelLoader and ImageUpscaleWithModel, against spandrel (`tools/golden/upscaling.py`), and ImageCompare.
@Suite struct UpscaleNodeTests {
    /// A models folder with the golden's network in `upscale_models/x4.safetensors`.
    private static func models(_ golden: Fixture) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        let start = "model."
        let tensors = golden.keys.filter { $0.hasPrefix(start) }.map {
            (name: String($0.dropFirst(start.count)), tensor: golden[$0])
        }
        try folder.write(try SafetensorsWriter.encode(tensors), to: "upscale_models/x4.safetensors")
        try folder.write("not opened", to: "upscale_models/x4.pth")
        return folder
    }

    @Test func picturesBecomeLarger() async throws {
        let golden = try Fixture("upscaling/esrgan-x4.safetensors")
        let folder = try Self.models(golden)
        let bench = try Workbench(models: [folder.url])
        let model: Upscaler = try await bench.output(
            of: "UpscaleModelLoader", ["model_name": "x4.safetensors"])
        let picture = golden["image"].to(bench.device).permuted(0, 2, 3, 1)
        let steps = Mutex<[Int]>([])
        let result = try await bench.run(
            "ImageUpscaleWithModel",
            given: [
                "upscale_model": model,
                "image": ImageBatch(pixels: .concatenated([picture, picture.flipped(axis: 3)], axis: 0)),
            ]
        ) { event in
            if case .progress(_, let step, let total) = event, total == 2 {
                steps.withLock { $0.append(step) }
            }
        }
        let larger = try #require(result.value("node", as: ImageBatch.self)).pixels
        let expected = golden["larger"].to(bench.device).permuted(0, 2, 3, 1)
        #expect(larger.shape == [2, 52, 72, 3])
        #expect(relativeError(larger[0..<1], expected) < Tolerance.f32.block)
        #expect(steps.withLock { $0 } == [1, 2])
        let failure = await bench.failure(of: "UpscaleModelLoader", ["model_name": "x4.pth"])
        #expect(
            failure?.contains(
                "\"x4.pth\": that file is a Python pickle, which can run code and is never opened") == true)
    }

    @Test func bothPicturesAreWrittenToLookAt() async throws {
        let bench = try Workbench()
        let (a, b) = (bench.noise([2, 8, 9, 3]), bench.noise([1, 6, 7, 3], seed: 2))
        let result = try await bench.run(
            "ImageCompare", given: ["image_a": ImageBatch(pixels: a), "image_b": ImageBatch(pixels: b)])
        #expect(
            result.artefacts.map(\.file.lastPathComponent) == [
                "ComfyUI_compare_a_00001_.png", "ComfyUI_compare_a_00002_.png",
                "ComfyUI_compare_b_00001_.png",
            ])
        for (artefact, tensor) in zip(result.artefacts, [a[0], a[1], b[0]]) {
            #expect(artefact.file.deletingLastPathComponent().lastPathComponent == "temp")
            let bitmap = try ImageFile.decode(Array(Data(contentsOf: artefact.file)))
            #expect(bitmap.pixels == tensor.floats().map { UInt8($0 * 255) })
        }
        let one = try await bench.run(
            "ImageCompare", ["compare_view": ["split": 0.5]], given: ["image_b": ImageBatch(pixels: b)])
        #expect(one.artefacts.map(\.file.lastPathComponent) == ["ComfyUI_compare_b_00002_.png"])
    }
}
