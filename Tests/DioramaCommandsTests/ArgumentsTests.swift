import DioramaCommands
import Testing

@Suite struct ArgumentsTests {
    @Test func aSizeIsTwoPositiveNumbers() {
        #expect(ImageSize(argument: "256x192")?.description == "256x192")
        #expect(ImageSize(argument: "256X192")?.height == 192)
        #expect(ImageSize(argument: "256×192")?.width == 256)
    }

    @Test(arguments: ["", "256", "256x", "x192", "0x8", "-8x8", "8x8x8", "1e3x8", "99999999999999999999x8"])
    func anythingElseIsNot(_ text: String) {
        #expect(ImageSize(argument: text) == nil)
    }
}
