import DioramaCommands
import DioramaFiles
import DioramaTensor
import Foundation
import Testing

@Suite struct MemoryOptionsTests {
    @Test(
        arguments: [
            ("8G", 8 << 30), ("512M", 512 << 20), ("1.5GiB", 3 << 29), ("2kb", 2048), ("100", 100),
            ("1T", 1 << 40),
            ("64 ", nil), ("", nil), ("G", nil), ("-1G", nil), ("0", nil), ("nan", nil), ("inf", nil),
            ("9e99G", nil),
        ] as [(String, Int?)])
    func sizes(text: String, byteCount: Int?) {
        #expect(MemorySize(argument: text)?.byteCount == byteCount)
    }

    @Test func onlyFilesOfWeightsThatAreReadGiveWay() {
        func mapped(_ line: String) -> MappedWeights? { MappedWeights(line: line[...]) }
        #expect(
            mapped("7f00-7f10 r--p 00000000 fe:00 1234       /models/a b.safetensors")
                == MappedWeights(line: "7f00-7f10 r--s 00000000 fe:00 1234 /x.gguf"))
        #expect(mapped("7f00-7f10 rw-p 00000000 fe:00 1234       /models/a.safetensors") == nil)
        #expect(mapped("7f00-7f10 r-xp 00000000 fe:00 1234       /lib/libc.so.6") == nil)
        #expect(mapped("7f00-7f10 r--p 00000000 fe:00 1234       /lib/libc.so.6") == nil)
        #expect(mapped("7f00-7f10 r--p 00000000 00:00 0") == nil)
        #expect(mapped("nonsense") == nil)
    }

    #if os(Linux)
    @Test func weightsGiveWayAndAreReadAgain() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).gguf")
        defer { try? FileManager.default.removeItem(at: file) }
        // 32 MiB of a pattern.
        let bytes = Data((0..<1 << 20).map { UInt8(truncatingIfNeeded: $0 * 31) })
        var whole = Data()
        for _ in 0..<32 { whole.append(bytes) }
        try whole.write(to: file)
        let mapped = try Data(contentsOf: file, options: .alwaysMapped)
        func sum() -> Int {
            mapped.withUnsafeBytes { all in
                stride(from: 0, to: all.count, by: 4096).reduce(0) { $0 + Int(all[$1]) }
            }
        }
        let expected = sum()
        let ranges = MappedWeights.all().filter { $0.end - $0.start >= 32 << 20 }
        #expect(!ranges.isEmpty)
        let before = try #require(residentPages(of: ranges))
        #expect(before >= 32 << 20)
        let keeper = Task { await keepResident(within: 1) }
        for _ in 0..<400 where residentPages(of: ranges) ?? 0 >= 32 << 20 {
            try await Task.sleep(for: .milliseconds(25))
        }
        let after = try #require(residentPages(of: ranges))
        #expect(after < 32 << 20)
        keeper.cancel()
        #expect(sum() == expected)
    }

    /// A file's addresses become other memory's as soon as it is unmapped, as when models change in a batch.
    @Test func memoryInAFilesPlaceStays() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).gguf")
        defer { try? FileManager.default.removeItem(at: file) }
        let byteCount = 1 << 20
        try Data(repeating: 7, count: byteCount).write(to: file)
        let giving = Task.detached { while !Task.isCancelled { MappedWeights.giveBackAll() } }
        defer { giving.cancel() }
        var lost = 0
        for _ in 0..<3000 {
            FileMappings.unmap(try OpenFile(file.path).map(), byteCount)
            let flags = MAP_PRIVATE | MAP_ANONYMOUS
            let own = try #require(mmap(nil, byteCount, PROT_READ | PROT_WRITE, flags, -1, 0))
            try #require(own != MAP_FAILED)
            let bytes = own.assumingMemoryBound(to: UInt8.self)
            for page in stride(from: 0, to: byteCount, by: 4096) { bytes[page] = 1 }
            for page in stride(from: 0, to: byteCount, by: 4096) where bytes[page] != 1 { lost += 1 }
            munmap(own, byteCount)
        }
        #expect(lost == 0)
    }

    /// Bytes of mappings that are in memory, by `/proc/self/smaps`.
    private func residentPages(of ranges: [MappedWeights]) -> Int? {
        var (isOurs, total) = (false, 0)
        for line in SystemFile.text("/proc/self/smaps", limit: 1 << 24).split(separator: "\n") {
            if line.contains("-"), let first = line.split(separator: " ").first, !first.hasSuffix(":") {
                isOurs = MappedWeights(line: line).map(ranges.contains) ?? false
            } else if isOurs, line.hasPrefix("Rss:") {
                total += (Int(line.split(separator: " ")[1]) ?? 0) * 1024
            }
        }
        return total
    }
    #endif
}
