import Diorama
import DioramaTensor
import DioramaTestSupport
import Testing

/// Nodes that lay pictures over each other, against PyTorch (`tools/golden/mask_nodes.py`).
@Suite struct CompositingTests {
    let pictures: PictureBench
    var bench: Workbench { pictures.bench }

    init() throws { pictures = try PictureBench("mask_nodes") }

    static let masked: [NodeCase] = [
        NodeCase("ImageCompositeMasked.plain", ["x": 2, "y": 1], ["destination": "rgb", "source": "one"]),
        NodeCase(
            "ImageCompositeMasked.mask", ["x": 3, "y": 2],
            ["destination": "rgb", "source": "other", "mask": "mask"]),
        NodeCase(
            "ImageCompositeMasked.resized", ["x": 1, "resize_source": true],
            ["destination": "rgb", "source": "one", "mask": "small"]),
        NodeCase(
            "ImageCompositeMasked.outside", ["x": 7, "y": 16384], ["destination": "rgb", "source": "one"]),
        NodeCase(
            "ImageCompositeMasked.rgb over rgba", [:],
            ["destination": "rgba", "source": "same", "mask": "small"]),
        NodeCase(
            "ImageCompositeMasked.rgba over rgb", [:],
            ["destination": "rgb", "source": "rgba", "mask": "mask"]),
        NodeCase("JoinImageWithAlpha", [:], ["image": "rgb", "alpha": "small"]),
    ]

    static let operators: [NodeCase] =
        [
            "ADD", "CLEAR", "DARKEN", "DST", "DST_ATOP", "DST_IN", "DST_OUT", "DST_OVER", "LIGHTEN",
            "MULTIPLY",
            "OVERLAY", "SCREEN", "SRC", "SRC_ATOP", "SRC_IN", "SRC_OUT", "SRC_OVER", "XOR", "sizes",
        ].flatMap { mode in
            let given =
                mode == "sizes"
                ? [
                    "source": "other", "source_alpha": "small", "destination": "rgb",
                    "destination_alpha": "small",
                ]
                : [
                    "source": "first rgb", "source_alpha": "mask", "destination": "same",
                    "destination_alpha": "soft",
                ]
            return [0, 1].map { output in
                NodeCase(
                    "PorterDuffImageComposite.\(mode)\(output == 1 ? ".mask" : "")",
                    ["mode": .string(mode == "sizes" ? "SRC_OVER" : mode)], given, output: output)
            }
        }

    @Test("agrees with the reference", arguments: masked)
    func agrees(_ node: NodeCase) async throws {
        #expect(try await pictures.error(of: node) < Tolerance.f32.op)
    }

    @Test("Porter and Duff, and the shortest batch decides how many", arguments: operators)
    func porterDuff(_ node: NodeCase) async throws {
        let given = node.given.mapValues { key -> any PortValue in
            key == "first rgb" ? ImageBatch(pixels: pictures.golden["rgb"][0..<1]) : pictures.value(key)
        }
        let result = try await bench.run(node.className, node.literals, given: given)
        let tensor =
            node.output == 0
            ? result.value("node", output: 0, as: ImageBatch.self)?.pixels
            : result.value("node", output: 1, as: Mask.self)?.coverage
        // Colors are divided by alphas that may be small.
        #expect(relativeError(try #require(tensor), pictures.golden[node.key]) < Tolerance.f32.block)
    }

    @Test func alphaIsSplitFromColors() async throws {
        let split = try await bench.run("SplitImageWithAlpha", given: ["image": pictures.images("rgba")])
        let colors = try #require(split.value("node", output: 0, as: ImageBatch.self))
        let mask = try #require(split.value("node", output: 1, as: Mask.self))
        let source = pictures.golden.floats("rgba")
        #expect(colors.pixels.shape == [2, 5, 7, 3])
        #expect(colors.pixels.floats() == source.indices.filter { $0 % 4 < 3 }.map { source[$0] })
        #expect(mask.coverage.shape == [2, 5, 7])
        #expect(mask.coverage.floats() == source.indices.filter { $0 % 4 == 3 }.map { 1 - source[$0] })

        let joined: ImageBatch = try await bench.output(
            of: "JoinImageWithAlpha", given: ["image": colors, "alpha": mask])
        #expect(maxError(joined.pixels, pictures.golden["rgba"]) < 1e-6)

        let opaque: Mask = try await bench.output(
            1, of: "SplitImageWithAlpha", given: ["image": pictures.images("rgb")])
        #expect(opaque.coverage.shape == [2, 5, 7])
        #expect(opaque.coverage.floats().allSatisfy { $0 == 0 })
    }

    @Test func channelsThatDifferAreASentence() async throws {
        let gray = ImageBatch(pixels: bench.noise([1, 5, 7, 1]))
        #expect(
            await bench.failure(
                of: "ImageCompositeMasked", given: ["destination": pictures.images("rgb"), "source": gray])
                == "node (ImageCompositeMasked): source has 1 channels, the other picture has 3; "
                + "only alpha may be missing")
        #expect(
            await bench.failure(
                of: "PorterDuffImageComposite",
                given: [
                    "source": pictures.images("rgba"), "source_alpha": pictures.masks("mask"),
                    "destination": pictures.images("rgb"), "destination_alpha": pictures.masks("mask"),
                ])
                == "node (PorterDuffImageComposite): source has 4 channels, destination 3; "
                + "give both the same, with SplitImageWithAlpha or JoinImageWithAlpha")
    }
}
