import DioramaImage
import DioramaTestSupport
import Testing

@Suite struct BitmapTests {
    @Test func aBitmapHasAsManySamplesAsItsSizeSays() {
        #expect(throws: ImageError.self) {
            try Bitmap(width: 2, height: 2, channels: .rgb, pixels: [1, 2, 3])
        }
        #expect(throws: ImageError.self) { try Bitmap(width: 0, height: 2, channels: .rgb, pixels: []) }
        #expect(throws: ImageError.self) { try Bitmap(width: -1, height: -1, channels: .gray, pixels: [1]) }
        #expect(throws: ImageError.self) { try Bitmap(width: .max, height: 2, channels: .rgba, pixels: []) }
    }

    @Test func sixteenBitsKeepTheirPrecision() throws {
        let bitmap = try Bitmap(width: 3, height: 1, channels: .gray, samples: .sixteen([0, 32_768, 65_535]))
        #expect(bitmap.normalized() == [0, 32_768 / 65_535, 1])
        #expect(bitmap.pixels == [0, 128, 255])
        #expect(bitmap.bitDepth == 16)
    }

    /// The gray values are what Pillow's `convert("L")` gives.
    @Test func convertsChannels() throws {
        let rgb = try Bitmap(
            width: 3, height: 1, channels: .rgb, pixels: [255, 0, 0, 10, 200, 30, 255, 255, 255])
        #expect(rgb.converted(to: .gray).pixels == [76, 124, 255])
        #expect(rgb.converted(to: .rgba).pixels == [255, 0, 0, 255, 10, 200, 30, 255, 255, 255, 255, 255])
        let grayAlpha = try Bitmap(width: 2, height: 1, channels: .grayAlpha, pixels: [7, 0, 9, 128])
        #expect(grayAlpha.converted(to: .rgba).pixels == [7, 7, 7, 0, 9, 9, 9, 128])
        #expect(grayAlpha.converted(to: .rgb).pixels == [7, 7, 7, 9, 9, 9])
        #expect(grayAlpha.converted(to: .gray).pixels == [7, 9])
        let deep = try Bitmap(width: 1, height: 1, channels: .gray, samples: .sixteen([300]))
        #expect(deep.converted(to: .grayAlpha).samples == .sixteen([300, 65_535]))
    }

    @Test func formatsAreToldByContentAndWrittenByName() throws {
        #expect(ImageFormat(detecting: try PictureGoldens.bytes("rgb-8.png")) == .png)
        #expect(ImageFormat(detecting: try PictureGoldens.bytes("444.jpg")) == .jpeg)
        #expect(ImageFormat(detecting: Array("GIF89a".utf8)) == nil)
        #expect(ImageFormat(fileExtension: "JPG") == .jpeg && ImageFormat(fileExtension: "png") == .png)
        #expect(ImageFormat(fileExtension: "webp") == nil)
    }
}
