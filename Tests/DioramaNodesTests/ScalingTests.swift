import Diorama
import DioramaTensor
import DioramaTestSupport
import Testing

/// ImageScale, ImageScaleBy, ImageInvert and LatentUpscale against PyTorch and Pillow (`tools/golden/layers.py`).
@Suite struct ScalingTests {
    let bench: Workbench
    /// From 7 rows and 11 columns: 9 x 14, 4 x 5 and 7 x 22.
    let golden: Fixture

    init() throws {
        bench = try Workbench()
        golden = try Fixture("nn/resize.safetensors", on: bench.device)
    }

    private func picture(_ key: String) -> ImageBatch {
        ImageBatch(pixels: golden[key].permuted(0, 2, 3, 1))
    }

    private func isClose(_ a: Tensor, _ b: Tensor, _ method: String) -> Bool {
        // acos of nearly parallel vectors loses half the digits.
        relativeError(a, b) < (method == "bislerp" ? Tolerance.f32.block : Tolerance.f32.op)
    }

    @Test(
        "pictures are scaled as the reference scales them",
        arguments: ["nearest-exact", "bilinear", "area", "bicubic", "lanczos"])
    func images(method: String) async throws {
        let source = picture(method == "lanczos" ? "pixels" : "x")
        for (height, width) in [(9, 14), (4, 5), (7, 22)] {
            for (crop, suffix) in [("disabled", ""), ("center", ".center")] {
                let scaled: ImageBatch = try await bench.output(
                    of: "ImageScale",
                    [
                        "upscale_method": .string(method), "width": .integer(width),
                        "height": .integer(height),
                        "crop": .string(crop),
                    ], given: ["image": source])
                let key = "\(method).\(height)x\(width)\(suffix)"
                #expect(isClose(scaled.pixels, picture(key).pixels, method), "\(key)")
            }
        }
    }

    @Test("a side of 0 keeps the aspect, rounded as Python rounds; two change nothing")
    func aspect() async throws {
        // 7 x 22 / 11 = 14; 11 x 10 / 7 = 15.71; 10 x 1 / 4 = 2.5, to the even 2; 1 x 5 / 10 = 0.5, to the even 0, so 1.
        for (shape, width, height, expected) in [
            ([1, 7, 11, 3], 22, 0, [1, 14, 22, 3]), ([1, 7, 11, 3], 0, 10, [1, 10, 16, 3]),
            ([1, 7, 11, 3], 0, 0, [1, 7, 11, 3]), ([1, 10, 1, 3], 0, 5, [1, 5, 1, 3]),
            ([1, 4, 10, 3], 0, 1, [1, 1, 2, 3]),
            ([2, 4, 6, 1], 0, 5, [2, 5, 8, 1]), ([2, 4, 6, 1], 5, 0, [2, 3, 5, 1]),
        ] {
            let source = ImageBatch(pixels: bench.noise(Shape(shape)))
            let scaled: ImageBatch = try await bench.output(
                of: "ImageScale", ["width": .integer(width), "height": .integer(height)],
                given: ["image": source])
            #expect(scaled.pixels.shape == Shape(expected), "\(shape) to \(width)x\(height)")
            if width == 0, height == 0 { #expect(scaled.pixels.floats() == source.pixels.floats()) }
        }
    }

    @Test func aFactorScalesBothSides() async throws {
        let source = picture("x")
        // Python rounds halves to even: 3.5 to 4, 5.5 to 6; 10.5 to 10, 16.5 to 16.
        for (factor, height, width) in [(2.0, 14, 22), (0.5, 4, 6), (1.5, 10, 16), (0.01, 1, 1)] {
            let scaled: ImageBatch = try await bench.output(
                of: "ImageScaleBy", ["upscale_method": "bilinear", "scale_by": .double(factor)],
                given: ["image": source])
            let expected: ImageBatch = try await bench.output(
                of: "ImageScale",
                ["upscale_method": "bilinear", "width": .integer(width), "height": .integer(height)],
                given: ["image": source])
            #expect(scaled.pixels.shape == [2, height, width, 3])
            #expect(scaled.pixels.floats() == expected.pixels.floats())
        }
    }

    @Test func invertingIsItsOwnInverse() async throws {
        let source = ImageBatch(pixels: Tensor([0, 0.25, 1], [1, 1, 1, 3], on: bench.device))
        let inverted: ImageBatch = try await bench.output(of: "ImageInvert", given: ["image": source])
        #expect(inverted.pixels.floats() == [1, 0.75, 0])
        let again: ImageBatch = try await bench.output(of: "ImageInvert", given: ["image": inverted])
        #expect(again.pixels.floats() == source.pixels.floats())
    }

    @Test(
        "latents are scaled as the reference scales them",
        arguments: ["nearest-exact", "bilinear", "area", "bicubic", "bislerp"])
    func latents(method: String) async throws {
        let source = Latent(samples: golden["x"], batchIndex: [4, 5])
        for (crop, suffix) in [("disabled", ""), ("center", ".center")] {
            let scaled: Latent = try await bench.output(
                of: "LatentUpscale",
                ["upscale_method": .string(method), "width": 112, "height": 72, "crop": .string(crop)],
                given: ["samples": source])
            let key = "\(method).9x14\(suffix)"
            #expect(isClose(scaled.samples, golden[key], method), "\(key)")
            #expect(scaled.batchIndex == [4, 5])
        }
    }

    @Test("a latent's side of 0 keeps the aspect, and none gets below 64 pixels")
    func latentAspect() async throws {
        let source = Latent(samples: golden["x"])
        // Of 88 x 56 pixels; ComfyUI cuts the result to whole cells of eight.
        for (width, height, rows, columns) in [
            (0, 72, 9, 14), (176, 0, 14, 22), (8, 8, 8, 8), (0, 8, 8, 12), (150, 100, 12, 18), (0, 0, 7, 11),
        ] {
            let scaled: Latent = try await bench.output(
                of: "LatentUpscale", ["width": .integer(width), "height": .integer(height)],
                given: ["samples": source])
            #expect(scaled.samples.shape == [2, 3, rows, columns], "\(width)x\(height)")
        }
    }

    @Test func aSizeBeyondMemoryIsASentence() async throws {
        let source = ImageBatch(pixels: bench.noise([5, 1, 1, 3]))
        #expect(
            await bench.failure(
                of: "ImageScale", ["width": 16384, "height": 16384], given: ["image": source])
                == "node (ImageScale): width and height ask for 16384x16384, 4026531840 values in all; "
                + "1 to 1073741824 are allowed")
    }

    @Test("Lanczos' filter weighs colors by alpha, as Pillow does", arguments: [(9, 4), (5, 7)])
    func alpha(height: Int, width: Int) async throws {
        let pictures = try PictureBench()
        let scaled: ImageBatch = try await pictures.bench.output(
            of: "ImageScale",
            ["upscale_method": "lanczos", "width": .integer(width), "height": .integer(height)],
            given: ["image": pictures.images("rgba")])
        func bytes(_ tensor: Tensor) -> [Int] { tensor.floats().map { Int(($0 * 255).rounded()) } }
        #expect(bytes(scaled.pixels) == bytes(pictures.golden["lanczos.\(height)x\(width)"]))
    }
}
