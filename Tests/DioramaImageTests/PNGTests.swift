import DioramaImage
import DioramaTestSupport
import Testing

@Suite struct PNGTests {
    @Test(
        "decodes every color type, depth and interlacing",
        arguments: try PictureGoldens().pictureNames(".png"))
    func decodes(_ name: String) throws {
        let expected = try PictureGoldens().picture(name)
        let bitmap = try ImageFile.decode(PictureGoldens.bytes(name))
        #expect(bitmap.width == expected.width && bitmap.height == expected.height)
        #expect(bitmap.channels.count == expected.channels)
        #expect(bitmap.bitDepth == expected.depth)
        #expect(bitmap.numbers == expected.samples)
    }

    @Test(
        "decodes what it encodes",
        arguments: Bitmap.Channels.allCases, [(1, 1), (3, 2), (37, 29)])
    func roundTrips(_ channels: Bitmap.Channels, _ size: (Int, Int)) throws {
        let bitmap = try Bitmap.gradient(size.0, size.1, channels)
        for compression in [.fast, .level(0), .level(1), .level(9)] as [PNG.Compression] {
            #expect(try PNG.decode(PNG.encode(bitmap, compression: compression)) == bitmap)
        }
        let deep = try Bitmap(
            width: size.0, height: size.1, channels: channels,
            samples: .sixteen(bitmap.pixels.map { UInt16($0) * 251 }))
        #expect(try PNG.decode(PNG.encode(deep)) == deep)
    }

    @Test func theSameBitmapGivesTheSameBytes() throws {
        let bitmap = try Bitmap.gradient(64, 48)
        let metadata: ImageMetadata = ["prompt": "{}"]
        #expect(try PNG.encode(bitmap, metadata: metadata) == PNG.encode(bitmap, metadata: metadata))
    }

    @Test func writesTextBetweenHeaderAndPixelsWithRightChecksums() throws {
        let bytes = try PNG.encode(
            .gradient(5, 4), metadata: ["prompt": #"{"1": "caf\u00e9"}"#, "Title": "狐"])
        let file = try #require(PNGFile(bytes))
        #expect(file.chunks.map(\.type) == ["IHDR", "tEXt", "iTXt", "IDAT", "IEND"])
        #expect(file.chunks[0].data == [0, 0, 0, 5, 0, 0, 0, 4, 8, 2, 0, 0, 0])
        #expect(file.chunks[1].data == Array("prompt\0".utf8) + Array(#"{"1": "caf\u00e9"}"#.utf8))
        #expect(file.chunks[2].data == Array("Title\0\0\0\0\0狐".utf8))
        for chunk in file.chunks {
            #expect(chunk.crc == PNGFile.crc(Array(chunk.type.utf8) + chunk.data))
        }
    }

    @Test func infoReadsTheHeader() throws {
        let info = try ImageFile.info(PictureGoldens.bytes("palette-4-trns-interlaced.png"))
        #expect(info.format == .png && info.width == 11 && info.height == 9)
        #expect(info.bitDepth == 4 && info.colorType == .palette && info.isProgressive)
        #expect(info.orientation == .up)
    }

    @Test func turnsUprightByItsEXIF() throws {
        var file = try #require(PNGFile(PNG.encode(.gradient(3, 2))))
        // Little endian, a directory with the one entry 0x0112 = 6: turn clockwise.
        let exif: [UInt8] = [
            0x49, 0x49, 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0,
        ]
        file.chunks.insert(.init(type: "eXIf", data: exif), at: 1)
        #expect(try PNG.decode(file.bytes) == Bitmap.gradient(3, 2).upright(from: .right))
        #expect(try PNG.info(file.bytes).width == 2)
    }

    @Test func refusesWhatItCannotWrite() throws {
        let bitmap = try Bitmap.gradient(2, 2)
        for level in [-1, 10, .max] {
            #expect(throws: ImageError.self) { try PNG.encode(bitmap, compression: .level(level)) }
        }
        for key in ["", " prompt", "prompt ", "狐", "a\nb", String(repeating: "k", count: 80)] {
            #expect(throws: ImageError.self, "key \(key)") { try PNG.encode(bitmap, metadata: [key: "text"]) }
        }
        #expect(throws: ImageError.self) { try PNG.encode(bitmap, metadata: ["prompt": "a\0b"]) }
    }
}
