import DioramaTestSupport
import DioramaWeights
import Foundation

/// Bytes of safetensors files as an attacker or a broken disk would make them.
struct RawSafetensors {
    /// The header's text.
    var header: String
    /// What follows the header.
    var data: [UInt8] = []
    /// The length the file claims for its header; nil for the true one.
    var claimedLength: UInt64?

    var bytes: [UInt8] {
        let length = claimedLength ?? UInt64(header.utf8.count)
        return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + Array(header.utf8) + data
    }

    /// One U8 tensor `a` of 4 bytes, with the given entry in place of its own.
    static func entry(_ json: String, data: Int = 4) -> RawSafetensors {
        RawSafetensors(header: "{\"a\":\(json)}", data: [UInt8](repeating: 7, count: data))
    }

    /// Writes the file and opens it.
    func open(_ name: String = "hostile.safetensors") throws -> SafetensorsFile {
        let folder = try TemporaryFolder()
        return try SafetensorsFile(contentsOf: folder.write(bytes, to: name))
    }

    /// What opening the file says; nil when it opens.
    var complaint: String? {
        do {
            _ = try open()
            return nil
        } catch {
            return "\(error)"
        }
    }
}
