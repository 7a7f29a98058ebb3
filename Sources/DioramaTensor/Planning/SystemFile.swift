#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Short files that the system writes as they are read: those of `/proc` and `/sys`.
package enum SystemFile {
    /// - Parameters:
    ///   - path: the file.
    ///   - limit: the most bytes to read.
    /// - Returns: its text; empty where there is no such file, or a longer one.
    package static func text(_ path: String, limit: Int = 1 << 16) -> String {
        String(decoding: bytes(path, limit: limit), as: UTF8.self)
    }

    /// The numbers that follow names at the beginning of lines, such as `MemAvailable: 8047 kB`.
    ///
    /// - Parameters:
    ///   - names: what the lines begin with, up to white space.
    ///   - path: the file.
    /// - Returns: a number for each name, in bytes where the file has kB; nil where it has none.
    package static func numbers(_ names: [String], in path: String) -> [Int?] {
        var found = [Int?](repeating: nil, count: names.count)
        for line in bytes(path, limit: 1 << 16).split(separator: UInt8(ascii: "\n")) {
            let words = line.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
            guard words.count > 1, let index = names.firstIndex(where: { words[0].elementsEqual($0.utf8) })
            else { continue }
            let isKilobytes = words.count > 2 && words[2].elementsEqual("kB".utf8)
            found[index] = Int(String(decoding: words[1], as: UTF8.self)).map { isKilobytes ? $0 * 1024 : $0 }
        }
        return found
    }

    private static func bytes(_ path: String, limit: Int) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return [] }
        defer { close(file) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 12)
        while true {
            let count = read(file, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return count < 0 ? [] : bytes }
            guard bytes.count + count <= limit else { return [] }
            bytes += piece[..<count]
        }
    }
}
