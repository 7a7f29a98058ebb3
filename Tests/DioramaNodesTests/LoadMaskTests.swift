import Diorama
import DioramaImage
import DioramaTensor
import DioramaTestSupport
import FoundationEssentials
import Testing

/// LoadImageMask and LoadImageOutput: the channels of files, and where they are found.
@Suite struct LoadMaskTests {
    @Test(
        "gives a color, or one minus alpha",
        arguments: [
            "rgb-8.png", "rgba-8.png", "gray-2.png", "gray-alpha-16.png", "palette-8-trns-interlaced.png",
        ])
    func channels(name: String) async throws {
        let expected = try PictureGoldens().picture(name)
        let bench = try Workbench(input: Golden.url("images"))
        let samples = expected.samples.map { Float($0) / Float(1 << expected.depth - 1) }
        let hasAlpha = expected.channels.isMultiple(of: 2)
        for (index, channel) in ["red", "green", "blue", "alpha"].enumerated() {
            let mask: Mask = try await bench.output(
                of: "LoadImageMask", ["image": .string(name), "channel": .string(channel)])
            #expect(mask.coverage.shape == [1, expected.height, expected.width])
            let values = stride(from: 0, to: samples.count, by: expected.channels).map { pixel -> Float in
                if channel == "alpha" { return hasAlpha ? 1 - samples[pixel + expected.channels - 1] : 0 }
                return samples[pixel + (expected.channels >= 3 ? index : 0)]
            }
            #expect(mask.coverage.floats() == values, "\(channel)")
        }
    }

    @Test func readsWhatWasSaved() async throws {
        let bench = try Workbench()
        let picture = ImageBatch(pixels: bench.noise([1, 3, 4, 3]))
        try await bench.run("SaveImage", ["filename_prefix": "day/fox"], given: ["images": picture])
        let environment = bench.engine.environment
        let declared = try #require(NodeCatalog.builtin["LoadImageOutput"]).json(in: environment)
        #expect(declared["input"]?["required"]?["image"]?[0] == ["day/fox_00001_.png [output]"])

        let loaded: ImageBatch = try await bench.output(
            of: "LoadImageOutput", ["image": "day/fox_00001_.png [output]"])
        #expect(loaded.pixels.shape == [1, 3, 4, 3])
        #expect(loaded.pixels.floats() == picture.pixels.floats().map { Float(UInt8($0 * 255)) / 255 })
    }

    @Test(
        "a file that is not there is a problem of the graph", arguments: ["LoadImageMask", "LoadImageOutput"])
    func missing(className: String) async throws {
        let bench = try Workbench()
        let folder = bench.folders.output.path(percentEncoded: false)
        #expect(
            await bench.failure(of: className, ["image": "fox.png [output]"])
                == "node (\(className)): \"image\": there is no file \"fox.png\"; looked in \(folder)")
    }
}
