import CJPEG

/// Reads and writes JPEG.
public enum JPEG {
    /// How many pixels share a color.
    public enum Subsampling: String, CaseIterable, Hashable, Sendable {
        /// Each pixel has its own color.
        case yuv444 = "4:4:4"
        /// Two pixels side by side share one.
        case yuv422 = "4:2:2"
        /// Four pixels in a square share one.
        case yuv420 = "4:2:0"

        fileprivate var factors: (horizontal: CInt, vertical: CInt) {
            switch self {
            case .yuv444: (1, 1)
            case .yuv422: (2, 1)
            case .yuv420: (2, 2)
            }
        }
    }

    /// A written file, and what did not fit into it.
    public struct Encoded: Hashable, Sendable {
        /// The whole file.
        public let bytes: [UInt8]
        /// Keys of metadata that were left out, because EXIF holds 64 KiB in all.
        public let omittedKeys: [String]
    }

    /// Decodes a baseline or progressive JPEG to gray or RGB, standing upright.
    ///
    /// CMYK and YCCK become RGB without color management.
    ///
    /// - Throws: `ImageError` for files that are too large, truncated or damaged.
    public static func decode(_ bytes: [UInt8], limits: ImageLimits = .init()) throws(ImageError) -> Bitmap {
        let structure = try structure(of: bytes)
        try limits.check(width: structure.width, height: structure.height, of: .jpeg)

        let channels: Bitmap.Channels = structure.components == 1 ? .gray : .rgb
        let layout = cjpeg_layout(
            width: UInt32(structure.width), height: UInt32(structure.height), channels: CInt(channels.count))
        let count = structure.width * structure.height * channels.count
        let scans = CInt(clamping: limits.scans(pixels: structure.width * structure.height))
        var status = CJPEG_OK
        var message = [CChar](repeating: 0, count: Int(CJPEG_MESSAGE_SIZE))
        let pixels = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            status = cjpeg_decode(buffer.baseAddress, bytes, bytes.count, layout, scans, &message)
            initialized = status == CJPEG_OK ? count : 0
        }
        try check(status, message, scans: scans)
        return Bitmap(
            unchecked: .eight(pixels), width: structure.width, height: structure.height, channels: channels
        ).upright(from: structure.exif.orientation)
    }

    /// What the header says, without decoding pixels.
    public static func info(_ bytes: [UInt8]) throws(ImageError) -> ImageInfo {
        let structure = try structure(of: bytes)
        let orientation = structure.exif.orientation
        return ImageInfo(
            format: .jpeg, width: orientation.swapsSides ? structure.height : structure.width,
            height: orientation.swapsSides ? structure.width : structure.height, bitDepth: 8,
            colorType: structure.colorType, isProgressive: structure.isProgressive, orientation: orientation)
    }

    /// The texts in EXIF, without decoding pixels: `prompt` and `workflow` as ComfyUI writes them, `parameters`.
    public static func readMetadata(_ bytes: [UInt8], limits: ImageLimits = .init()) throws(ImageError)
        -> ImageMetadata
    {
        let metadata = GraphExif.metadata(in: try structure(of: bytes).exif)
        let count = metadata.entries.reduce(0) { $0 + $1.text.utf8.count }
        guard count <= limits.textBytes, metadata.entries.count <= limits.textEntries else {
            throw ImageError(
                .tooLarge,
                "JPEG: \(metadata.entries.count) texts of \(count) bytes are beyond the limit for embedded text"
            )
        }
        return metadata
    }

    /// Encodes a bitmap as baseline JPEG with optimized Huffman tables.
    ///
    /// - Parameters:
    ///   - bitmap: gray or RGB; 16-bit samples are rounded to 8.
    ///   - quality: 1 (smallest) to 100, on libjpeg's scale.
    ///   - subsampling: how many pixels share a color.
    ///   - metadata: written to EXIF: `prompt` first, then `workflow`, then the rest, each only if it fits; the
    ///     result names what does not.
    /// - Returns: the file, and the keys of the metadata that did not fit.
    /// - Throws: `ImageError` for a quality outside its range, alpha, and sides beyond 65,500.
    public static func encode(
        _ bitmap: Bitmap, quality: Int = 95, subsampling: Subsampling = .yuv444,
        metadata: ImageMetadata = .init()
    ) throws(ImageError) -> Encoded {
        guard 1...100 ~= quality else {
            throw ImageError(.invalidArgument, "JPEG: quality \(quality) is not in 1...100")
        }
        guard !bitmap.channels.hasAlpha else {
            throw ImageError(.unsupported, "JPEG: a picture with alpha; drop its alpha first, or write a PNG")
        }
        guard let layout = layout(of: bitmap) else {
            throw ImageError(
                .tooLarge,
                "JPEG: \(bitmap.width) x \(bitmap.height) is too large; a side may have 65,500. Write a PNG")
        }
        let (exif, omitted) = try GraphExif.segment(for: metadata)
        let factors = subsampling.factors
        var file: UnsafeMutablePointer<UInt8>?
        var size = 0
        var message = [CChar](repeating: 0, count: Int(CJPEG_MESSAGE_SIZE))
        let status = exif.withUnsafeBufferPointer { app1 in
            let options = cjpeg_options(
                quality: CInt(quality), horizontal_factor: factors.horizontal,
                vertical_factor: factors.vertical,
                app1: app1.isEmpty ? nil : app1.baseAddress, app1_size: app1.count)
            return cjpeg_encode(&file, &size, bitmap.pixels, layout, options, &message)
        }
        try check(status, message)
        defer { cjpeg_free(file) }
        return Encoded(bytes: Array(UnsafeBufferPointer(start: file, count: size)), omittedKeys: omitted)
    }

    private static func layout(of bitmap: Bitmap) -> cjpeg_layout? {
        guard max(bitmap.width, bitmap.height) <= 65_500 else { return nil }
        return cjpeg_layout(
            width: UInt32(bitmap.width), height: UInt32(bitmap.height), channels: CInt(bitmap.channels.count))
    }

    private static func structure(of bytes: [UInt8]) throws(ImageError) -> JPEGStructure {
        guard bytes.starts(with: [0xFF, 0xD8]) else {
            throw ImageError(.unknownFormat, "JPEG: the first bytes are not a JPEG's")
        }
        return try JPEGStructure(bytes)
    }

    private static func check(_ status: cjpeg_status, _ message: [CChar], scans: CInt = 0)
        throws(ImageError)
    {
        switch status {
        case CJPEG_OK: return
        case CJPEG_TRUNCATED:
            throw ImageError(.truncated, "JPEG: the image data ends too soon; was the file copied whole?")
        case CJPEG_MEMORY: throw ImageError(.outOfMemory, "JPEG: there is not enough memory for the picture")
        case CJPEG_TOO_MANY_SCANS:
            throw ImageError(
                .tooLarge, "JPEG: the file has more than \(scans) scans, the most that are read at its size")
        default: throw ImageError(.corrupt, "JPEG: the file is damaged: \(text(ofMessage: message))")
        }
    }
}
