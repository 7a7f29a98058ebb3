import DioramaImage
import DioramaTestSupport
import Testing

/// Broken and malicious PNGs: each ends in an error, at once and in little memory.
@Suite struct HostilePNGTests {
    private func chunks(_ name: String = "rgb-8.png") throws -> PNGFile {
        try #require(PNGFile(PictureGoldens.bytes(name)))
    }

    @Test func emptyAndForeignFilesAreNoPictures() {
        #expect(code([]) == .truncated)
        #expect(code(Array("GIF89a".utf8)) == .unknownFormat)
        #expect(code(PNGFile.signature) == .truncated)
    }

    @Test(
        "a file cut anywhere is truncated",
        arguments: ["rgb-8.png", "palette-4-trns-interlaced.png", "rgba-16.png"])
    func cut(_ name: String) throws {
        let bytes = try PictureGoldens.bytes(name)
        for length in 8..<bytes.count {
            #expect(code(Array(bytes[..<length])) == .truncated, "\(length) bytes")
        }
    }

    @Test("a wrong byte in any chunk is found", arguments: ["rgb-8.png", "palette-4-trns-interlaced.png"])
    func flipped(_ name: String) throws {
        let bytes = try PictureGoldens.bytes(name)
        for place in bytes.indices {
            var damaged = bytes
            damaged[place] ^= 0x40
            #expect(code(damaged) != nil, "byte \(place)")
        }
    }

    @Test func aWrongChecksumOfTextIsFound() throws {
        var file = try chunks("texts.png")
        let place = try #require(file.chunks.firstIndex { $0.type == "iTXt" })
        file.chunks[place].data[8] ^= 1
        #expect(throws: ImageError.self) { try PNG.readMetadata(file.bytes) }
    }

    @Test(
        "a huge header on a small body ends at once",
        arguments: [
            (20_000, 20_000, ImageError.Code.tooLarge), (65_535, 65_535, .tooLarge),
            (0x7FFF_FFFF, 1, .tooLarge),
            (0xFFFF_FFFF, 0xFFFF_FFFF, .tooLarge), (11_000, 11_000, .truncated), (0, 5, .corrupt),
            (5, 0, .corrupt),
        ])
    func hugeHeader(_ width: UInt32, _ height: UInt32, _ expected: ImageError.Code) throws {
        var file = try chunks()
        file.chunks[0] = PNGFile.header(width, height)
        #expect(code(file.bytes) == expected)
    }

