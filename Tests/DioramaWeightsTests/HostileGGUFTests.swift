import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Foundation
import Testing

/// Files that are damaged or made to do harm: each ends in one sentence that says what is wrong.
///
/// The numbers of cases are those of the
/// project's list of hostile files, of which 16 to 26 are GGUF's.
@Suite struct HostileGGUFTests {
    private func one(_ tensor: [UInt8], values: [[UInt8]] = [], data: Int = 64) -> String {
        RawGGUF(values: values, tensors: [tensor], data: data).complaint
    }

    private func one(value: [UInt8]) -> String {
        RawGGUF(values: [value], tensors: [RawGGUF.tensor("a")]).complaint
    }

    @Test("the file the others are made from opens", arguments: [2, 3] as [UInt32])
    func good(version: UInt32) throws {
        var raw = RawGGUF(version: version, tensors: [RawGGUF.tensor("a", [2, 4])])
        raw.values = [RawGGUF.value("general.alignment", 4, RawGGUF.bytes(UInt32(32)))]
        let file = try raw.open()
        #expect(file.info("a")?.shape == [4, 2])
        #expect(try file.tensor("a", on: .cpu()).count == 8)
        let scalar = try RawGGUF(tensors: [RawGGUF.tensor("s", [])]).open()
        #expect(try scalar.tensor("s", on: .cpu()).shape == [])
        let empty = try RawGGUF(tensors: [RawGGUF.tensor("e", [0, 3])], data: 0).open()
        #expect(try empty.tensor("e", on: .cpu()).shape == [3, 0])
    }

    @Test func otherFiles() {
        #expect(RawGGUF.complaint([]).contains("0 bytes; the smallest is 24"))
        #expect(RawGGUF.complaint(Array("GGUF".utf8)).contains("the smallest is 24"))
        #expect(RawGGUF.complaint([UInt8](repeating: 1, count: 99)).contains("does not begin with GGUF"))
        #expect(RawGGUF(version: 1).complaint.contains("version 1; versions 2 and 3"))
        #expect(RawGGUF(version: UInt32(3).byteSwapped).complaint.contains("of big endian order"))
    }

