import DioramaImage
import DioramaTestSupport
import Testing

@Suite struct JPEGTests {
    /// Pillow brings its own libjpeg-turbo, whose IDCT and color conversion may round otherwise.
    static let tolerance = 2

    @Test("decodes as Pillow does", arguments: try PictureGoldens().pictureNames(".jpg"))
    func decodes(_ name: String) throws {
        let expected = try PictureGoldens().picture(name)
        let bitmap = try ImageFile.decode(PictureGoldens.bytes(name))
        #expect(bitmap.width == expected.width && bitmap.height == expected.height)
        #expect(bitmap.channels.count == expected.channels)
        let difference = try #require(bitmap.largestDifference(to: expected.samples))
        #expect(difference <= Self.tolerance)
    }

    @Test(
        "encodes as Pillow does",
        arguments: [
            ("444.jpg", 90, JPEG.Subsampling.yuv444), ("422.jpg", 90, .yuv422), ("420.jpg", 90, .yuv420),
            ("quality-30.jpg", 30, .yuv420),
        ])
    func encodes(_ name: String, _ quality: Int, _ subsampling: JPEG.Subsampling) throws {
        let scene = try PNG.decode(PictureGoldens.bytes("scene.png"))
        let encoded = try JPEG.encode(scene, quality: quality, subsampling: subsampling)
        let difference = try JPEG.decode(encoded.bytes).largestDifference(
            to: PictureGoldens().picture(name).samples)
        #expect(try #require(difference) <= Self.tolerance)
    }

    @Test func grayStaysGray() throws {
        let gray = try Bitmap.gradient(17, 9, .gray)
        let encoded = try JPEG.encode(gray, quality: 100)
        #expect(try JPEG.info(encoded.bytes).colorType == .gray)
        #expect(try #require(try JPEG.decode(encoded.bytes).largestDifference(to: gray.numbers)) <= 2)
    }

    @Test func higherQualityIsCloserAndLarger() throws {
        let scene = try PNG.decode(PictureGoldens.bytes("scene.png"))
        let files = try [10, 50, 75, 95, 100].map { try JPEG.encode(scene, quality: $0).bytes }
        let errors = try files.map { file in
            zip(try JPEG.decode(file).numbers, scene.numbers).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        }
        #expect(errors == errors.sorted(by: >))
        #expect(files.map(\.count) == files.map(\.count).sorted())
    }

    @Test(arguments: [
        ("gray.jpg", ImageInfo.ColorType.gray, false), ("420.jpg", .ycbcr, false), ("rgb.jpg", .rgb, false),
        ("progressive.jpg", .ycbcr, true), ("cmyk.jpg", .cmyk, false), ("ycck.jpg", .ycck, false),
    ])
    func infoReadsTheHeader(_ name: String, _ colorType: ImageInfo.ColorType, _ isProgressive: Bool) throws {
        let info = try ImageFile.info(PictureGoldens.bytes(name))
        #expect(info.format == .jpeg && info.width == 37 && info.height == 29 && info.bitDepth == 8)
        #expect(info.colorType == colorType && info.isProgressive == isProgressive)
    }

    @Test func infoGivesTheUprightSize() throws {
        let info = try ImageFile.info(PictureGoldens.bytes("orientation-6.jpg"))
        #expect(info.orientation == .right && info.width == 13 && info.height == 19)
    }

    @Test func refusesWhatItCannotWrite() throws {
        let bitmap = try Bitmap.gradient(2, 2)
        #expect(throws: ImageError.self) { try JPEG.encode(bitmap, quality: 0) }
        #expect(throws: ImageError.self) { try JPEG.encode(bitmap, quality: 101) }
        #expect(throws: ImageError.self) { try JPEG.encode(.gradient(2, 2, .rgba)) }
        let wide = try Bitmap(
            width: 65_501, height: 1, channels: .gray, pixels: [UInt8](repeating: 0, count: 65_501))
        #expect(throws: ImageError.self) { try JPEG.encode(wide) }
    }
}
