import CPNG

/// One chunk of a PNG: its place in the file.
struct PNGChunk {
    /// Four letters.
    let type: String
    /// Where the chunk's data lies in the file.
    let data: Range<Int>
}

/// Walks the chunks of a PNG in order, up to and including IEND.
struct PNGChunks {
    private let bytes: [UInt8]
    private var offset = PNG.signature.count
    private var hasEnded = false

    init(_ bytes: [UInt8]) throws(ImageError) {
        guard bytes.starts(with: PNG.signature) else {
            throw ImageError(.unknownFormat, "PNG: the first 8 bytes are not a PNG's")
        }
        self.bytes = bytes
    }

    /// The next chunk, or nil after IEND.
    ///
    /// - Throws: `ImageError` where the file ends inside a chunk or a chunk's type is not four letters.
    mutating func next() throws(ImageError) -> PNGChunk? {
        if hasEnded { return nil }
        guard let length = bytes.bigEndian32(at: offset), offset + 12 <= bytes.count else {
            throw ImageError(
                .truncated,
                "PNG: the file ends after \(bytes.count) bytes without an IEND chunk; was it copied whole?")
        }
        let letters = bytes[offset + 4..<offset + 8]
        guard letters.allSatisfy({ 65...90 ~= $0 || 97...122 ~= $0 }), length <= 0x7FFF_FFFF else {
            throw ImageError(.corrupt, "PNG: there is no chunk at byte \(offset), where one is expected")
        }
        let type = String(decoding: letters, as: UTF8.self)
        let data = offset + 8..<offset + 8 + length
        guard data.upperBound + 4 <= bytes.count else {
            throw ImageError(
                .truncated,
                "PNG: the \(type) chunk at byte \(offset) has \(length) bytes, but the file ends after "
                    + "\(bytes.count); was it copied whole?")
        }
        offset = data.upperBound + 4
        hasEnded = type == "IEND"
        return PNGChunk(type: type, data: data)
    }

    /// Throws unless the chunk's checksum is right.
    func verify(_ chunk: PNGChunk) throws(ImageError) {
        let covered = chunk.data.lowerBound - 4..<chunk.data.upperBound
        let found = bytes.withUnsafeBufferPointer { buffer in
            buffer.baseAddress.map { cpng_crc($0 + covered.lowerBound, covered.count) }
        }
        guard found.map(Int.init) == bytes.bigEndian32(at: chunk.data.upperBound) else {
            throw ImageError(
                .corrupt,
                "PNG: the checksum of the \(chunk.type) chunk at byte \(covered.lowerBound - 4) is wrong")
        }
    }

    /// Writes a chunk.
    ///
    /// - Parameters:
    ///   - type: four ASCII letters.
    ///   - data: at most 2^31 - 1 bytes.
    /// - Returns: the whole chunk: length, type, data, checksum.
    static func bytes(type: String, data: [UInt8]) -> [UInt8] {
        let covered = Array(type.utf8) + data
        return bigEndian(UInt32(data.count)) + covered + bigEndian(cpng_crc(covered, covered.count))
    }

    private static func bigEndian(_ value: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }
}
