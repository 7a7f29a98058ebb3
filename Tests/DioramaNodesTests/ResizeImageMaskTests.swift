import Diorama
import DioramaImage
import DioramaTensor
import DioramaTestSupport
import FoundationEssentials
import Testing

/// The rules of ResizeImageMaskNode; how pixels are found is tested with ImageScale.
@Suite struct ResizeImageMaskTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    /// The sizes that Python gives for 11 x 7 (width x height), and for 7 x 11: `round` goes to even.
    @Test(
        "each rule gives the size that Python computes",
        arguments: [
            ("scale dimensions", ["width": 5, "height": 0], [5, 3], [5, 8]),
            ("scale dimensions", ["width": 6, "height": 9], [6, 9], [6, 9]),
            ("scale by multiplier", ["multiplier": 1.5], [16, 10], [10, 16]),
            ("scale longer dimension", ["longer_size": 20], [20, 13], [13, 20]),
            ("scale shorter dimension", ["shorter_size": 20], [31, 20], [20, 31]),
            ("scale width", ["width": 20], [20, 13], [20, 31]),
            ("scale height", ["height": 20], [31, 20], [13, 20]),
            ("scale total pixels", ["megapixels": 0.01], [128, 82], [82, 128]),
            ("scale to multiple", ["multiple": 4], [8, 4], [4, 8]),
            ("scale to multiple", ["multiple": 12], [11, 7], [7, 11]),
        ] as [(String, JSON.Object, [Int], [Int])])
    func sizes(rule: String, inputs: JSON.Object, wide: [Int], high: [Int]) async throws {
        for (source, expected) in [([1, 7, 11, 3], wide), ([1, 11, 7, 3], high)] {
            var literals: JSON.Object = ["resize_type": .string(rule), "scale_method": "bilinear"]
            for (name, value) in inputs { literals["resize_type.\(name)"] = value }
            let images = ImageBatch(pixels: bench.noise(Shape(source)))
            let resized: AnyValue = try await bench.output(
                of: "ResizeImageMaskNode", literals, given: ["input": images])
            let picture = try #require(resized.value as? ImageBatch)
            #expect([picture.width, picture.height] == expected, "\(rule)")
            let mask = Mask(
                coverage: images.pixels.narrowed(axis: 3, 0..<1).reshaped(1, source[1], source[2]))
            let masked: AnyValue = try await bench.output(
                of: "ResizeImageMaskNode", literals, given: ["input": mask])
            let coverage = try #require(masked.value as? Mask).coverage
            #expect(coverage.shape == [1, expected[1], expected[0]])
            #expect(
                coverage.floats() == picture.pixels.narrowed(axis: 3, 0..<1).floats(),
                "a mask is resized as a channel of a picture")
        }
    }

    @Test func theSizeOfSomethingElseIsTaken() async throws {
        let images = ImageBatch(pixels: bench.noise([2, 7, 11, 3]))
        let mask = Mask(coverage: bench.noise([1, 4, 4], seed: 2))
        let resized: AnyValue = try await bench.output(
            of: "ResizeImageMaskNode", ["resize_type": "match size", "scale_method": "area"],
            given: ["input": images, "resize_type.match": mask])
        let scaled: ImageBatch = try await bench.output(
            of: "ImageScale", ["upscale_method": "area", "width": 4, "height": 4, "crop": "center"],
            given: ["image": images])
        #expect((resized.value as? ImageBatch)?.pixels.floats() == scaled.pixels.floats())
    }

    @Test func multiplesKeepTheMiddleOfACoveringSize() async throws {
        // 11 x 7 covers 8 x 4 at 8 x 6 (7 * 8 / 11 = 5.09, upwards), of which the rows 1 to 4 are kept.
        let images = ImageBatch(pixels: bench.noise([1, 7, 11, 3]))
        let resized: AnyValue = try await bench.output(
            of: "ResizeImageMaskNode",
            ["resize_type": "scale to multiple", "resize_type.multiple": 4, "scale_method": "bilinear"],
            given: ["input": images])
        let covering: ImageBatch = try await bench.output(
            of: "ImageScale", ["upscale_method": "bilinear", "width": 8, "height": 6],
            given: ["image": images])
        #expect(
            (resized.value as? ImageBatch)?.pixels.floats()
                == covering.pixels.narrowed(axis: 1, 1..<5).floats())
    }

    @Test func whatIsNoPictureIsASentence() async throws {
        let latent = Latent(samples: bench.noise([1, 4, 2, 2]))
        #expect(
            await bench.failure(
                of: "ResizeImageMaskNode", ["resize_type": "scale width"], given: ["input": latent])
                == "node (ResizeImageMaskNode): \"input\" takes an IMAGE or a MASK, which cannot be made of the value it is "
                + "linked to (Latent)")
        let image = ImageBatch(pixels: bench.noise([1, 2, 2, 3]))
        let failure = await bench.failure(
            of: "ResizeImageMaskNode",
            ["resize_type": "scale longer dimension", "resize_type.longer_size": 0],
            given: ["input": image])
        #expect(
            failure
                == "node (ResizeImageMaskNode): resize_type asks for [1, 0, 0, 3], 0 values in all; 1 to 1073741824 are allowed"
        )
    }

    @Test func picturesAreBatchedAsByTheOlderNode() async throws {
        let first = ImageBatch(pixels: bench.noise([2, 4, 5, 3]))
        let second = ImageBatch(pixels: bench.noise([1, 7, 11, 4], seed: 3))
        let old: ImageBatch = try await bench.output(
            of: "ImageBatch", given: ["image1": first, "image2": second])
        let new: ImageBatch = try await bench.output(
            of: "BatchImagesNode", given: ["images.image0": first, "images.image1": second])
        #expect(new.pixels.shape == [3, 4, 5, 4])
        #expect(new.pixels.floats() == old.pixels.floats())
        let gray = ImageBatch(pixels: bench.noise([1, 4, 5, 1]))
        #expect(
            await bench.failure(
                of: "BatchImagesNode", given: ["images.image0": first, "images.image1": gray])
                == "node (BatchImagesNode): images.image1 is [1, 4, 5, 1], which does not go with 3 channels; only alpha may "
                + "be missing")
    }

    @Test func masksAreBatchedAtTheSizeOfTheFirst() async throws {
        let first = Mask(coverage: bench.noise([1, 4, 5]))
        let second = Mask(coverage: bench.noise([2, 7, 11], seed: 3))
        let batch: Mask = try await bench.output(
            of: "BatchMasksNode", given: ["masks.mask0": first, "masks.mask1": second])
        let pictures = ImageBatch(pixels: second.coverage.reshaped(2, 7, 11, 1))
        let scaled: ImageBatch = try await bench.output(
            of: "ImageScale", ["upscale_method": "bilinear", "width": 5, "height": 4, "crop": "center"],
            given: ["image": pictures])
        #expect(batch.coverage.shape == [3, 4, 5])
        #expect(batch.coverage.floats() == first.coverage.floats() + scaled.pixels.floats())
    }

    @Test func pngsMayHave16Bits() async throws {
        let picture = ImageBatch(pixels: Tensor([0, 0.5, 1, 0.1, 1.5, -1], [1, 1, 2, 3], on: bench.device))
        let result = try await bench.run(
            "SaveImageAdvanced",
            ["filename_prefix": "deep", "format": "png", "format.bit_depth": "16-bit"],
            given: ["images": picture])
        let file = try #require(result.artefacts.first?.file)
        #expect(file.lastPathComponent == "deep_00001.png")
        let bitmap = try ImageFile.decode(Array(try Data(contentsOf: file)))
        #expect(bitmap.samples == .sixteen([0, 32767, 65535, 6553, 65535, 0]))
        let plain = try await bench.run(
            "SaveImageAdvanced", ["filename_prefix": "deep", "format": "png"], given: ["images": picture])
        let second = try #require(plain.artefacts.first?.file)
        #expect(second.lastPathComponent == "deep_00002.png")
        #expect(
            try ImageFile.decode(Array(try Data(contentsOf: second))).samples
                == .eight([0, 127, 255, 25, 255, 0]))
    }
}
