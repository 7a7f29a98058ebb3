/// Writes the APP1 segment that `Exif` reads: one directory of texts and, if asked for, a user's comment.
enum ExifWriter {
    /// The most bytes that a segment holds.
    static let capacity = 65_533

    /// The contents of the segment.
    ///
    /// - Parameters:
    ///   - texts: at any distinct tags.
    ///   - userComment: written as ASCII where it is that, else as UTF-16.
    /// - Returns: nil where they do not fit.
    static func segment(texts: [(tag: Int, text: String)], userComment: String?) -> [UInt8]? {
        let texts = texts.sorted { $0.tag < $1.tag }
        // Little endian throughout. Header 8, then the directory: count 2, entries 12 each, next directory 4.
        let entryCount = texts.count + (userComment == nil ? 0 : 1)
        var heap = 8 + 2 + 12 * entryCount + 4
        var directory = bytes16(entryCount)
        var values: [UInt8] = []

        for (tag, text) in texts {
            let value = Array(text.utf8) + [0]
            align(&values)
            guard heap + values.count + value.count <= capacity else { return nil }
            directory += bytes16(tag) + bytes16(TIFF.ascii) + bytes32(value.count)
            if value.count <= 4 {
                directory += value + [UInt8](repeating: 0, count: 4 - value.count)
            } else {
                directory += bytes32(heap + values.count)
                values += value
            }
        }
        if let userComment {
            align(&values)
            directory +=
                bytes16(Exif.Tag.exifDirectory) + bytes16(4) + bytes32(1) + bytes32(heap + values.count)
            heap += values.count
            let comment = commentBytes(userComment)
            // The Exif directory: one entry of type 7 (undefined), its value right behind.
            values += bytes16(1) + bytes16(Exif.Tag.userComment) + bytes16(7) + bytes32(comment.count)
            values += bytes32(heap + 18) + bytes32(0) + comment
        }
        let segment = Exif.prefix + [0x49, 0x49, 42, 0] + bytes32(8) + directory + bytes32(0) + values
        return segment.count <= capacity ? segment : nil
    }

    /// TIFF keeps values at even offsets.
    private static func align(_ values: inout [UInt8]) {
        if !values.count.isMultiple(of: 2) { values.append(0) }
    }

    private static func commentBytes(_ text: String) -> [UInt8] {
        if text.utf8.allSatisfy({ $0 < 128 }) {
            return Array("ASCII".utf8) + [0, 0, 0] + Array(text.utf8)
        }
        return Array("UNICODE".utf8) + [0] + text.utf16.flatMap { bytes16(Int($0)) }
    }

    private static func bytes16(_ value: Int) -> [UInt8] {
        [UInt8(truncatingIfNeeded: value), UInt8(truncatingIfNeeded: value >> 8)]
    }

    private static func bytes32(_ value: Int) -> [UInt8] {
        bytes16(value) + bytes16(value >> 16)
    }
}
