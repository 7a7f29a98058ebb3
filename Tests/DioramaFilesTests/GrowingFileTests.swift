import DioramaFiles
import DioramaTestSupport
import FoundationEssentials
import Testing

/// A file that grows is there when it is whole, and not before.
@Suite struct GrowingFileTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.url.path)
    }

    @Test func whatIsAppendedIsThereWhenItIsFinished() throws {
        let url = try folder.write(Array("old".utf8), to: "x")
        let file = try GrowingFile(url.path)
        try Array("one ".utf8).withUnsafeBytes { try file.append($0) }
        try [UInt8]().withUnsafeBytes { try file.append($0) }
        #expect(try String(decoding: Data(contentsOf: url), as: UTF8.self) == "old")
        try Array("two".utf8).withUnsafeBytes { try file.append($0) }
        try file.finish()
        #expect(try String(decoding: Data(contentsOf: url), as: UTF8.self) == "one two")
        #expect(try names() == ["x"])
    }

    @Test func oneThatIsNotFinishedLeavesNothing() throws {
        do {
            let file = try GrowingFile(folder.url.appending(path: "y").path)
            try Array("half".utf8).withUnsafeBytes { try file.append($0) }
        }
        #expect(try names().isEmpty)
    }

    @Test func aFolderThatIsNotThereIsASentence() throws {
        #expect(throws: FileError.self) { try GrowingFile(folder.url.appending(path: "no/z").path) }
    }
}
