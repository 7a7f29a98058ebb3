import Diorama
import DioramaTensor
import DioramaTestSupport
import Testing

/// Nodes that flip, turn, cut, pad and join pictures, against PyTorch and Pillow (`tools/golden/image_nodes.py`).
@Suite struct ImageTransformTests {
    let pictures: PictureBench
    var bench: Workbench { pictures.bench }

    init() throws { pictures = try PictureBench() }

    static let cases: [NodeCase] =
        ["x-axis: vertically", "y-axis: horizontally"].map { way in
            NodeCase("ImageFlip.\(way)", ["flip_method": .string(way)], ["image": "rgb"])
        }
        + ["none", "90 degrees", "180 degrees", "270 degrees"].map { turn in
            NodeCase("ImageRotate.\(turn)", ["rotation": .string(turn)], ["image": "rgb"])
        }
        + [(4, 3), (512, 2)].map { width, height in
            NodeCase(
                "CenterCropImages.\(width)x\(height)",
                ["width": .integer(width), "height": .integer(height)],
                ["images": "rgb"])
        }
        + [[3, 2, 0, 5, 2], [1, 1, 1, 1, 1], [2, 0, 0, 0, 40], [0, 0, 0, 0, 2]].flatMap { sides in
            let literals: JSON.Object = [
                "left": .integer(sides[0]), "top": .integer(sides[1]), "right": .integer(sides[2]),
                "bottom": .integer(sides[3]), "feathering": .integer(sides[4]),
            ]
            let key = "ImagePadForOutpaint." + sides.map(String.init).joined(separator: ",")
            return [
                NodeCase(key, literals, ["image": "rgb"]),
                NodeCase(key + ".mask", literals, ["image": "rgb"], output: 1),
            ]
        }
        + [
            ("right", true, 0, "white"), ("down", true, 3, "green"), ("left", false, 4, "red"),
            ("up", false, 1, "white"),
        ].flatMap { direction, matches, spacing, color in
            let literals: JSON.Object = [
                "direction": .string(direction), "match_image_size": .bool(matches),
                "spacing_width": .integer(spacing), "spacing_color": .string(color),
            ]
            let key = "\(direction),\(matches ? "True" : "False"),\(spacing),\(color)"
            return [
                NodeCase("ImageStitch.\(key)", literals, ["image1": "rgb", "image2": "other"]),
                NodeCase("ImageStitch.rgba,\(key)", literals, ["image1": "one", "image2": "rgba"]),
            ]
        }

    @Test("agrees with the reference", arguments: cases)
    func agrees(_ node: NodeCase) async throws {
        #expect(try await pictures.error(of: node) < Tolerance.f32.op)
    }

    @Test("a rectangle is cut at the picture's edges, and is never empty")
    func cropping() async throws {
        let source = bench.noise([2, 5, 7, 3])
        for (x, y, width, height, rows, columns) in [
            (1, 2, 3, 2, 2..<4, 1..<4), (5, 4, 512, 512, 4..<5, 5..<7), (100, 100, 3, 3, 4..<5, 6..<7),
            (0, 0, 16384, 1, 0..<1, 0..<7),
        ] {
            let cropped: ImageBatch = try await bench.output(
                of: "ImageCrop",
                ["x": .integer(x), "y": .integer(y), "width": .integer(width), "height": .integer(height)],
                given: ["image": ImageBatch(pixels: source)])
            let expected = source.narrowed(axis: 1, rows).narrowed(axis: 2, columns)
            #expect(cropped.pixels.shape == expected.shape)
            #expect(cropped.pixels.floats() == expected.floats())
        }
    }

    @Test func stitchingNothingChangesNothing() async throws {
        let alone: ImageBatch = try await bench.output(
            of: "ImageStitch", given: ["image1": pictures.images("rgb")])
        #expect(alone.pixels.floats() == pictures.golden.floats("rgb"))
    }

