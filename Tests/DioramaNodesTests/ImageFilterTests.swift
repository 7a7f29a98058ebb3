import Diorama
import DioramaTensor
import DioramaTestSupport
import Testing

/// Nodes that change values of pictures, against PyTorch (`tools/golden/image_nodes.py`).
@Suite struct ImageFilterTests {
    let pictures: PictureBench
    var bench: Workbench { pictures.bench }

    init() throws { pictures = try PictureBench() }

    static let windows: [NodeCase] = [(1, 1.0), (3, 0.3), (4, 10.0)].flatMap { radius, sigma in
        [
            NodeCase(
                "ImageBlur.\(radius),\(sigma)", ["blur_radius": .integer(radius), "sigma": .double(sigma)],
                ["image": "rgb"]),
            NodeCase(
                "ImageSharpen.\(radius),\(sigma)",
                ["sharpen_radius": .integer(radius), "sigma": .double(sigma), "alpha": 0.3], ["image": "rgb"]),
        ]
    }

    static let blends: [NodeCase] =
        ["normal", "multiply", "screen", "overlay", "soft_light", "difference"].map { mode in
            NodeCase(
                "ImageBlend.\(mode)", ["blend_factor": 0.6, "blend_mode": .string(mode)],
                ["image1": "rgb", "image2": "same"])
        } + [
            NodeCase("ImageBlend.sizes", ["blend_mode": "normal"], ["image1": "rgb", "image2": "other"]),
            NodeCase("ImageBlend.one", ["blend_mode": "screen"], ["image1": "rgb", "image2": "one"]),
            NodeCase("ImageBlend.alpha", ["blend_mode": "multiply"], ["image1": "rgba", "image2": "same"]),
        ]

    static let neighbourhoods: [NodeCase] =
        ["erode", "dilate", "open", "close", "gradient", "top_hat", "bottom_hat"].flatMap { operation in
            [3, 4].map { size in
                NodeCase(
                    "Morphology.\(operation).\(size)",
                    ["operation": .string(operation), "kernel_size": .integer(size)], ["image": "one"])
            }
        } + [
            NodeCase("Morphology.dilate.999", ["operation": "dilate", "kernel_size": 999], ["image": "one"]),
            NodeCase("Canny.0.4,0.8", ["low_threshold": 0.4, "high_threshold": 0.8], ["image": "scene"]),
            NodeCase("Canny.0.05,0.3", ["low_threshold": 0.05, "high_threshold": 0.3], ["image": "scene"]),
        ]

    static let values: [NodeCase] =
        ["Y", "U", "V"].enumerated().map { output, name in
            NodeCase("ImageRGBToYUV.\(name)", [:], ["image": "rgb"], output: output)
        } + [
            NodeCase("ImageYUVToRGB", [:], ["Y": "rgb", "U": "same", "V": "rgba"]),
            NodeCase("ImageAddNoise", ["seed": 1_099_511_627_783, "strength": 0.25], ["image": "rgb"]),
            NodeCase("NormalizeImages", ["mean": 0.4, "std": 0.2], ["images": "rgb"]),
            NodeCase("AdjustBrightness", ["factor": 1.7], ["images": "rgb"]),
            NodeCase("AdjustContrast", ["factor": 1.7], ["images": "rgb"]),
        ]

    @Test("agrees with the reference", arguments: windows + blends + neighbourhoods + values)
    func agrees(_ node: NodeCase) async throws {
        #expect(try await pictures.error(of: node) < Tolerance.f32.op)
    }

    @Test func alphaDrawsNoEdges() async throws {
        let scene = pictures.golden["scene"]
        let alpha = bench.noise([1, 24, 32, 1])
        let edges: ImageBatch = try await bench.output(
            of: "Canny", given: ["image": ImageBatch(pixels: .concatenated([scene, alpha], axis: 3))])
        #expect(edges.pixels.floats() == pictures.golden.floats("Canny.0.4,0.8"))
    }

    @Test func lightAndColorMakeThePictureAgainWithoutAlpha() async throws {
        let source: Tensor = .concatenated([pictures.golden["rgb"], bench.noise([2, 5, 7, 1])], axis: 3)
        let parts = try await bench.run("ImageRGBToYUV", given: ["image": ImageBatch(pixels: source)])
        var given: [String: any PortValue] = [:]
        for (output, name) in ["Y", "U", "V"].enumerated() {
            given[name] = parts.value("node", output: output, as: ImageBatch.self)
        }
        let joined: ImageBatch = try await bench.output(of: "ImageYUVToRGB", given: given)
        #expect(relativeError(joined.pixels, pictures.golden["rgb"]) < Tolerance.f32.op)
    }

    @Test func nothingIsBlurredOutOfOneColor() async throws {
        let gray = Tensor.full(0.25, [1, 40, 35, 3], on: bench.device)
        for name in ["ImageBlur", "ImageSharpen"] {
            let input = name == "ImageBlur" ? "blur_radius" : "sharpen_radius"
            let filtered: ImageBatch = try await bench.output(
                of: name, [input: 31], given: ["image": ImageBatch(pixels: gray)])
            #expect(maxError(filtered.pixels, gray) < 1e-5)
        }
    }

    static let misfits: [(String, JSON.Object, [String: String], String)] = [
        (
            "ImageBlur", ["blur_radius": 5], ["image": "rgb"],
            "blur_radius is 5, and must be less than both sides of the picture, which is 7x5"
        ),
        (
            "ImageBlend", [:], ["image1": "same", "image2": "threeGray"],
            "image2 has 1 channels, the other picture has 3; only alpha may be missing"
        ),
        (
            "ImageBlend", [:], ["image1": "rgb", "image2": "three"],
            "image2 holds 3 pictures, image1 2; give equally many, or one"
        ),
        (
            "ImageYUVToRGB", [:], ["Y": "rgb", "U": "other", "V": "rgb"],
            "U is 2 of 9x4, and must be as many and as large as Y: 2 of 7x5"
        ),
        (
            "ImageRGBToYUV", [:], ["image": "threeGray"],
            "image has 1 channel; red, green and blue are needed"
        ),
        (
            "Canny", ["low_threshold": 0.9, "high_threshold": 0.2], ["image": "rgb"],
            "low_threshold is 0.9, and must not be above high_threshold, 0.2"
        ),
        ("Canny", [:], ["image": "dot"], "image is 2x1; 3x3 pixels or more are needed"),
    ]

    @Test("what does not fit is a sentence", arguments: misfits)
    func refused(className: String, literals: JSON.Object, given: [String: String], sentence: String)
        async throws
    {
        let own: [String: Shape] = ["three": [3, 5, 7, 3], "threeGray": [3, 5, 7, 1], "dot": [1, 1, 2, 3]]
        let values = given.mapValues { key -> any PortValue in
            own[key].map { ImageBatch(pixels: bench.noise($0)) } ?? pictures.value(key)
        }
        #expect(
            await bench.failure(of: className, literals, given: values) == "node (\(className)): \(sentence)")
    }
}