    @Test func theMessageNamesSizeAndLimit() throws {
        var file = try chunks()
        file.chunks[0] = PNGFile.header(20_000, 20_000)
        let error = #expect(throws: ImageError.self) { try ImageFile.decode(file.bytes) }
        #expect(
            error?.description
                == "PNG: 20000 x 20000 is too large; at most 134217728 pixels and 65535 a side are read. "
                + "Scale the picture down first")
    }

    @Test(arguments: [(3, 8), (8, 2), (16, 3), (8, 1), (8, 5), (8, 7), (0, 0), (4, 2)])
    func colorTypesThatDoNotExistAreRefused(_ depth: UInt8, _ color: UInt8) throws {
        var file = try chunks()
        file.chunks[0] = PNGFile.header(11, 9, depth: depth, color: color)
        if (depth, color) != (8, 2) { #expect(code(file.bytes) == .corrupt) }
    }

    @Test func chunksInTheWrongPlaceAreRefused() throws {
        let file = try chunks("palette-8.png")
        var withoutHeader = file
        withoutHeader.chunks.removeFirst()
        #expect(code(withoutHeader.bytes) == .corrupt)
        var withoutPalette = file
        withoutPalette.chunks.removeAll { $0.type == "PLTE" }
        #expect(code(withoutPalette.bytes) == .corrupt)
        var withoutPixels = file
        withoutPixels.chunks.removeAll { $0.type == "IDAT" }
        #expect(code(withoutPixels.bytes) != nil)
        var twoHeaders = file
        twoHeaders.chunks.insert(PNGFile.header(300, 300), at: 1)
        #expect(code(twoHeaders.bytes) == .corrupt)
    }

    @Test func aChunkOfTwoGigabytesIsTruncated() throws {
        let bytes = try PictureGoldens.bytes("rgb-8.png")
        for length: [UInt8] in [[0x7F, 0xFF, 0xFF, 0xFF], [0x80, 0, 0, 0], [0xFF, 0xFF, 0xFF, 0xFF]] {
            var damaged = bytes
            damaged.replaceSubrange(33..<37, with: length)
            #expect(code(damaged) != nil)
        }
    }

    /// An index beyond the palette must not read beyond it; libpng gives the entry black or refuses.
    @Test func indicesBeyondThePaletteAreHarmless() throws {
        for name in ["palette-8.png", "palette-8-trns-interlaced.png"] {
            var file = try chunks(name)
            let palette = try #require(file.chunks.firstIndex { $0.type == "PLTE" })
            file.chunks[palette].data = [1, 2, 3]
            let bitmap = try? ImageFile.decode(file.bytes)
            #expect(bitmap == nil || bitmap?.width == 11)
        }
    }

    @Test func transparencyOfAnyLengthIsHarmless() throws {
        for length in [0, 1, 3, 257, 100_000] {
            var file = try chunks("palette-8-trns.png")
            let place = try #require(file.chunks.firstIndex { $0.type == "tRNS" })
            file.chunks[place].data = [UInt8](repeating: 9, count: length)
            let bitmap = try? ImageFile.decode(file.bytes)
            #expect(bitmap == nil || bitmap?.channels == .rgba)
        }
    }

    /// The file inflates to 8 MiB behind an 8 x 8 header: few bytes, so the rest is passed over.
    @Test func aSmallBombOfPixelsGivesTheHeadersPixels() throws {
        #expect(
            try ImageFile.decode(PictureGoldens.bytes("idat-bomb.png")).pixels
                == [UInt8](repeating: 0, count: 8 * 8 * 3))
    }

    /// Stored blocks of zeros behind the last row, as long as they like: inflating all of them would take time.
    @Test func aLargeBombOfPixelsIsRefused() throws {
        let block = [0, 0xFF, 0xFF, 0, 0] + [UInt8](repeating: 0, count: 0xFFFF)
        var file = PNGFile([
            PNGFile.header(8, 8), .init(type: "IDAT", data: [0x78, 0x01]), .init(type: "IEND", data: []),
        ])
        file.chunks[1].data += (0..<8).flatMap { _ in block }
        #expect(code(file.bytes) == .corrupt)
    }

    @Test func aBombOfTextIsRefusedAndDoesNotTouchThePixels() throws {
        let bytes = try PictureGoldens.bytes("ztxt-bomb.png")
        let error = #expect(throws: ImageError.self) {
            try ImageFile.readMetadata(bytes, limits: ImageLimits(textBytes: 1 << 20))
        }
        #expect(error?.code == .tooLarge)
        #expect(try ImageFile.decode(bytes).width == 2)
        #expect(try ImageFile.readMetadata(bytes).prompt?.utf8.count == 8 << 20)
    }

    @Test func aCrowdOfTextsIsRefused() throws {
        var file = try chunks()
        let text = PNGFile.Chunk(type: "tEXt", data: Array("key\0text".utf8))
        file.chunks.insert(contentsOf: [PNGFile.Chunk](repeating: text, count: 1_001), at: 1)
        let error = #expect(throws: ImageError.self) { try ImageFile.readMetadata(file.bytes) }
        #expect(error?.code == .tooLarge)
        #expect(code(file.bytes) == nil)
    }

    @Test(arguments: ["tEXt", "zTXt", "iTXt"])
    func malformedTextIsAnErrorOfTheTextAlone(_ type: String) throws {
        let bodies: [[UInt8]] = [
            [], [0], [65], [65, 0, 1], [65, 0, 7, 0, 0, 0], [65, 0, 1, 0, 0, 0, 9, 9, 9],
        ]
        for body in bodies {
            var file = try chunks()
            file.chunks.insert(.init(type: type, data: body), at: 1)
            #expect(code(file.bytes) == nil)
            let metadata = try? ImageFile.readMetadata(file.bytes)
            #expect(metadata == nil || metadata?.entries.count == 1)
        }
    }
}
