#if os(Linux)
import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Foundation
import Testing

/// Pages of mapped files that are given back, as the system counts them.
@Suite struct MappedBytesTests {
    /// Bytes of a mapped file that are in this process's memory, by `/proc/self/smaps`.
    private func resident(_ name: String) throws -> Int {
        let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: "/proc/self/smaps"))
        let text = String(decoding: try handle.readToEnd() ?? Data(), as: UTF8.self)
        var (isOurs, total) = (false, 0)
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.first?.hasSuffix(":") == false {
                isOurs = line.contains(name)
            } else if isOurs, words.first == "Rss:" {
                total += (Int(words[1]) ?? 0) * 1024
            }
        }
        return total
    }

    @Test func whatIsReleasedLeavesTheMemoryAndIsReadAgain() throws {
        let count = 2 << 20
        let folder = try TemporaryFolder()
        let name = "released-pages.safetensors"
        let header = """
            {"a":{"dtype":"I32","shape":[\(count)],"data_offsets":[0,\(4 * count)]},\
            "b":{"dtype":"I32","shape":[\(count)],"data_offsets":[\(4 * count),\(8 * count)]}}
            """
        // Tensors that are not aligned would be copied.
        let padding = String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
        let numbers = (0..<2 * count).map { Int32($0) }
        let raw = RawSafetensors(header: header + padding, data: numbers.withUnsafeBytes { Array($0) })
        let file = try SafetensorsFile(contentsOf: folder.write(raw.bytes, to: name))
        let device = Device.cpu()
        let (a, b) = (try file.tensor("a", on: device), try file.tensor("b", on: device))
        func sum(_ tensor: Tensor) -> Int {
            tensor.withBytes { bytes in
                bytes.withMemoryRebound(to: Int32.self) { $0.reduce(0) { $0 + Int($1) } }
            }
        }
        let expected = count * (count - 1) / 2
        #expect(sum(a) == expected && sum(b) == expected + count * count)
        let before = try resident(name)
        #expect(before >= 8 * count)
        a.release()
        let after = try resident(name)
        #expect(before - after >= 4 * count - 2 * 65_536)
        // The other tensor stays, and all is read again.
        #expect(after >= 4 * count)
        #expect(sum(b) == expected + count * count && sum(a) == expected)
        #expect(try resident(name) >= 8 * count)
        // A small part is not worth the call.
        a[0..<1000].release()
        #expect(try resident(name) >= 8 * count)
    }
}
#endif
