import DioramaImage
import DioramaTestSupport
import Testing

@Suite struct MetadataTests {
    @Test(
        "reads the texts that Pillow and ComfyUI write", arguments: try PictureGoldens().texts.keys.sorted())
    func readsTexts(_ name: String) throws {
        let expected = try #require(PictureGoldens().texts[name])
        let metadata = try ImageFile.readMetadata(PictureGoldens.bytes(name))
        #expect(metadata.entries.map { [$0.key, $0.text] } == expected)
    }

    @Test("keeps texts of any script", arguments: [.png, .jpeg] as [ImageFormat])
    func roundTrips(_ format: ImageFormat) throws {
        let metadata: ImageMetadata = [
            "prompt": #"{"6": {"class_type": "CLIPTextEncode", "inputs": {"text": "caf\u00e9: {a, b}"}}}"#,
            "workflow": #"{"nodes": [], "extra": {"quote": "\"}{"}}"#,
            "parameters": "a fox, 狐 🦊, café",
            "empty": "",
        ]
        let bitmap = try Bitmap.gradient(8, 8)
        let bytes =
            try format == .png
            ? PNG.encode(bitmap, metadata: metadata) : JPEG.encode(bitmap, metadata: metadata).bytes
        #expect(try ImageFile.readMetadata(bytes) == metadata)
    }

    @Test func aPictureWithoutTextHasNone() throws {
        #expect(try ImageFile.readMetadata(PictureGoldens.bytes("rgb-8.png")).isEmpty)
        #expect(try ImageFile.readMetadata(PictureGoldens.bytes("444.jpg")).isEmpty)
    }

    @Test func theLastOfEqualKeysCounts() {
        var metadata = ImageMetadata([
            .init(key: "a", text: "1"), .init(key: "b", text: "2"), .init(key: "a", text: "3"),
        ])
        #expect(metadata["a"] == "3")
        metadata["a"] = "4"
        #expect(metadata.entries == [.init(key: "a", text: "4"), .init(key: "b", text: "2")])
        metadata["b"] = nil
        #expect(metadata == ["a": "4"])
    }

    @Test func jpegKeepsThePromptWhenTheWorkflowIsTooLong() throws {
        let prompt = "{\"text\": \"" + String(repeating: "p", count: 40_000) + "\"}"
        let workflow = "{\"text\": \"" + String(repeating: "w", count: 40_000) + "\"}"
        let encoded = try JPEG.encode(.gradient(8, 8), metadata: ["workflow": workflow, "prompt": prompt])
        #expect(encoded.omittedKeys == ["workflow"])
        let read = try JPEG.readMetadata(encoded.bytes)
        #expect(read.entries.map(\.key) == ["prompt"] && read.prompt?.count == prompt.count)
        #expect(try JPEG.decode(encoded.bytes).width == 8)
    }

    @Test(arguments: [65_400, 65_450, 65_488, 65_489, 65_490, 65_491, 65_492, 65_493, 65_500, 70_000])
    func jpegFillsTheSegmentToItsEnd(_ count: Int) throws {
        let prompt = String(repeating: "p", count: count)
        let encoded = try JPEG.encode(.gradient(8, 8), metadata: ["prompt": prompt])
        let read = try JPEG.readMetadata(encoded.bytes)
        // Behind "Exif\0\0" stand header, one entry and the end mark of the directory (26 bytes) and "prompt:" with NUL.
        let fits = 6 + 26 + "prompt:".utf8.count + count + 1 <= 65_533
        #expect(encoded.omittedKeys == (fits ? [] : ["prompt"]))
        #expect(read.prompt?.count == (fits ? count : nil))
    }

    /// What other programs may have put into UserComment: one object, whose members count as written.
    @Test(
        "reads a comment's members byte for byte",
        arguments: [
            (
                #"{ "prompt" : {"a": [1.50, 1e3, NaN]} ,"workflow":{} }"#,
                ["prompt", #"{"a": [1.50, 1e3, NaN]}"#, "workflow", "{}"]
            ),
            (#"{"prompt": "{\"a\": 1}", "n": null}"#, ["prompt", #"{"a": 1}"#, "n", "null"]),
            ("{}", []),
            ("a fox, {red|brown}", ["parameters", "a fox, {red|brown}"]),
            (#"{"prompt": {"a": 1}"#, ["parameters", #"{"prompt": {"a": 1}"#]),
        ])
    func readsAComment(_ comment: String, _ expected: [String]) throws {
        let read = try JPEG.readMetadata(Self.picture(userComment: comment))
        #expect(read.entries.flatMap { [$0.key, $0.text] } == expected)
    }

    /// A JPEG with nothing but a comment in its EXIF block: two directories of one entry each, little endian.
    private static func picture(userComment: String) throws -> [UInt8] {
        func number(_ value: Int, _ count: Int) -> [UInt8] {
            (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        }
        func directory(_ tag: Int, type: Int, count: Int, value: Int) -> [UInt8] {
            number(1, 2) + number(tag, 2) + number(type, 2) + number(count, 4) + number(value, 4)
                + number(0, 4)
        }
        let comment = Array("ASCII\0\0\0\(userComment)".utf8)
        let exif =
            Array("Exif\0\0II".utf8) + number(42, 2) + number(8, 4)
            + directory(0x8769, type: 4, count: 1, value: 26)
            + directory(0x9286, type: 7, count: comment.count, value: 44) + comment
        let picture = try JPEG.encode(.gradient(8, 8)).bytes
        let length = number(exif.count + 2, 2).reversed()
        return picture[..<2] + [0xFF, 0xE1] + length + exif + picture[2...]
    }

    @Test func aTextThatIsNotJSONIsReadOnce() throws {
        let metadata: ImageMetadata = ["prompt": "a fox", "workflow": "{}"]
        let encoded = try JPEG.encode(.gradient(8, 8), metadata: metadata)
        #expect(try JPEG.readMetadata(encoded.bytes) == metadata)
    }

    @Test func jpegRefusesKeysThatCannotBeReadBack() throws {
        for key in ["", "a:b", "a b"] {
            #expect(throws: ImageError.self, "key \(key)") {
                try JPEG.encode(.gradient(2, 2), metadata: [key: "x"])
            }
        }
    }
}
