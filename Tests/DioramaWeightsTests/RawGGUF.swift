import DioramaTestSupport
import DioramaWeights

/// Bytes of GGUF files as an attacker or a broken disk would make them.
struct RawGGUF {
    var version: UInt32 = 3
    /// Keys with their types and values, as bytes; see `value`.
    var values: [[UInt8]] = []
    /// Names with dimensions, types and offsets, as bytes; see `tensor`.
    var tensors: [[UInt8]] = []
    /// What the file claims; nil for the true numbers.
    var claimedValues: UInt64?, claimedTensors: UInt64?
    /// Bytes after the header, from the next multiple of 32.
    var data = 64

    static func bytes<I: FixedWidthInteger>(_ value: I) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }

    static func string(_ text: String) -> [UInt8] { bytes(UInt64(text.utf8.count)) + Array(text.utf8) }

    static func value(_ key: String, _ type: UInt32, _ value: [UInt8]) -> [UInt8] {
        string(key) + bytes(type) + value
    }

    /// Dimensions with the fastest first, as the file has them.
    static func tensor(
        _ name: String, _ dims: [UInt64] = [8], rank: UInt32? = nil, type: UInt32 = 0, offset: UInt64 = 0
    ) -> [UInt8] {
        string(name) + bytes(rank ?? UInt32(dims.count)) + dims.flatMap { bytes($0) } + bytes(type)
            + bytes(offset)
    }

    var bytes: [UInt8] {
        var bytes = Array("GGUF".utf8) + Self.bytes(version)
        bytes += Self.bytes(claimedTensors ?? UInt64(tensors.count))
        bytes += Self.bytes(claimedValues ?? UInt64(values.count))
        bytes += Array(values.joined()) + Array(tensors.joined())
        bytes += [UInt8](repeating: 0, count: (32 - bytes.count % 32) % 32)
        return bytes + [UInt8](repeating: 7, count: data)
    }

    func open() throws -> GGUFFile { try Self.open(bytes) }

    static func open(_ bytes: [UInt8]) throws -> GGUFFile {
        let folder = try TemporaryFolder()
        return try GGUFFile(contentsOf: folder.write(bytes, to: "hostile.gguf"))
    }

    /// What opening the file says; empty when it opens.
    var complaint: String { Self.complaint(bytes) }

    static func complaint(_ bytes: [UInt8]) -> String {
        do {
            _ = try open(bytes)
            return ""
        } catch { return "\(error)" }
    }
}
