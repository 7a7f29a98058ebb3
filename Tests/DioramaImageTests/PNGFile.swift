/// A PNG taken apart and put together chunk by chunk, with its own CRC-32: a second opinion on what `PNG` writes, and
/// the maker of hostile files.
struct PNGFile {
    struct Chunk {
        var type: String
        var data: [UInt8]
        /// The stored checksum; nil writes the right one.
        var crc: UInt32?
    }

    static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    var chunks: [Chunk]

    init(_ chunks: [Chunk]) {
        self.chunks = chunks
    }

    /// Reads a file, or gives nil where it is not chunks from end to end.
    init?(_ bytes: [UInt8]) {
        guard bytes.starts(with: Self.signature) else { return nil }
        chunks = []
        var rest = bytes[8...]
        while !rest.isEmpty {
            guard rest.count >= 12 else { return nil }
            let length = Int(Self.number(rest.prefix(4)))
            guard rest.count >= 12 + length else { return nil }
            let type = String(decoding: rest.dropFirst(4).prefix(4), as: UTF8.self)
            let data = Array(rest.dropFirst(8).prefix(length))
            chunks.append(
                Chunk(type: type, data: data, crc: Self.number(rest.dropFirst(8 + length).prefix(4))))
            rest = rest.dropFirst(12 + length)
        }
    }

    var bytes: [UInt8] {
        chunks.reduce(into: Self.signature) { file, chunk in
            let covered = Array(chunk.type.utf8) + chunk.data
            file +=
                Self.bytes(UInt32(chunk.data.count)) + covered + Self.bytes(chunk.crc ?? Self.crc(covered))
        }
    }

    static func header(_ width: UInt32, _ height: UInt32, depth: UInt8 = 8, color: UInt8 = 2) -> Chunk {
        Chunk(type: "IHDR", data: bytes(width) + bytes(height) + [depth, color, 0, 0, 0])
    }

    /// The checksum of the PNG specification, bit by bit.
    static func crc(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(~UInt32(0)) { crc, byte in
            (0..<8).reduce(crc ^ UInt32(byte)) { crc, _ in
                crc & 1 == 1 ? 0xEDB8_8320 ^ (crc >> 1) : crc >> 1
            }
        }
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        bytes.reduce(0) { $0 << 8 | UInt32($1) }
    }

    private static func bytes(_ number: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
    }
}
