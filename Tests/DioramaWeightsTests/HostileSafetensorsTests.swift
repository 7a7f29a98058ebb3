import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Foundation
import Testing

/// Files that are damaged or made to do harm: each ends in one sentence that says what is wrong.
@Suite struct HostileSafetensorsTests {
    static let good = #"{"dtype":"U8","shape":[4],"data_offsets":[0,4]}"#

    @Test func theFileTheOthersAreMadeFromOpens() throws {
        let file = try RawSafetensors.entry(Self.good).open()
        #expect(file.keys == ["a"])
        #expect(try file.tensor("a", on: .cpu()).ints() == [7, 7, 7, 7])
    }

    @Test("a file shorter than its length field", arguments: [0, 1, 7])
    func tooShort(count: Int) throws {
        let folder = try TemporaryFolder()
        let url = try folder.write([UInt8](repeating: 0, count: count), to: "short.safetensors")
        let error = #expect(throws: WeightsError.self) { try SafetensorsFile(contentsOf: url) }
        #expect(error?.problem.contains("\(count) bytes; the smallest is 8") == true)
    }

    @Test(
        "a header length beyond the file or the format's limit",
        arguments: [
            (UInt64(1000), "it may be cut short"), (1 << 63, "at most 100000000"),
            (.max, "at most 100000000"),
            (100_000_001, "at most 100000000"), (100_000_000, "it may be cut short"),
        ])
    func headerLength(claimed: UInt64, expected: String) throws {
        var file = RawSafetensors.entry(Self.good)
        file.claimedLength = claimed
        #expect(try #require(file.complaint).contains(expected))
    }

    @Test(
        "a header that is not the JSON it must be",
        arguments: [
            ("", "expected an object"), ("[]", "expected an object"),
            ("{", "header, line 1, column 2: expected a quoted name or '}', found the end of the text"),
            ("{\"a\":", "expected an object"),
            ("{} x", "expected the end of the text, found 'x'"), ("{\"a\":1}", "expected an object"),
            ("{\"a\\u0000b\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}", "contains a NUL"),
            ("{\"a\":{\"dtype\":\"U8\",\"shape\":[0]}}", "has no data_offsets"),
            (
                "{\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0],\"x\":1}}",
                "unknown entry \"x\""
            ),
            ("{\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0]}}", "expected [begin, end]"),
            ("{\"\\ud800\":{}}", "half a surrogate pair"), ("{\"\\x\":{}}", "expected an escape such as"),
            ("{\"a\":{\"dtype\":\"U8\",\"shape\":[00],\"data_offsets\":[0,0]}}", "does not begin with 0"),
        ])
    func headerText(header: String, expected: String) throws {
        #expect(try #require(RawSafetensors(header: header).complaint).contains(expected))
    }

    @Test func headerNestedTenThousandDeep() throws {
        let deep = String(repeating: "[", count: 10_000) + String(repeating: "]", count: 10_000)
        for header in [
            "{\"a\":\(deep)}", deep, "{\"a\":{\"dtype\":\"U8\",\"shape\":\(deep),\"data_offsets\":[0,0]}}",
        ] {
            #expect(try #require(RawSafetensors(header: header).complaint).contains("found a list"))
        }
    }

    @Test func headerThatIsNotUTF8() throws {
        let folder = try TemporaryFolder()
        let header: [UInt8] = [0x7B, 0x22, 0xFF, 0xFE, 0x22, 0x3A, 0x31, 0x7D]
        let url = try folder.write([8, 0, 0, 0, 0, 0, 0, 0] + header, to: "latin.safetensors")
        let error = #expect(throws: WeightsError.self) { try SafetensorsFile(contentsOf: url) }
        #expect(error?.problem.contains("header, line 1, column 3: the text is not UTF-8") == true)
    }

    @Test func aNameThatOccursTwice() throws {
        let file = RawSafetensors(header: "{\"a\":\(Self.good),\"a\":\(Self.good)}", data: [1, 2, 3, 4])
        #expect(try #require(file.complaint).contains("the key \"a\" occurs twice"))
    }

    @Test(
        "offsets that are no range of bytes",
        arguments: [
            ("[4,0]", "expected [begin, end]"), ("[-4,0]", "is negative"), ("[0,4.0]", "whole number"),
            ("[0,4e0]", "whole number"),
            ("[0,9007199254740993]", "but 9007199254740993 are given"),
            ("[0,9223372036854775808]", "whole number"),
            ("[0,\"4\"]", "expected a number"), ("[0,4,8]", "more than 2 numbers"),
        ])
    func offsets(json: String, expected: String) throws {
        let file = RawSafetensors.entry("{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":\(json)}")
        let complaint = try #require(file.complaint)
        #expect(complaint.contains(expected) || complaint.contains("ends at byte"))
    }