    @Test func picturesOfABatchAreCountedFromBothEnds() async throws {
        let source = bench.noise([4, 2, 2, 3])
        for (index, length, expected) in [
            (0, 1, 0..<1), (1, 2, 1..<3), (2, 4096, 2..<4), (9, 1, 3..<4), (-1, 1, 3..<4), (-3, 2, 1..<3),
            (-16384, 1, 0..<1),
        ] {
            let taken: ImageBatch = try await bench.output(
                of: "ImageFromBatch", ["batch_index": .integer(index), "length": .integer(length)],
                given: ["image": ImageBatch(pixels: source)])
            #expect(taken.pixels.floats() == source[expected].floats(), "\(index), \(length)")
        }
    }

    @Test func aBatchIsRepeatedAsAWhole() async throws {
        let source = bench.noise([2, 2, 3, 1])
        let repeated: ImageBatch = try await bench.output(
            of: "RepeatImageBatch", ["amount": 3], given: ["image": ImageBatch(pixels: source)])
        #expect(repeated.pixels.shape == [6, 2, 3, 1])
        #expect(repeated.pixels.floats() == source.floats() + source.floats() + source.floats())
    }

    @Test("batches are joined in the size of the first, with alpha if one has it")
    func joining() async throws {
        let (rgb, other) = (pictures.images("rgb"), pictures.images("other"))
        let joined: ImageBatch = try await bench.output(
            of: "ImageBatch", given: ["image1": rgb, "image2": other])
        let scaled: ImageBatch = try await bench.output(
            of: "ImageScale", ["upscale_method": "bilinear", "width": 7, "height": 5, "crop": "center"],
            given: ["image": other])
        #expect(joined.pixels.shape == [4, 5, 7, 3])
        #expect(joined.pixels.floats() == rgb.pixels.floats() + scaled.pixels.floats())

        for (first, second) in [("rgb", "rgba"), ("rgba", "rgb")] {
            let mixed: ImageBatch = try await bench.output(
                of: "ImageBatch",
                given: ["image1": pictures.images(first), "image2": pictures.images(second)])
            let opaque = mixed.pixels[first == "rgb" ? 0..<2 : 2..<4]
            #expect(opaque.narrowed(axis: 3, 0..<3).floats() == rgb.pixels.floats())
            #expect(opaque.narrowed(axis: 3, 3..<4).floats().allSatisfy { $0 == 1 })
        }
        #expect(
            await bench.failure(
                of: "ImageBatch",
                given: ["image1": rgb, "image2": ImageBatch(pixels: bench.noise([1, 5, 7, 1]))])
                == "node (ImageBatch): image2 has 1 channels, image1 3; only alpha may be missing")
    }

    @Test func aColorFillsAPicture() async throws {
        let empty: ImageBatch = try await bench.output(
            of: "EmptyImage", ["width": 3, "height": 2, "batch_size": 2, "color": 0xFF_80_01])
        #expect(empty.pixels.shape == [2, 2, 3, 3])
        #expect(empty.pixels.floats() == (0..<12).flatMap { _ in [1, Float(128.0 / 255), Float(1.0 / 255)] })
    }

    @Test func aPictureTellsItsSize() async throws {
        let result = try await bench.run("GetImageSize", given: ["image": pictures.images("other")])
        #expect((0..<3).map { result.value("node", output: $0, as: Int.self) } == [9, 4, 2])
    }

    static let large: [(String, JSON.Object, String)] = [
        (
            "EmptyImage", ["width": 16384, "height": 16384, "batch_size": 4096],
            "batch_size asks for [4096, 16384, 16384, 3], 3298534883328"
        ),
        ("RepeatImageBatch", ["amount": 4096], "amount asks for [4096, 512, 512, 3], 3221225472"),
        (
            "ImagePadForOutpaint", ["left": 16384, "bottom": 16384, "right": 16384],
            "left asks for [1, 16896, 33280, 3], 1686896640"
        ),
    ]

    @Test("what would not fit in memory is a sentence", arguments: large)
    func tooLarge(className: String, literals: JSON.Object, sentence: String) async throws {
        let image = ImageBatch(pixels: .zeros([1, 512, 512, 3], on: bench.device))
        let given: [String: any PortValue] = className == "EmptyImage" ? [:] : ["image": image]
        #expect(
            await bench.failure(of: className, literals, given: given)
                == "node (\(className)): \(sentence) values in all; 1 to 1073741824 are allowed")
    }
}
