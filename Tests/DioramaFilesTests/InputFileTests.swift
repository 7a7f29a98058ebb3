import DioramaFiles
import DioramaTestSupport
import Foundation
import Testing

@Suite struct InputFileTests {
    let folder: TemporaryFolder
    private var path: String { folder.url.path }

    init() throws {
        folder = try TemporaryFolder()
        try folder.write([1, 2, 3] as [UInt8], to: "a")
    }

    private func complaint(_ name: String, limit: Int = 100) -> String {
        let error = #expect(throws: FileError.self) {
            try InputFile.read(path + "/" + name, limit: limit)
        }
        return error?.description ?? ""
    }

    @Test func readsUpToTheLimit() throws {
        #expect(try InputFile.read(path + "/a", limit: 3) == [1, 2, 3])
        #expect(complaint("a", limit: 2) == "cannot read \(path)/a: it has more than 2 bytes")
        #expect(try InputFile.readStream(path + "/a", limit: 3) == [1, 2, 3])
        #expect(throws: FileError.self) { try InputFile.readStream(path + "/a", limit: 2) }
    }

    @Test func followsLinks() throws {
        try FileManager.default.createSymbolicLink(atPath: path + "/link", withDestinationPath: "a")
        #expect(try InputFile.read(path + "/link") == [1, 2, 3])
    }

    @Test func saysWhatIsMissingOrAFolder() {
        #expect(complaint("none") == "cannot read \(path)/none: there is no such file")
        #expect(complaint("") == "cannot read \(path)/: it is a folder")
        #expect(complaint("a/b").contains("cannot read \(path)/a/b"))
        for missing in ["none", "a/b", "n\0ne"] {
            let error = #expect(throws: FileError.self) { try OpenFile(path + "/" + missing) }
            #expect(error?.isMissing == true)
        }
        let folderError = #expect(throws: FileError.self) { try InputFile.readStream(path) }
        #expect(folderError?.reason == "it is a folder")
    }

    /// Opening a pipe that nobody writes to waits for ever, unless it is asked not to.
    @Test(.timeLimit(.minutes(10))) func doesNotWaitForPipesAndDevices() throws {
        #expect(mkfifo(path + "/pipe", 0o600) == 0)
        #expect(
            complaint("pipe") == "cannot read \(path)/pipe: it is a pipe, a socket or a device, not a file")
        for device in ["/dev/zero", "/dev/null", "/dev/tty"] {
            #expect(throws: FileError.self, "\(device)") { try InputFile.read(device) }
        }
    }

    @Test func aHugeFileCostsNoMemory() throws {
        let url = try folder.write([] as [UInt8], to: "huge")
        let handle = try FileHandle(forWritingTo: url)
        try handle.truncate(atOffset: 1 << 40)
        try handle.close()
        #expect(complaint("huge", limit: 1 << 30).hasSuffix("it has more than 1073741824 bytes"))
    }

    @Test func aStreamIsReadToItsEndOrItsLimit() throws {
        let pipe = Pipe()
        try pipe.fileHandleForWriting.write(contentsOf: Data([4, 5]))
        try pipe.fileHandleForWriting.close()
        #expect(try InputFile.readStream("/dev/fd/\(pipe.fileHandleForReading.fileDescriptor)") == [4, 5])
        let endless = #expect(throws: FileError.self) {
            try InputFile.readStream("/dev/zero", limit: 1 << 20)
        }
        #expect(endless?.reason == "it has more than 1048576 bytes")
    }

    @Test func partsAreReadWhole() throws {
        let file = try OpenFile(path + "/a")
        #expect(try file.read(at: 1, count: 2) == [2, 3])
        #expect(try file.read(at: 3, count: 0).isEmpty)
        let error = #expect(throws: FileError.self) { try file.read(at: 1, count: 3) }
        #expect(error?.reason == "it ends early: 3 bytes expected at 1, 2 could be read")
        #expect(throws: FileError.self) { try file.requireSize(4) }
    }

    #if os(Linux)
    @Test func noHugePagesAreMapped() throws {
        let folder = try TemporaryFolder()
        let path = folder.url.path + "/weights.safetensors"
        try AtomicFile.write([UInt8](repeating: 7, count: 100_000), to: path)
        let file = try OpenFile(path)
        let address = try file.map()
        defer { FileMappings.unmap(address, file.byteCount) }

        // A mapping's name and, some lines on, its flags.
        let maps = String(decoding: try InputFile.readStream("/proc/self/smaps"), as: UTF8.self)
        let own = try #require(maps.components(separatedBy: path).dropFirst().first)
        let flags = try #require(own.split(separator: "\n").first { $0.hasPrefix("VmFlags:") })
        // A system without huge pages knows no flag against them.
        let knows = FileManager.default.fileExists(atPath: "/sys/kernel/mm/transparent_hugepage")
        #expect(flags.split(separator: " ").contains("nh") || !knows, "\(flags)")
    }
    #endif
}
