import Diorama
import DioramaImage
import DioramaTensor
import DioramaTestSupport
import FoundationEssentials
import Testing

/// LoadImage: pixels and mask as ComfyUI's node makes them.
@Suite struct LoadImageTests {
    @Test(
        "gives Pillow's colors over the largest value, and one minus alpha",
        arguments: [
            "rgb-8.png", "rgba-8.png", "rgb-16-interlaced.png", "rgba-16.png", "gray-2.png",
            "gray-alpha-16.png",
            "palette-4.png", "palette-8-trns-interlaced.png",
        ])
    func reads(name: String) async throws {
        let expected = try PictureGoldens().picture(name)
        let result = try await Workbench(input: Golden.url("images")).run(
            "LoadImage", ["image": .string(name)])
        let picture = try #require(result.value("node", output: 0, as: ImageBatch.self))
        let mask = try #require(result.value("node", output: 1, as: Mask.self))

        let largest = Float(1 << expected.depth - 1)
        let samples = expected.samples.map { Float($0) / largest }
        let pixels = stride(from: 0, to: samples.count, by: expected.channels).map {
            Array(samples[$0..<$0 + expected.channels])
        }
        let hasColor = expected.channels >= 3
        #expect(picture.pixels.shape == [1, expected.height, expected.width, 3])
        #expect(
            picture.pixels.floats() == pixels.flatMap { pixel in (0..<3).map { pixel[hasColor ? $0 : 0] } })
        if expected.channels.isMultiple(of: 2) {
            #expect(mask.coverage.shape == [1, expected.height, expected.width])
            #expect(mask.coverage.floats() == pixels.map { 1 - $0[expected.channels - 1] })
        } else {
            #expect(mask.coverage.shape == [1, 64, 64])
            #expect(mask.coverage.floats().allSatisfy { $0 == 0 })
        }
    }

    @Test("stands upright as EXIF says", arguments: 1...8)
    func orientation(number: Int) async throws {
        let name = "orientation-\(number).jpg"
        let expected = try PictureGoldens().picture(name)
        let picture: ImageBatch = try await Workbench(input: Golden.url("images")).output(
            of: "LoadImage", ["image": .string(name)])
        #expect(picture.pixels.shape == [1, expected.height, expected.width, 3])
        let bytes = picture.pixels.floats().map { UInt8(($0 * 255).rounded()) }
        // Decoders of JPEG may differ by a step or two.
        #expect(PixelDifference(bytes, expected.samples.map { UInt8($0) }).largest <= 2)
    }

    @Test func readsSubfoldersAndTheOtherFoldersOfComfyUI() async throws {
        let bench = try Workbench()
        for (folder, name, value) in [
            ("input/a/b", "a/b/x.png", 10), ("output", "x.png [output]", 20), ("temp", "x.png [temp]", 30),
        ] {
            let bytes = try PNG.encode(Bitmap(width: 1, height: 1, channels: .gray, pixels: [UInt8(value)]))
            try bench.scratch.write(bytes, to: folder + "/x.png")
            let picture: ImageBatch = try await bench.output(of: "LoadImage", ["image": .string(name)])
            #expect(picture.pixels.floats() == [Float](repeating: Float(value) / 255, count: 3), "\(name)")
        }
    }

    @Test func aFileThatIsNotThereIsAProblemOfTheGraph() async throws {
        let bench = try Workbench()
        let message = await bench.failure(of: "LoadImage", ["image": "fox.png"])
        let folder = bench.folders.input.path(percentEncoded: false)
        #expect(
            message
                == #"node (LoadImage): "image": there is no file "fox.png"; looked in \#(folder)"#
        )
    }

    @Test(
        "a name cannot leave its folder",
        arguments: ["../secret.png", "/etc/hostname", "a/../../secret.png", "../secret.png [output]", ""])
    func refuses(name: String) async throws {
        let bench = try Workbench()
        try bench.scratch.write(
            PNG.encode(Bitmap(width: 1, height: 1, channels: .gray, pixels: [0])), to: "secret.png")
        try bench.scratch.write("", to: "input/a/x")
        try await #require(throws: GraphError.self) {
            try await bench.run("LoadImage", ["image": .string(name)])
        }
    }

    @Test func aFileThatIsNoPictureIsASentence() async throws {
        let bench = try Workbench()
        try bench.scratch.write("no picture", to: "input/x.png")
        #expect(
            await bench.failure(of: "LoadImage", ["image": "x.png"])?.hasSuffix(
                "the first bytes are neither a PNG's nor a JPEG's; convert the picture to one of them")
                == true)
    }
}
