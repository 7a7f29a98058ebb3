/// One segment of a JPEG: its marker and the place of its data in the file.
struct JPEGSegment {
    let marker: UInt8
    let data: Range<Int>
}

/// Walks the segments of a JPEG in order, up to the first scan.
struct JPEGSegments {
    private let bytes: [UInt8]
    private var offset = 2

    /// Starts after the SOI marker, which the caller has seen.
    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The next segment, or nil at the first scan.
    ///
    /// - Throws: `ImageError` where the file ends before a scan, or a segment's length is impossible.
    mutating func next() throws(ImageError) -> JPEGSegment? {
        while true {
            // Any bytes may stand between segments, as libjpeg has it; a marker is 0xFF and neither 0 nor 0xFF.
            while offset < bytes.count, bytes[offset] != 0xFF { offset += 1 }
            while offset < bytes.count, bytes[offset] == 0xFF { offset += 1 }
            guard offset < bytes.count else { throw truncated() }
            let marker = bytes[offset]
            offset += 1
            switch marker {
            case 0x00, 0x01, 0xD0...0xD7:
                continue
            case 0xDA:
                return nil
            case 0xD9:
                throw ImageError(.truncated, "JPEG: the file ends before its first scan")
            default:
                return JPEGSegment(marker: marker, data: try segmentData())
            }
        }
    }

    /// The place of a segment's data, whose length stands at `offset`; moves behind it.
    private mutating func segmentData() throws(ImageError) -> Range<Int> {
        guard let length = bytes.bigEndian16(at: offset) else { throw truncated() }
        guard length >= 2 else {
            throw ImageError(
                .corrupt, "JPEG: the segment at byte \(offset - 2) has length \(length); at least 2 is due")
        }
        let data = offset + 2..<offset + length
        guard data.upperBound <= bytes.count else { throw truncated() }
        offset = data.upperBound
        return data
    }

    private func truncated() -> ImageError {
        ImageError(
            .truncated,
            "JPEG: the file ends after \(bytes.count) bytes, before its first scan; was it copied whole?")
    }
}
