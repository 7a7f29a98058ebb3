import DioramaImage
import DioramaTestSupport
import Testing

/// Broken and malicious JPEGs: each ends in an error, at once and in little memory.
@Suite struct HostileJPEGTests {
    /// Where the first segment of a marker has its data.
    private func data(of marker: UInt8, in bytes: [UInt8]) throws -> Int {
        try #require(bytes.indices.dropLast().first { bytes[$0] == 0xFF && bytes[$0 + 1] == marker }) + 4
    }

    @Test(
        "a file cut anywhere is an error",
        arguments: ["420.jpg", "progressive.jpg", "restarts.jpg", "cmyk.jpg"])
    func cut(_ name: String) throws {
        let bytes = try PictureGoldens.bytes(name)
        for length in 3..<bytes.count {
            #expect(code(Array(bytes[..<length])) != nil, "\(length) bytes")
        }
        #expect(code(Array(bytes.dropLast(2))) == .truncated)
        #expect(code(Array(bytes.prefix(bytes.count / 2))) == .truncated)
    }

    @Test(arguments: [(0, 29, ImageError.Code.corrupt), (37, 0, .corrupt), (65_535, 65_535, .tooLarge)])
    func impossibleSizesEndAtOnce(_ width: UInt16, _ height: UInt16, _ expected: ImageError.Code) throws {
        for (name, marker) in [("420.jpg", UInt8(0xC0)), ("progressive.jpg", 0xC2)] {
            var bytes = try PictureGoldens.bytes(name)
            let frame = try data(of: marker, in: bytes)
            let size = [height, width].flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] }
            bytes.replaceSubrange(frame + 1..<frame + 5, with: size)
            #expect(code(bytes) == expected)
        }
    }

    /// A large frame within the limits whose data ends soon.
    @Test func aLargeFrameOnASmallBodyIsTruncated() throws {
        var bytes = try PictureGoldens.bytes("420.jpg")
        let frame = try data(of: 0xC0, in: bytes)
        bytes.replaceSubrange(frame + 1..<frame + 5, with: [0x20, 0, 0x20, 0])
        #expect(code(bytes) != nil)
    }

    @Test(arguments: [0, 2, 5, 255])
    func otherNumbersOfComponentsAreUnsupported(_ count: UInt8) throws {
        var bytes = try PictureGoldens.bytes("420.jpg")
        bytes[try data(of: 0xC0, in: bytes) + 5] = count
        #expect(code(bytes) == .unsupported)
    }

    @Test(arguments: [0xC3, 0xC5, 0xCB, 0xCF] as [UInt8])
    func losslessAndHierarchicalAreUnsupported(_ marker: UInt8) throws {
        var bytes = try PictureGoldens.bytes("420.jpg")
        bytes[try data(of: 0xC0, in: bytes) - 3] = marker
        #expect(code(bytes) == .unsupported)
    }

    @Test func twelveBitsAreUnsupported() throws {
        var bytes = try PictureGoldens.bytes("420.jpg")
        bytes[try data(of: 0xC0, in: bytes)] = 12
        #expect(code(bytes) == .unsupported)
    }

    @Test func manyScansAreRefused() throws {
        let bytes = try PictureGoldens.bytes("progressive.jpg")
        let scan = try data(of: 0xDA, in: bytes) - 4
        let next = try #require(
            bytes.indices[(scan + 2)...].first { bytes[$0] == 0xFF && bytes[$0 + 1] != 0 })
        let bomb = bytes[..<scan] + (0..<10_000).flatMap { _ in bytes[scan..<next] } + bytes[next...]
        #expect(code(Array(bomb)) == .tooLarge)
        #expect(code(bytes, limits: ImageLimits(scans: 3)) == .tooLarge)
        #expect(code(bytes) == nil)
    }

    @Test("any wrong byte gives an error or a picture", arguments: ["gray.jpg", "progressive.jpg"])
    func flipped(_ name: String) throws {
        let bytes = try PictureGoldens.bytes(name)
        for place in bytes.indices {
            for mask: UInt8 in [0x01, 0x80, 0xFF] {
                var damaged = bytes
                damaged[place] ^= mask
                let bitmap = try? ImageFile.decode(damaged)
                #expect(bitmap == nil || bitmap?.samples.count ?? 0 > 0)
            }
        }
    }

    @Test func brokenEXIFLosesNoPicture() throws {
        let bytes = try PictureGoldens.bytes("make-model.jpg")
        let exif = try data(of: 0xE1, in: bytes)
        for place in exif..<exif + 120 {
            var damaged = bytes
            damaged[place] = 0xFF
            #expect(try ImageFile.decode(damaged).samples.count == 8 * 8 * 3)
            #expect(try ImageFile.readMetadata(damaged).entries.count <= 3)
        }
    }

    @Test func anImpossibleOrientationIsUp() throws {
        let bytes = try PictureGoldens.bytes("orientation-6.jpg")
        // Pillow writes big endian: tag, type 3, count 1, value.
        let entry: [UInt8] = [0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6]
        let place = try #require(bytes.indices.first { bytes[$0...].starts(with: entry) })
        var damaged = bytes
        damaged[place + 9] = 9
        #expect(try ImageFile.info(damaged).orientation == .up)
    }
}