    @Test func tensorsThatOverlapLeaveGapsOrARest() throws {
        func two(_ first: String, _ second: String, data: Int) -> String? {
            RawSafetensors(
                header: """
                    {"a":{"dtype":"U8","shape":[4],"data_offsets":\(first)},"b":{"dtype":"U8","shape":[4],"data_offsets":\(second)}}
                    """, data: [UInt8](repeating: 0, count: data)
            ).complaint
        }
        #expect(two("[0,4]", "[4,8]", data: 8) == nil)
        #expect(two("[0,4]", "[2,6]", data: 6)?.contains("\"b\" overlaps the tensor before it") == true)
        #expect(two("[0,4]", "[0,4]", data: 4)?.contains("overlaps") == true)
        #expect(
            two("[0,4]", "[6,10]", data: 10)?.contains("2 bytes before \"b\" belong to no tensor") == true)
        // Bytes after the tensors could be a second file: a zip or a picture.
        #expect(
            two("[0,4]", "[4,8]", data: 30)?.contains("22 bytes after the last tensor belong to none") == true
        )
        #expect(two("[0,4]", "[4,8]", data: 7)?.contains("may be cut short") == true)
    }

    @Test(
        "dimensions whose product overflows, also where the tensor is empty",
        arguments: [
            "[4294967296,4294967296]", "[9223372036854775807,2]", "[0,4611686018427387904,4]",
            "[4611686018427387904,4,0]",
            "[1152921504606846976,2]",
        ])
    func productOverflows(shape: String) throws {
        let file = RawSafetensors.entry(
            "{\"dtype\":\"F32\",\"shape\":\(shape),\"data_offsets\":[0,0]}", data: 0)
        #expect(try #require(file.complaint).contains("are too large"))
    }

    @Test func anEmptyTensorOfHugeExtentIsHarmless() throws {
        let file = try RawSafetensors.entry(
            #"{"dtype":"U8","shape":[0,288230376151711744],"data_offsets":[0,0]}"#, data: 0
        ).open()
        #expect(try file.tensor("a", on: .cpu()).count == 0)
    }

    @Test func anUnknownDtypeOrPartOfAByte() throws {
        let unknown = RawSafetensors.entry(#"{"dtype":"F12","shape":[4],"data_offsets":[0,4]}"#)
        #expect(try #require(unknown.complaint).contains("unknown dtype \"F12\""))
        let partial = RawSafetensors.entry(#"{"dtype":"F4","shape":[3],"data_offsets":[0,2]}"#, data: 2)
        #expect(try #require(partial.complaint).contains("does not end at a whole byte"))
    }

    @Test func shapeAndBytesThatDisagree() throws {
        let file = RawSafetensors.entry(#"{"dtype":"F32","shape":[2],"data_offsets":[0,4]}"#)
        #expect(try #require(file.complaint).contains("F32 [2], needs 8 bytes, but 4 are given"))
    }

    @Test func aShapeOfAMillionDimensions() throws {
        let shape = "[" + [String](repeating: "1", count: 1_000_000).joined(separator: ",") + "]"
        let file = RawSafetensors.entry(
            "{\"dtype\":\"U8\",\"shape\":\(shape),\"data_offsets\":[0,1]}", data: 1)
        #expect(try #require(file.complaint).contains("more than 64 numbers"))
    }

    @Test(.timeLimit(.minutes(10))) func aHundredThousandTensors() throws {
        let members = (0..<100_000).map {
            "\"t\($0)\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[\($0),\($0 + 1)]}"
        }
        let file = try RawSafetensors(
            header: "{" + members.joined(separator: ",") + "}", data: [UInt8](repeating: 5, count: 100_000)
        ).open()
        #expect(file.keys.count == 100_000)
        #expect(try file.tensor("t99999", on: .cpu()).ints() == [5])
    }

    @Test("metadata that is not texts", arguments: ["1", "[]", "{\"a\":1}", "{\"a\":{}}", "null"])
    func metadata(json: String) throws {
        #expect(
            try #require(RawSafetensors(header: "{\"__metadata__\":\(json)}").complaint).contains("expected"))
    }

    @Test func aFileCutOffAnywhereIsRefused() throws {
        let whole = RawSafetensors.entry(Self.good).bytes
        let folder = try TemporaryFolder()
        for count in 0..<whole.count {
            let url = try folder.write(Array(whole[..<count]), to: "cut-\(count).safetensors")
            #expect(throws: WeightsError.self, "cut after \(count) bytes") {
                try SafetensorsFile(contentsOf: url)
            }
        }
    }

    /// The size is asked again before each tensor is made, so a file cut between opening and loading is a sentence, not a bus error.
    @Test func aFileCutWhileOpenIsNoticed() throws {
        let folder = try TemporaryFolder()
        let url = try folder.write(RawSafetensors.entry(Self.good).bytes, to: "model.safetensors")
        let file = try SafetensorsFile(contentsOf: url)
        let handle = try FileHandle(forWritingTo: url)
        try handle.truncate(atOffset: 10)
        try handle.close()
        let error = #expect(throws: WeightsError.self) { try file.tensor("a", on: .cpu()) }
        #expect(error?.problem.contains("became shorter") == true)
    }

    @Test func everySingleBitFlippedInTheHeaderIsReadOrRefused() throws {
        let whole = RawSafetensors.entry(Self.good).bytes
        let folder = try TemporaryFolder()
        for bit in 0..<(whole.count - 4) * 8 {
            var bytes = whole
            bytes[bit / 8] ^= 1 << (bit % 8)
            let url = try folder.write(bytes, to: "flipped.safetensors")
            // Either the file is still consistent (a letter of a name changed) and can be read, or it is refused.
            if let file = try? SafetensorsFile(contentsOf: url) {
                for key in file.keys { #expect(try file.tensor(key, on: .cpu()).count == 4) }
            }
        }
    }

    @Test func aFolderOrMissingFileIsNamed() throws {
        let folder = try TemporaryFolder()
        let folderError = #expect(throws: WeightsError.self) { try SafetensorsFile(contentsOf: folder.url) }
        #expect(folderError?.problem == "cannot be read: it is a folder")
        let error = #expect(throws: WeightsError.self) {
            try SafetensorsFile(contentsOf: folder.url.appending(path: "none.safetensors"))
        }
        #expect(
            error?.description.contains("none.safetensors: cannot be read: there is no such file") == true)
    }
}
