import Diorama
import DioramaImage
import DioramaTensor
import DioramaTestSupport
import FoundationEssentials
import Testing

/// Nodes on masks, against PyTorch and SciPy (`tools/golden/mask_nodes.py`).
@Suite struct MaskNodeTests {
    let pictures: PictureBench
    var bench: Workbench { pictures.bench }

    init() throws { pictures = try PictureBench("mask_nodes") }

    static let cases: [NodeCase] =
        ["multiply", "add", "subtract", "and", "or", "xor"].map { operation in
            NodeCase(
                "MaskComposite.\(operation)", ["x": 2, "y": 3, "operation": .string(operation)],
                ["destination": "mask", "source": "small"])
        }
        + [[3, 2, 0, 4], [100, 0, 5, 1], [0, 0, 0, 0]].map { sides in
            NodeCase(
                "FeatherMask." + sides.map(String.init).joined(separator: ","),
                [
                    "left": .integer(sides[0]), "top": .integer(sides[1]), "right": .integer(sides[2]),
                    "bottom": .integer(sides[3]),
                ], ["mask": "mask"])
        }
        + [(2, true), (2, false), (-1, true), (-2, false), (100, true), (0, false)].map { expand, isTapered in
            NodeCase(
                "GrowMask.\(expand),\(isTapered ? "True" : "False")",
                ["expand": .integer(expand), "tapered_corners": .bool(isTapered)], ["mask": "mask"])
        }
        + [
            NodeCase("MaskComposite.same", ["operation": "xor"], ["destination": "mask", "source": "soft"]),
            NodeCase("ThresholdMask", ["value": 0.7], ["mask": "mask"]),
        ]

    @Test("agrees with the reference", arguments: cases)
    func agrees(_ node: NodeCase) async throws {
        #expect(try await pictures.error(of: node) < Tolerance.f32.op)
    }

    @Test func aMaskBesideTheOtherChangesNothing() async throws {
        for (x, y) in [(7, 0), (0, 5), (16384, 16384)] {
            let combined: Mask = try await bench.output(
                of: "MaskComposite", ["x": .integer(x), "y": .integer(y)],
                given: ["destination": pictures.masks("mask"), "source": pictures.masks("small")])
            #expect(combined.coverage.floats() == pictures.golden.floats("mask"))
        }
    }

    @Test func channelsBecomeMasksAndMasksGrayPictures() async throws {
        let source = pictures.golden.floats("rgba")
        for (index, channel) in ["red", "green", "blue", "alpha"].enumerated() {
            let mask: Mask = try await bench.output(
                of: "ImageToMask", ["channel": .string(channel)], given: ["image": pictures.images("rgba")])
            #expect(mask.coverage.shape == [2, 5, 7])
            let expected = stride(from: index, to: source.count, by: 4).map { source[$0] }
            #expect(mask.coverage.floats() == expected)
            let image: ImageBatch = try await bench.output(of: "MaskToImage", given: ["mask": mask])
            #expect(image.pixels.shape == [2, 5, 7, 3])
            #expect(image.pixels.floats() == expected.flatMap { [$0, $0, $0] })
        }
        #expect(
            await bench.failure(
                of: "ImageToMask", ["channel": "alpha"], given: ["image": pictures.images("rgb")])
                == "node (ImageToMask): channel is alpha, and the pictures have 3 channels without it")
    }

    @Test("a color is found in 8 bits, half a step to the even one")
    func color() async throws {
        // 0x80 is 128 / 255; 127.5 rounds to 128, 128.5 too; values beyond 0...1 are cut.
        let pixels: [[Float]] = [
            [1, 128.0 / 255, 0], [1.5, 127.5 / 255, -1], [1, 128.5 / 255, 0], [1, 129.0 / 255, 0],
            [0.99, 128.0 / 255, 0], [.nan, 128.0 / 255, 0],
        ]
        let image = ImageBatch(pixels: Tensor(pixels.flatMap { $0 }, [1, 2, 3, 3], on: bench.device))
        let mask: Mask = try await bench.output(
            of: "ImageColorToMask", ["color": 0xFF_80_00], given: ["image": image])
        #expect(mask.coverage.shape == [1, 2, 3])
        #expect(mask.coverage.floats() == [1, 1, 1, 0, 0, 0])
    }

    @Test func masksAreMadeAndInverted() async throws {
        let solid: Mask = try await bench.output(of: "SolidMask", ["value": 0.25, "width": 3, "height": 2])
        #expect(solid.coverage.shape == [1, 2, 3])
        #expect(solid.coverage.floats() == [Float](repeating: 0.25, count: 6))
        let inverted: Mask = try await bench.output(of: "InvertMask", given: ["mask": solid])
        #expect(inverted.coverage.floats() == [Float](repeating: 0.75, count: 6))
    }

    @Test func aRectangleOfAMaskEndsAtItsEdges() async throws {
        let mask = pictures.golden["mask"]
        let cropped: Mask = try await bench.output(
            of: "CropMask", ["x": 2, "y": 3, "width": 4, "height": 512],
            given: ["mask": Mask(coverage: mask)])
        #expect(cropped.coverage.shape == [2, 2, 4])
        #expect(
            cropped.coverage.floats() == mask.narrowed(axis: 1, 3..<5).narrowed(axis: 2, 2..<6).floats())
        for (literals, sentence) in [
            (["x": 7] as JSON.Object, "x is 7"), (["y": 5], "y is 5"),
        ] {
            #expect(
                await bench.failure(of: "CropMask", literals, given: ["mask": Mask(coverage: mask)])
                    == "node (CropMask): \(sentence), beyond the mask, which is 7x5")
        }
    }

    @Test func asManyMasksOrOne() async throws {
        let three = Mask(coverage: bench.noise([3, 2, 2]))
        #expect(
            await bench.failure(
                of: "MaskComposite", given: ["destination": pictures.masks("mask"), "source": three])
                == "node (MaskComposite): source holds 3 masks, destination 2; give equally many, or one")
    }

    @Test func masksAreLookedAtInTheTemporaryFolder() async throws {
        let result = try await bench.run("MaskPreview", given: ["mask": pictures.masks("mask")])
        #expect(
            result.artefacts.map(\.file.lastPathComponent) == [
                "ComfyUI_temp_00001_.png", "ComfyUI_temp_00002_.png",
            ])
        let shown = try #require(result.value("node", output: 0, as: Mask.self))
        #expect(shown.coverage.floats() == pictures.golden.floats("mask"))
        for (index, artefact) in result.artefacts.enumerated() {
            let values = pictures.golden["mask"][index].floats().map { UInt8($0 * 255) }
            let file = try ImageFile.decode(Array(Data(contentsOf: artefact.file)))
            #expect(file.pixels == values.flatMap { [$0, $0, $0] })
            #expect(artefact.file.deletingLastPathComponent().lastPathComponent == "temp")
        }
    }
}
