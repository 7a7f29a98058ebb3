import CPNG

/// Reads and writes Portable Network Graphics.
public enum PNG {
    /// The first eight bytes of each PNG.
    static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

    /// How hard to try for a small file.
    public enum Compression: Hashable, Sendable {
        /// Filters and a strategy that suit pictures: run lengths and Huffman codes, no search for repetition.
        ///
        /// Generated pictures and photographs come out about as small as at level 6, many times faster; drawings and
        /// text come out larger.
        case fast
        /// One of zlib's levels, 0 (none) to 9 (slowest).
        case level(Int)

        /// The level as C takes it.
        fileprivate var code: CInt {
            get throws(ImageError) {
                switch self {
                case .fast: return CPNG_LEVEL_FAST
                case .level(let level):
                    guard 0...9 ~= level else {
                        throw ImageError(
                            .invalidArgument, "PNG: the compression level \(level) is not in 0...9")
                    }
                    return CInt(level)
                }
            }
        }
    }

    /// Decodes a PNG of any color type, depth and interlacing.
    ///
    /// Depths below 8 are widened, 16 bits are kept, palettes become RGB, tRNS becomes alpha. Gamma and color
    /// profiles are not applied.
    ///
    /// - Throws: `ImageError` for files that are too large, truncated, or damaged in any chunk that pixels need.
    public static func decode(_ bytes: [UInt8], limits: ImageLimits = .init()) throws(ImageError) -> Bitmap {
        let header = try PNGHeader(bytes, chunk: firstChunk(bytes))
        try limits.check(width: header.width, height: header.height, of: .png)
        let structure = try PNGStructure(bytes)
        try structure.checkImageData()

        let channels = header.channels(hasTransparency: structure.hasTransparency)
        let layout = cpng_layout(
            width: UInt32(header.width), height: UInt32(header.height), channels: CInt(channels.count),
            bit_depth: header.bitDepth == 16 ? 16 : 8)
        let samples: Bitmap.Samples =
            header.bitDepth == 16
            ? .sixteen(try decodeSamples(bytes, layout)) : .eight(try decodeSamples(bytes, layout))
        return Bitmap(unchecked: samples, width: header.width, height: header.height, channels: channels)
            .upright(from: structure.orientation)
    }

    /// What the header says, without decoding pixels.
    public static func info(_ bytes: [UInt8]) throws(ImageError) -> ImageInfo {
        let structure = try PNGStructure(bytes)
        let header = structure.header
        let swaps = structure.orientation.swapsSides
        return ImageInfo(
            format: .png, width: swaps ? header.height : header.width,
            height: swaps ? header.width : header.height,
            bitDepth: header.bitDepth, colorType: header.colorType, isProgressive: header.isInterlaced,
            orientation: structure.orientation)
    }

    /// The text in tEXt, zTXt and iTXt chunks, without decoding pixels.
    ///
    /// - Throws: `ImageError` for damaged text and for more text than the limits allow.
    public static func readMetadata(_ bytes: [UInt8], limits: ImageLimits = .init()) throws(ImageError)
        -> ImageMetadata
    {
        let chunks = try PNGChunks(bytes)
        let texts = try PNGStructure(bytes).texts
        guard texts.count <= limits.textEntries else {
            throw ImageError(
                .tooLarge, "PNG: there are \(texts.count) texts; at most \(limits.textEntries) are read")
        }
        var budget = limits.textBytes
        var metadata = ImageMetadata()
        for chunk in texts {
            try chunks.verify(chunk)
            let entry = try PNGText.decode(bytes[chunk.data], type: chunk.type, budget: budget)
            budget -= min(budget, entry.text.utf8.count)
            metadata.entries.append(entry)
        }
        return metadata
    }

    /// Encodes a bitmap; the same bitmap, metadata and zlib give the same bytes.
    ///
    /// - Parameters:
    ///   - bitmap: any channels, 8 or 16 bits.
    ///   - metadata: written as text chunks before the image data, in order.
    ///   - compression: how hard to try for a small file.
    /// - Returns: the file.
    /// - Throws: `ImageError` for a compression outside its range and for texts that PNG cannot hold.
    public static func encode(
        _ bitmap: Bitmap, metadata: ImageMetadata = .init(), compression: Compression = .fast
    ) throws(ImageError) -> [UInt8] {
        let level = try compression.code
        guard let width = UInt32(exactly: bitmap.width), let height = UInt32(exactly: bitmap.height),
            max(width, height) <= 0x7FFF_FFFF
        else {
            throw ImageError(
                .tooLarge, "PNG: a side of \(bitmap.width) x \(bitmap.height) is beyond 2^31 - 1")
        }
        var texts: [UInt8] = []
        for entry in metadata.entries {
            let (type, data) = try PNGText.encode(entry)
            texts += PNGChunks.bytes(type: type, data: data)
        }
        let layout = cpng_layout(
            width: width, height: height, channels: CInt(bitmap.channels.count),
            bit_depth: CInt(bitmap.bitDepth))
        return switch bitmap.samples {
        case .eight(let values): try encodeSamples(values, layout, texts, level)
        case .sixteen(let values): try encodeSamples(values, layout, texts, level)
        }
    }

    private static func firstChunk(_ bytes: [UInt8]) throws(ImageError) -> PNGChunk {
        var chunks = try PNGChunks(bytes)
        guard let chunk = try chunks.next() else { throw ImageError(.corrupt, "PNG: the file has no chunk") }
        return chunk
    }

    private static func decodeSamples<Sample: BitwiseCopyable>(_ bytes: [UInt8], _ layout: cpng_layout)
        throws(ImageError) -> [Sample]
    {
        var status = CPNG_OK
        var message = [CChar](repeating: 0, count: Int(CPNG_MESSAGE_SIZE))
        let count = Int(layout.width) * Int(layout.height) * Int(layout.channels)
        let samples = [Sample](unsafeUninitializedCapacity: count) { buffer, initialized in
            status = cpng_decode(buffer.baseAddress, bytes, bytes.count, layout, &message)
            initialized = status == CPNG_OK ? count : 0
        }
        try check(status, message)
        return samples
    }

    private static func encodeSamples<Sample: BitwiseCopyable>(
        _ samples: [Sample], _ layout: cpng_layout, _ texts: [UInt8], _ level: CInt
    ) throws(ImageError) -> [UInt8] {
        var file: UnsafeMutablePointer<UInt8>?
        var size = 0
        var message = [CChar](repeating: 0, count: Int(CPNG_MESSAGE_SIZE))
        let status = samples.withUnsafeBytes { pixels in
            cpng_encode(
                &file, &size, pixels.baseAddress, layout, level, texts, texts.count, &message)
        }
        try check(status, message)
        defer { cpng_free(file) }
        return Array(UnsafeBufferPointer(start: file, count: size))
    }

    private static func check(_ status: cpng_status, _ message: [CChar]) throws(ImageError) {
        switch status {
        case CPNG_OK: return
        case CPNG_TRUNCATED:
            throw ImageError(.truncated, "PNG: the image data ends too soon; was the file copied whole?")
        case CPNG_MEMORY: throw ImageError(.outOfMemory, "PNG: there is not enough memory for the picture")
        default: throw ImageError(.corrupt, "PNG: the file is damaged: \(text(ofMessage: message))")
        }
    }
}
