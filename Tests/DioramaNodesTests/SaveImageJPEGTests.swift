import Diorama
import DioramaImage
import DioramaTestSupport
import FoundationEssentials
import Testing

/// What the options of SaveImageJPEG do to the file, read from its segments (ITU-T T.81).
@Suite struct SaveImageJPEGTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    private func save(_ inputs: JSON.Object, channels: Int = 3) async throws -> [UInt8] {
        let images = ImageBatch(pixels: bench.noise([1, 16, 16, channels]))
        let result = try await bench.run("SaveImageJPEG", inputs, given: ["images": images])
        return Array(try Data(contentsOf: try #require(result.artefacts.first?.file)))
    }

    /// The data of the first segment of a marker.
    private func segment(_ marker: UInt8, of bytes: [UInt8]) throws -> ArraySlice<UInt8> {
        let start = try #require(
            bytes.indices.dropLast().first { bytes[$0] == 0xFF && bytes[$0 + 1] == marker })
        return bytes[(start + 4)...]
    }

    @Test(
        "quality scales the standard's first luminance step, 16, as libjpeg does",
        arguments: [(100, 1), (92, 3), (75, 8), (50, 16), (25, 32), (1, 255)])
    func quality(quality: Int, step: UInt8) async throws {
        let table = try segment(0xDB, of: try await save(["quality": .integer(quality)]))
        #expect(table.dropFirst().first == step)
    }

    @Test(
        "subsampling is in the frame's factors of luminance",
        arguments: [("4:4:4", 0x11), ("4:2:2", 0x21), ("4:2:0", 0x22)])
    func subsampling(name: String, factors: UInt8) async throws {
        // Precision, height, width, number of components, first component's id, its factors.
        let frame = try segment(0xC0, of: try await save(["subsampling": .string(name)]))
        #expect(frame.dropFirst(7).first == factors)
    }

    @Test func theGraphIsLeftOutOnRequest() async throws {
        #expect(try ImageFile.readMetadata(try await save([:])).prompt != nil)
        #expect(try ImageFile.readMetadata(try await save(["metadata": false])).isEmpty)
    }

    @Test func alphaIsLeftOut() async throws {
        #expect(try ImageFile.decode(try await save([:], channels: 4)).channels == .rgb)
    }

    @Test(arguments: [("quality", JSON.integer(0)), ("quality", 101), ("subsampling", "4:1:1")])
    func otherOptionsAreRefused(input: String, value: JSON) async throws {
        await #expect(throws: GraphError.self) { try await save([input: value]) }
    }
}
