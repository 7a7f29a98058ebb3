import DioramaBatch
import DioramaImage
import DioramaTestSupport
import Foundation
import Testing

/// Contact sheets of the toy graph, whose pictures are four by three pixels of one shade.
@Suite(.timeLimit(.minutes(10))) struct SheetTests {
    private let workshop: Workshop

    init() throws { workshop = try Workshop() }

    private func sheet(
        _ list: String, named name: String = "sheet.png", _ change: (inout BatchOptions) -> Void = { _ in }
    ) async throws -> (pages: [String], first: Bitmap) {
        var options = BatchOptions()
        change(&options)
        let batch = try workshop.batch("{}", options)
        _ = try await batch.run(PromptList(list), in: workshop.folder)
        let file = workshop.url.appending(path: name)
        let pages = try batch.drawSheet(of: PromptList(list), in: workshop.folder, to: file)
        let bytes = Array(try Data(contentsOf: try #require(pages.first)))
        return (pages.map(\.lastPathComponent), try PNG.decode(bytes))
    }

    /// How many pixels of a rectangle are as dark as text.
    private func ink(_ bitmap: Bitmap, x: Range<Int>, y: Range<Int>) -> Int {
        y.reduce(0) { sum, row in sum + x.count { bitmap.pixels[(row * bitmap.width + $0) * 3] == 32 } }
    }

    @Test func everyPictureHasItsPlaceAndLabel() async throws {
        let (pages, first) = try await sheet("a fox\na hill\na boat\n")
        #expect(pages == ["sheet.png"])
        // Two columns of 96 pixels and three gaps of 8; rows of 96, a line of 10 and a gap.
        #expect(first.width == 2 * 96 + 3 * 8)
        #expect(first.height == 8 + 2 * (96 + 10 + 8))
        for (name, x, y) in [("a-fox", 8, 8), ("a-hill", 112, 8), ("a-boat", 8, 122)] {
            let file = try #require(workshop.pictures.first { $0.hasPrefix(name) })
            let picture = try PNG.decode(Array(try Data(contentsOf: workshop.url.appending(path: file))))
            let middle = ((y + 48) * first.width + x + 48) * 3
            #expect(first.pixels[middle] == picture.pixels[0])
            #expect(ink(first, x: x..<(x + 96), y: (y + 96)..<(y + 106)) > 10)
        }
        // The fourth place has neither picture nor label.
        #expect(ink(first, x: 112..<208, y: 122..<228) == 0)
    }

    @Test func aGridHasHeadings() async throws {
        let (_, first) = try await sheet("a fox\n") {
            $0.grid = ["steps=2,3", "cfg=1,2,3"].compactMap { GridAxis($0) }
        }
        let left = 8 + 18 * 6
        #expect(first.width == left + 3 * 104)
        #expect(first.height == 8 + 2 * (96 + 10 + 8) + 2 * 10)
        for column in 0..<3 {
            let x = left + column * 104
            #expect(ink(first, x: x..<(x + 96), y: 18..<28) > 10)
        }
        for y in [28, 142] { #expect(ink(first, x: 8..<left, y: y..<(y + 96)) > 10) }
    }

    @Test func manyPicturesMakePagesAndARerunDrawsThemAgain() async throws {
        let list = (1...300).map { "prompt \($0)" }.joined(separator: "\n")
        let (pages, first) = try await sheet(list)
        #expect(pages == ["sheet.png", "sheet-2.png"])
        let again = try await sheet(list)
        #expect(again.first == first)
        #expect(workshop.log.count("sample") == 300)
    }

    @Test func whatIsMissingIsGray() async throws {
        workshop.log.fail("a fox", times: 1)
        let (_, first) = try await sheet("a fox\n")
        #expect(first.pixels[((8 + 48) * first.width + 8 + 48) * 3] == 224)
    }
}
