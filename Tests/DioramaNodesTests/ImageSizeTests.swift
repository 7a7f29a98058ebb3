import Diorama
import DioramaTensor
import DioramaTestSupport
import Testing

/// Nodes that choose a size: which one, and that the pictures are those of ImageScale, which has its own references.
@Suite struct ImageSizeTests {
    let pictures: PictureBench
    var bench: Workbench { pictures.bench }

    init() throws { pictures = try PictureBench() }

    /// Runs a node, and ImageScale for the size that is expected.
    private func check(
        _ className: String, _ literals: JSON.Object, from shape: Shape, to width: Int, _ height: Int,
        _ method: String,
        crop: String = "disabled", input: String = "image", line: SourceLocation = #_sourceLocation
    ) async throws {
        let source = ImageBatch(pixels: bench.noise(shape))
        let scaled: ImageBatch = try await bench.output(of: className, literals, given: [input: source])
        let expected: ImageBatch = try await bench.output(
            of: "ImageScale",
            [
                "upscale_method": .string(method), "width": .integer(width), "height": .integer(height),
                "crop": .string(crop),
            ], given: ["image": source])
        #expect(scaled.pixels.shape == [shape[0], height, width, shape[3]], sourceLocation: line)
        #expect(scaled.pixels.floats() == expected.pixels.floats(), sourceLocation: line)
    }

    @Test("about so many pixels, in steps")
    func totalPixels() async throws {
        // Python: s = sqrt(megapixels * 1024 * 1024 / (w * h)); round(w * s / steps) * steps.
        for (megapixels, steps, width, height) in [
            (0.01, 1, 128, 82), (0.01, 16, 128, 80), (0.02, 64, 192, 128), (0.01, 256, 256, 256),
        ] {
            try await check(
                "ImageScaleToTotalPixels",
                [
                    "upscale_method": "bilinear", "megapixels": .double(megapixels),
                    "resolution_steps": .integer(steps),
                ], from: [2, 7, 11, 3], to: width, height, "bilinear")
        }
    }

    @Test("the longer side gets the size, the other is rounded as Python rounds")
    func maxDimension() async throws {
        for (shape, size, width, height) in [
            ([1, 7, 11, 3], 44, 44, 28), ([1, 11, 7, 3], 5, 3, 5), ([1, 4, 4, 1], 9, 9, 9),
            ([1, 4, 8, 3], 5, 5, 2),
        ] {
            try await check(
                "ImageScaleToMaxDimension", ["largest_size": .integer(size)], from: Shape(shape), to: width,
                height,
                "area")
        }
        #expect(
            await bench.failure(
                of: "ImageScaleToMaxDimension", ["largest_size": 0], given: ["image": pictures.images("rgb")])
                == "node (ImageScaleToMaxDimension): largest_size asks for [2, 0, 0, 3], 0 values in all; "
                + "1 to 1073741824 are allowed")
    }

    @Test("an edge gets the size, the other is cut to whole pixels")
    func edges() async throws {
        // 11 x 10 / 7 = 15.7; 7 x 20 / 11 = 12.7.
        for (name, edge, width, height) in [("Shorter", 10, 15, 10), ("Longer", 20, 20, 12)] {
            try await check(
                "ResizeImagesBy\(name)Edge", ["\(name.lowercased())_edge": .integer(edge)],
                from: [2, 7, 11, 3],
                to: width, height, "lanczos", input: "images")
        }
        let thin = ImageBatch(pixels: bench.noise([1, 1, 9, 3]))
        #expect(
            await bench.failure(of: "ResizeImagesByLongerEdge", ["longer_edge": 5], given: ["images": thin])
                == "node (ResizeImagesByLongerEdge): longer_edge asks for [1, 0, 5, 3], 0 values in all; "
                + "1 to 1073741824 are allowed")
    }

    @Test(
        "the size of Flux Kontext with the nearest aspect",
        arguments: [
            (7, 11, 1248, 832), (10, 10, 1024, 1024), (1, 3, 1568, 672), (9, 2, 672, 1568), (9, 7, 880, 1184),
        ])
    func kontext(height: Int, width: Int, newWidth: Int, newHeight: Int) async throws {
        try await check(
            "FluxKontextImageScale", [:], from: [1, height, width, 1], to: newWidth, newHeight, "lanczos",
            crop: "center")
    }
}
