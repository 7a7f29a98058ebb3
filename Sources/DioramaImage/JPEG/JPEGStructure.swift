/// A walk over the segments of a JPEG up to its first scan: what decoding must know before it allocates.
struct JPEGStructure {
    let width: Int
    let height: Int
    let components: Int
    let isProgressive: Bool
    /// The transform of the Adobe segment: 0 none, 1 YCbCr, 2 YCCK; nil without one.
    let adobeTransform: UInt8?
    /// The EXIF block of the first APP1 segment that has one.
    let exif: Exif

    init(_ bytes: [UInt8]) throws(ImageError) {
        var frame: Range<Int>?
        var frameMarker: UInt8 = 0
        var adobeTransform: UInt8?
        var exif: Exif?
        var segments = JPEGSegments(bytes)
        while let segment = try segments.next() {
            switch segment.marker {
            case 0xC0...0xC3, 0xC5...0xC7, 0xC9...0xCB, 0xCD...0xCF:
                guard frame == nil else { throw ImageError(.corrupt, "JPEG: there are two frame headers") }
                frame = segment.data
                frameMarker = segment.marker
            case 0xE1 where exif == nil && bytes[segment.data].starts(with: Exif.prefix):
                exif = Exif(Array(bytes[segment.data].dropFirst(Exif.prefix.count)))
            case 0xEE where segment.data.count >= 12 && bytes[segment.data].starts(with: Array("Adobe".utf8)):
                adobeTransform = bytes[segment.data.lowerBound + 11]
            default:
                break
            }
        }
        guard let frame else {
            throw ImageError(.corrupt, "JPEG: there is no frame header before the first scan")
        }
        guard frame.count >= 6, let height = bytes.bigEndian16(at: frame.lowerBound + 1),
            let width = bytes.bigEndian16(at: frame.lowerBound + 3)
        else { throw ImageError(.corrupt, "JPEG: the frame header has \(frame.count) bytes, too few") }

        try Self.checkSupport(marker: frameMarker, precision: bytes[frame.lowerBound])
        let components = Int(bytes[frame.lowerBound + 5])
        guard [1, 3, 4].contains(components) else {
            throw ImageError(
                .unsupported,
                "JPEG: a picture of \(components) components; 1 (gray), 3 (color) and 4 (inks) are read")
        }
        self.width = width
        self.height = height
        self.components = components
        isProgressive = frameMarker == 0xC2 || frameMarker == 0xCA
        self.adobeTransform = adobeTransform
        self.exif = exif ?? Exif([])
    }

    /// How colors are stored.
    var colorType: ImageInfo.ColorType {
        switch (components, adobeTransform) {
        case (1, _): .gray
        case (3, 0): .rgb
        case (3, _): .ycbcr
        case (_, 2): .ycck
        default: .cmyk
        }
    }

    /// Throws for the processes that libjpeg does not decode: lossless, hierarchical, 12 bits.
    private static func checkSupport(marker: UInt8, precision: UInt8) throws(ImageError) {
        guard [0xC0, 0xC1, 0xC2, 0xC9, 0xCA].contains(marker) else {
            throw ImageError(
                .unsupported,
                "JPEG: a lossless or hierarchical picture (frame type \(marker - 0xC0)); baseline and progressive "
                    + "ones are read")
        }
        guard precision == 8 else {
            throw ImageError(.unsupported, "JPEG: a picture of \(precision) bits a sample; 8 are read")
        }
    }
}
