import DioramaTestSupport
import DioramaWeights
import Foundation
import Testing

/// Files whose names say something else than their first bytes: the sentence says what they are.
@Suite struct FileSignatureTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// What opening these bytes under a name says; empty when they open.
    private func complaint(_ bytes: [UInt8], _ name: String) throws -> String {
        let url = try folder.write(bytes, to: name)
        do {
            _ = try WeightsFile(url).open()
            return ""
        } catch { return "\(error)".replacing(url.path, with: name) }
    }

    private static let others: [([UInt8], String)] = [
        (
            RawGGUF(tensors: [RawGGUF.tensor("a")]).bytes,
            "is a GGUF file by its first bytes, whatever its name says; give it the ending .gguf"
        ),
        (
            [0x50, 0x4B, 3, 4, 0, 0, 8, 8] + Array("archive/data.pkl".utf8),
            "is a zip file by its first bytes, most likely PyTorch's, and such a file is a Python pickle, which can run code and is never opened"
        ),
        (
            [0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20],
            "by its first bytes is a Python pickle, which can run code"
        ),
        (Array("<!DOCTYPE html><html><body>404".utf8), "is a web page by its first bytes, not weights"),
        (Array("version https://git-lfs.github.com/spec/v1\noid sha256:0".utf8), "is a pointer of Git LFS"),
        (
            [0x89, 0x50, 0x4E, 0x47, 13, 10, 26, 10, 0, 0, 0, 13],
            "is a PNG picture by its first bytes, not weights"
        ),
        (
            [0xFF, 0xD8, 0xFF, 0xE0, 0, 16, 0x4A, 0x46, 0x49, 0x46],
            "is a JPEG picture by its first bytes, not weights"
        ),
        ([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 1], "is a gzip archive by its first bytes; unpack it first"),
        (
            [0x89, 0x48, 0x44, 0x46, 13, 10, 26, 10, 0],
            "is an HDF5 file by its first bytes; expected safetensors or GGUF"
        ),
    ]

    @Test("named like safetensors", arguments: others)
    func asSafetensors(_ bytes: [UInt8], _ sentence: String) throws {
        for name in ["model.safetensors", "MODEL.SafeTensors", "model.sft"] {
            #expect(try complaint(bytes, name).hasPrefix("\(name): \(sentence)"))
        }
    }

    @Test("named like GGUF", arguments: others.dropFirst())
    func asGGUF(_ bytes: [UInt8], _ sentence: String) throws {
        #expect(try complaint(bytes, "model.gguf").hasPrefix("model.gguf: \(sentence)"))
    }

    @Test("good files with the endings of others")
    func goodFiles() throws {
        let safetensors = try Data(contentsOf: Golden.url("weights/fp8-plain.safetensors"))
        let gguf = RawGGUF(tensors: [RawGGUF.tensor("a")]).bytes
        #expect(try complaint(Array(safetensors), "a.sft") == "")
        #expect(try complaint(gguf, "a.gguf") == "")
        for name in ["a.gguf", "a.ckpt", "a.bin"] {
            #expect(
                try complaint(Array(safetensors), name)
                    == "\(name): is a safetensors file by its first bytes, whatever its name says; give it the ending .safetensors"
            )
        }
        #expect(try complaint(gguf, "a.pt").hasPrefix("a.pt: is a GGUF file by its first bytes"))
    }

    @Test func aGGUFThatIsCutShortSaysSo() throws {
        let whole = try Data(contentsOf: Golden.url("models/mmdit-blocks.gguf"))
        let text = try complaint(Array(whole.dropLast(5000)), "cut.gguf")
        #expect(
            text.hasPrefix("cut.gguf: not a valid GGUF file: the tensor ")
                && text.hasSuffix("; the file may be cut short"))
    }

    /// 0x1F8B, 0x5089, … may also be the length of a header.
    @Test func aHeaderAsLongAsAnotherMarkIsSafetensors() throws {
        let text = "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}"
        let padded = text + String(repeating: " ", count: 0x8B1F - text.utf8.count)
        #expect(
            try complaint(RawSafetensors(header: padded, data: [1, 2, 3, 4]).bytes, "gzip.safetensors") == "")
    }
}
