import Diorama
import DioramaImage
import DioramaTensor
import DioramaTestSupport
import Testing

/// `ImageQuantize` against Pillow (`tools/golden/quantize.py`): equal, as only whole bytes are compared.
@Suite struct ImageQuantizeTests {
    private let pictures: PictureBench

    init() throws { pictures = try PictureBench("quantize") }

    @Test func everyCaseIsPillows() async throws {
        let keys = pictures.golden.keys.filter { $0.hasPrefix("ImageQuantize.") }
        #expect(keys.count == 12)
        for key in keys {
            let parts = key.split(separator: ".").map(String.init)
            let result: ImageBatch = try await pictures.bench.output(
                of: "ImageQuantize",
                ["colors": .integer(try #require(Int(parts[2]))), "dither": .string(parts[3])],
                given: ["image": pictures.images(parts[1])])
            #expect(result.pixels.floats() == pictures.golden.floats(key), "\(key)")
        }
    }

    @Test func manyColorsAreCountedWithFewerBits() throws {
        // The picture of the script's `many`.
        let pixels = (0..<UInt32(600 * 300 * 3)).map { number in
            let mixed = number &* 2_654_435_761
            return UInt8(truncatingIfNeeded: ((mixed ^ mixed >> 15) &* 2_246_822_519) >> 24)
        }
        let drawn = Palette(medianCutOf: pixels, count: 64).drawn(pixels, width: 600, .none)
        var counts: [[Float]: Float] = [:]
        for start in stride(from: 0, to: drawn.count, by: 3) {
            counts[drawn[start..<(start + 3)].map(Float.init), default: 0] += 1
        }
        let expected = pictures.golden.floats("many.64")
        #expect(counts.count == expected.count / 4)
        for start in stride(from: 0, to: expected.count, by: 4) {
            #expect(counts[Array(expected[start..<(start + 3)])] == expected[start + 3])
        }
    }

    @Test func alphaIsLeftOutAndGrayIsRefused() async throws {
        let rgba = Tensor.full(0.5, [1, 3, 4, 4], on: pictures.bench.device)
        let result: ImageBatch = try await pictures.bench.output(
            of: "ImageQuantize", ["colors": 1], given: ["image": ImageBatch(pixels: rgba)])
        #expect(result.pixels.shape == [1, 3, 4, 3])
        #expect(result.pixels.floats().allSatisfy { $0 == 127.0 / 255 })
        let gray = ImageBatch(pixels: .full(0.5, [1, 3, 4, 1], on: pictures.bench.device))
        await #expect(throws: RunFailure.self) {
            let _: ImageBatch = try await pictures.bench.output(of: "ImageQuantize", given: ["image": gray])
        }
    }

    @Test(arguments: [Float.nan, .infinity, -.infinity, 1e30, -5])
    func oddValuesAreCut(value: Float) async throws {
        let odd = ImageBatch(pixels: .full(value, [1, 2, 2, 3], on: pictures.bench.device))
        for dither in ["none", "floyd-steinberg", "bayer-16"] {
            let result: ImageBatch = try await pictures.bench.output(
                of: "ImageQuantize", ["dither": .string(dither)], given: ["image": odd])
            #expect(result.pixels.floats().allSatisfy { $0 == (value > 0 ? 1 : 0) })
        }
    }
}
