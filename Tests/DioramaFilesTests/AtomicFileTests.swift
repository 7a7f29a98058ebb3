import DioramaFiles
import DioramaTestSupport
import Foundation
import Testing

@Suite struct AtomicFileTests {
    /// A folder of its own for one test, removed at the end.
    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = try TemporaryFolder()
        try withExtendedLifetime(folder) { try body(folder.url.path) }
    }

    private func names(in folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    }

    @Test func writesTheBytesAndNothingElse() throws {
        try withFolder { folder in
            let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            try AtomicFile.write(bytes, to: folder + "/picture.png")
            #expect(try InputFile.read(folder + "/picture.png") == bytes)
            #expect(try names(in: folder) == ["picture.png"])
        }
    }

    @Test func keepsAFileThatIsThere() throws {
        try withFolder { folder in
            let path = folder + "/a.png"
            try AtomicFile.write([1], to: path)
            let error = #expect(throws: FileError.self) { try AtomicFile.write([2], to: path) }
            #expect(error?.isExisting == true)
            #expect(error?.description == "cannot write \(path): it already exists")
            #expect(try InputFile.read(path) == [1])
            #expect(try names(in: folder) == ["a.png"])
        }
    }

    @Test func replacesWhenAsked() throws {
        try withFolder { folder in
            try AtomicFile.write([1], to: folder + "/a.png")
            try AtomicFile.write([2, 3], to: folder + "/a.png", existing: .replace)
            #expect(try InputFile.read(folder + "/a.png") == [2, 3])
            #expect(try names(in: folder) == ["a.png"])
        }
    }

    @Test func aLongNameFits() throws {
        try withFolder { folder in
            let name = String(repeating: "n", count: 251) + ".png"
            try AtomicFile.write([1], to: folder + "/" + name)
            #expect(try names(in: folder) == [name])
            #expect(throws: FileError.self) { try AtomicFile.write([1], to: folder + "/n" + name) }
            #expect(try names(in: folder) == [name])
        }
    }

    @Test func saysWhyItCannotWrite() throws {
        try withFolder { folder in
            let missing = folder + "/missing/a.png"
            let error = #expect(throws: FileError.self) { try AtomicFile.write([1], to: missing) }
            #expect(
                error?.description == "cannot write \(missing): the folder \(folder)/missing does not exist")
            try AtomicFile.write([1], to: folder + "/file")
            #expect(throws: FileError.self) { try AtomicFile.write([1], to: folder + "/file/a.png") }
            #expect(throws: FileError.self) { try AtomicFile.write([1], to: folder, existing: .replace) }
            #expect(try names(in: folder) == ["file"])
        }
        for path in ["", "a\0b"] {
            #expect(throws: FileError.self) { try AtomicFile.write([1], to: path) }
            #expect(throws: FileError.self) { try InputFile.read(path) }
        }
        // The kernel's own folder takes no files, whoever asks.
        let error = #expect(throws: FileError.self) { try AtomicFile.write([1], to: "/proc/a.png") }
        #expect(error?.path == "/proc/a.png")
    }

    @Test func replacesAFolderOrADeviceNever() throws {
        try withFolder { folder in
            try FileManager.default.createDirectory(atPath: folder + "/a", withIntermediateDirectories: true)
            #expect(throws: FileError.self) {
                try AtomicFile.write([1], to: folder + "/a", existing: .replace)
            }
            #expect(try names(in: folder) == ["a"])
        }
    }

    @Test func ofManyWritersOneWins() async throws {
        let folder = try TemporaryFolder()
        let path = folder.url.path + "/a.png"
        let winners = await withTaskGroup(of: Bool.self) { group in
            for writer in 0..<16 {
                group.addTask {
                    (try? AtomicFile.write([UInt8](repeating: UInt8(writer), count: 5_000), to: path)) != nil
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(winners == 1)
        #expect(try Set(InputFile.read(path)).count == 1)
        #expect(try names(in: folder.url.path) == ["a.png"])
    }
}
