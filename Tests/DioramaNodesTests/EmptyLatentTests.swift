import Diorama
import DioramaTestSupport
import Testing

/// EmptyLatentImage, EmptySD3LatentImage and EmptyFlux2LatentImage: shapes, values and limits of ComfyUI's nodes.
@Suite struct EmptyLatentTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    @Test(arguments: [("EmptyLatentImage", 4, 512), ("EmptySD3LatentImage", 16, 1024)])
    func hasTheChannelsOfItsFamilyAndAnEighthOfTheSize(className: String, channels: Int, side: Int)
        async throws
    {
        let plain: Latent = try await bench.output(of: className)
        #expect(plain.samples.shape == [1, channels, side / 8, side / 8])
        #expect(plain.isEmpty && plain.batchIndex == nil)
        let odd: Latent = try await bench.output(of: className, ["width": 47, "height": 24, "batch_size": 3])
        #expect(odd.samples.shape == [3, channels, 3, 5])
        #expect(odd.isEmpty)
    }

    @Test func flux2HasCellsOfSixteenPixels() async throws {
        let plain: Latent = try await bench.output(of: "EmptyFlux2LatentImage")
        #expect(plain.samples.shape == [1, 128, 64, 64] && plain.isEmpty)
        let odd: Latent = try await bench.output(
            of: "EmptyFlux2LatentImage", ["width": 95, "height": 48, "batch_size": 3])
        #expect(odd.samples.shape == [3, 128, 3, 5] && odd.isEmpty)
    }

    @Test(
        arguments: ["EmptyLatentImage", "EmptySD3LatentImage", "EmptyFlux2LatentImage"],
        [
            ("width", 15, "value_smaller_than_min"), ("height", 16385, "value_bigger_than_max"),
            ("batch_size", 0, "value_smaller_than_min"), ("batch_size", 4097, "value_bigger_than_max"),
        ])
    func keepsToComfyUIsLimits(className: String, mistake: (input: String, value: Int, type: String))
        async throws
    {
        let error = try await #require(throws: GraphError.self) {
            try await bench.run(className, [mistake.input: .integer(mistake.value)])
        }
        #expect(error.issues.map(\.kind.rawValue) == [mistake.type])
        #expect(error.issues.map(\.input) == [mistake.input])
    }

    @Test func aBatchBeyondMemoryIsASentence() async throws {
        #expect(
            await bench.failure(
                of: "EmptySD3LatentImage", ["width": 16384, "height": 16384, "batch_size": 4096])
                == "node (EmptySD3LatentImage): batch_size 4096 pictures of 16384x16384 need 274877906944 latent values; at "
                + "most 1073741824 are allowed. Ask for fewer or smaller pictures.")
    }
}