    @Test("a file cut anywhere", arguments: Array(stride(from: 0, to: 190, by: 3)))
    func cut(count: Int) {
        let raw = RawGGUF(
            values: [
                RawGGUF.value("key", 8, RawGGUF.string("text")),
                RawGGUF.value(
                    "list", 9, RawGGUF.bytes(UInt32(8)) + RawGGUF.bytes(UInt64(1)) + RawGGUF.string("x")),
            ], tensors: [RawGGUF.tensor("a", [16])])
        #expect(raw.bytes.count == 192 && raw.complaint.isEmpty)
        #expect(
            RawGGUF.complaint(Array(raw.bytes.prefix(count))).contains("hostile.gguf: not a valid GGUF file"))
    }

    @Test(
        "case 16: counts of tensors and of values", arguments: [1 << 63, UInt64.max, 1 << 32, 1_000_000, 9])
    func counts(count: UInt64) {
        #expect(RawGGUF(claimedTensors: count).complaint.contains("it claims \(count) tensors"))
        #expect(RawGGUF(claimedValues: count).complaint.contains("it claims \(count) metadata values"))
    }

    @Test("case 17: lengths of texts and lists", arguments: [1 << 63, UInt64.max, 1 << 20])
    func lengths(length: UInt64) {
        let long = RawGGUF.bytes(length)
        #expect(one(value: RawGGUF.value("k", 8, long)).contains("\"k\" needs \(length) bytes"))
        #expect(one(value: long + RawGGUF.bytes(UInt64(8))).contains("the key of metadata value 0 needs"))
        #expect(one(tensorNamed(long)).contains("the name of tensor 0 needs \(length) bytes"))
        for type in [UInt32(0), 8, 9, 12] {
            let list = RawGGUF.value("k", 9, RawGGUF.bytes(type) + long)
            #expect(one(value: list).contains("\"k\", a list of \(length) values, needs"))
        }
    }

    private func tensorNamed(_ name: [UInt8]) -> [UInt8] { name + [UInt8](repeating: 0, count: 32) }

    @Test("case 18: lists in lists")
    func listsInLists() {
        let deep = (0..<1000).reduce([UInt8]()) { bytes, _ in
            bytes + RawGGUF.bytes(UInt32(9)) + RawGGUF.bytes(UInt64(1))
        }
        #expect(
            one(value: RawGGUF.value("k", 9, deep + deep)).contains(
                "\"k\" has lists in lists more than 8 deep"))
    }

    @Test("case 23: keys and names that come twice, and names that are none")
    func namesAndKeys() {
        let twice = [RawGGUF.value("k", 0, [1]), RawGGUF.value("k", 0, [1])]
        #expect(RawGGUF(values: twice).complaint.contains("the metadata key \"k\" comes twice"))
        let tensors = [RawGGUF.tensor("a"), RawGGUF.tensor("a", offset: 32)]
        #expect(RawGGUF(tensors: tensors).complaint.contains("the tensor \"a\" comes twice"))
        #expect(one(RawGGUF.tensor("a\0b")).contains("contains a NUL"))
        var bad = RawGGUF.tensor("ab")
        bad[8] = 0xFF
        #expect(one(bad).contains("the name of tensor 0 is not UTF-8"))
        #expect(one(value: RawGGUF.value("k", 13, [0])).contains("\"k\" has the unknown type 13"))
    }

    @Test("case 19: alignments", arguments: [0, 3, 24, 1 << 30, 1 << 31] as [UInt32])
    func alignments(alignment: UInt32) {
        let value = RawGGUF.value("general.alignment", 4, RawGGUF.bytes(alignment))
        #expect(one(value: value).contains("general.alignment is int(\(alignment)); expected a power of two"))
    }

    @Test func anAlignmentThatIsNoNumber() {
        let value = RawGGUF.value("general.alignment", 8, RawGGUF.string("32"))
        #expect(one(value: value).contains("expected a power of two"))
    }

    @Test("case 20: dimensions")
    func dimensions() {
        for rank in [UInt32(5), 1 << 31, .max] {
            #expect(one(RawGGUF.tensor("a", [8], rank: rank)).contains("has \(rank) dimensions; at most 4"))
        }
        #expect(one(RawGGUF.tensor("a", [1 << 63])).contains("has a dimension of 9223372036854775808"))
        #expect(one(RawGGUF.tensor("a", [1 << 62])).contains("is too large"))
        #expect(one(RawGGUF.tensor("a", [1 << 32, 1 << 32])).contains("is too large"))
        #expect(one(RawGGUF.tensor("a", [0, 1 << 62, 1 << 62])).contains("is too large"))
    }

    @Test(
        "case 21: removed types",
        arguments: [(4, "Q4_2"), (31, "Q4_0_4_4"), (38, "IQ4_NL_8_8")] as [(UInt32, String)])
    func removedTypes(number: UInt32, name: String) {
        #expect(
            one(RawGGUF.tensor("a", type: number)).contains(
                "the tensor \"a\" has the type \(name), which ggml has removed"))
    }

    @Test("case 21: unknown types")
    func unknownTypes() {
        #expect(one(RawGGUF.tensor("a", type: .max)).contains("has the unknown type 4294967295"))
    }

    @Test("case 25: rows that are not whole blocks")
    func rowsThatAreNotWholeBlocks() {
        #expect(
            one(RawGGUF.tensor("a", [48, 2], type: 2)).contains(
                "\"a\", Q4_0 [2, 48], has rows that are not multiples of 32"))
        #expect(one(RawGGUF.tensor("a", [32], type: 12)).contains("not multiples of 256"))
    }

    @Test("case 22: offsets", arguments: [64, 1 << 40, UInt64.max - 31, 1 << 63])
    func offsets(offset: UInt64) {
        #expect(
            one(RawGGUF.tensor("a", offset: offset)).contains(
                "32 bytes at byte \(offset) of the data, which has 64"))
    }

    @Test("case 20: no dimension is one element, as for gguf-py and ggml")
    func noDimension() throws {
        let file = try RawGGUF(tensors: [RawGGUF.tensor("a", [], rank: 0)]).open()
        #expect(file.info("a")?.shape == [] && file.info("a")?.byteCount == 4)
        #expect(
            one(RawGGUF.tensor("a", [], rank: 0, type: 2)).contains("has rows that are not multiples of 32"))
        #expect(one(RawGGUF.tensor("a", [], rank: 0), data: 0).contains("may be cut short"))
    }

    @Test("case 22: tensors that share bytes", arguments: [0, 32])
    func overlaps(offset: UInt64) {
        let tensors = [RawGGUF.tensor("b", [8], offset: offset), RawGGUF.tensor("a", [16])]
        #expect(RawGGUF(tensors: tensors).complaint.contains("overlap"))
        // One behind the other in any order, with room between them, and empty ones anywhere.
        let apart = [
            RawGGUF.tensor("b", [8], offset: 96), RawGGUF.tensor("a", [16]),
            RawGGUF.tensor("e", [0], offset: 32),
        ]
        #expect(RawGGUF(tensors: apart, data: 128).complaint.isEmpty)
    }

    /// Sizes are read off the tensors alone, so that no number of the metadata can make anything large.
    @Test("case 24: numbers of blocks that the file does not have", arguments: [33, 1_000_000_000, .max])
    func blockCounts(count: UInt32) throws {
        let values = ["flux.block_count", "t5.block_count", "qwen3.block_count"].map {
            RawGGUF.value($0, 4, RawGGUF.bytes(count))
        }
        let file = try RawGGUF(values: values, tensors: [RawGGUF.tensor("blk.0.a")]).open()
        #expect(file.keys == ["blk.0.a"] && file.parameterCount == 8)
    }

    @Test("case 26: scales that are no finite numbers", arguments: [0x7E00, 0x7C00, 0xFC00] as [UInt16])
    func scales(half: UInt16) throws {
        // A block of Q8_0: its scale, and 32 elements of 7.
        var bytes = RawGGUF(tensors: [RawGGUF.tensor("a", [32, 1], type: 8)]).bytes
        let start = bytes.count - 64
        bytes.replaceSubrange(start..<start + 2, with: RawGGUF.bytes(half))
        let file = try RawGGUF.open(bytes)
        #expect(try file.nonFiniteKeys(on: .cpu()) == ["a"])
        #expect(try file.tensor("a", on: .cpu()).floats().allSatisfy { !$0.isFinite })
        let device = Device.cpu()
        let weight = try #require(try Weights(file, on: device).encoded("a", [1, 32])).stored
        #expect(!linear(.full(1, [1, 32], on: device), weight).allFinite)
    }

    @Test func offsetsBetweenAlignments() {
        #expect(one(RawGGUF.tensor("a", offset: 8)).contains("starts at 8, not at a multiple of 32"))
    }

    @Test("shapes from before the conversion")
    func originalShapes() throws {
        func value(_ dims: [Int32]) -> [UInt8] {
            RawGGUF.value(
                "comfy.gguf.orig_shape.a", 9,
                RawGGUF.bytes(UInt32(5)) + RawGGUF.bytes(UInt64(dims.count))
                    + dims.flatMap { RawGGUF.bytes($0) })
        }
        for dims in [[], [3], [-2, -4], [8, 0], [1, 1, 1, 9]] as [[Int32]] {
            #expect(
                one(RawGGUF.tensor("a"), values: [value(dims)]).contains(
                    "expected the dimensions of as many elements"))
        }
        let raw = RawGGUF(values: [value([2, 1, 4])], tensors: [RawGGUF.tensor("a")])
        #expect(try raw.open().info("a")?.shape == [2, 1, 4])
    }

    @Test func aListOfManyTextsIsReadWhenItIsAskedFor() throws {
        let texts = (0..<150_000).flatMap { RawGGUF.string("token\($0)") }
        let list = RawGGUF.value(
            "tokens", 9, RawGGUF.bytes(UInt32(8)) + RawGGUF.bytes(UInt64(150_000)) + texts)
        let bad = RawGGUF.value("bad", 8, RawGGUF.bytes(UInt64(1)) + [0xFF])
        let file = try RawGGUF(values: [list, bad]).open()
        #expect(try file.value("tokens")?.strings?[149_999] == "token149999")
        let error = #expect(throws: WeightsError.self) { try file.value("bad") }
        #expect(error?.problem == "the metadata value \"bad\" is not UTF-8")
        #expect(file.metadata.isEmpty)
    }

    @Test func aFileThatBecameShorterIsAnError() throws {
        let folder = try TemporaryFolder()
        let url = try folder.write(RawGGUF(tensors: [RawGGUF.tensor("a")]).bytes, to: "short.gguf")
        let file = try GGUFFile(contentsOf: url)
        #expect(try file.tensor("a", on: .cpu()).count == 8)
        let handle = try FileHandle(forWritingTo: url)
        try handle.truncate(atOffset: 40)
        #expect(throws: WeightsError.self) { try file.tensor("a", on: .cpu()) }
        #expect(throws: WeightsError.self) { try file.bytes("a", on: .cpu()) }
    }
}
