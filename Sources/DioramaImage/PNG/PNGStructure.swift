/// A walk over all chunks of a PNG: what decoding must know before it allocates.
struct PNGStructure {
    let header: PNGHeader
    /// Whether a tRNS chunk stands before the image data.
    private(set) var hasTransparency = false
    /// Bytes of compressed image data, all IDAT chunks together.
    private(set) var imageDataCount = 0
    /// The tEXt, zTXt and iTXt chunks in the file's order.
    private(set) var texts: [PNGChunk] = []
    /// How the stored rows must be turned, from the eXIf chunk.
    private(set) var orientation = Orientation.up

    init(_ bytes: [UInt8]) throws(ImageError) {
        var chunks = try PNGChunks(bytes)
        guard let first = try chunks.next() else { throw ImageError(.corrupt, "PNG: the file has no chunk") }
        header = try PNGHeader(bytes, chunk: first)
        try chunks.verify(first)
        while let chunk = try chunks.next() {
            switch chunk.type {
            case "tRNS":
                if imageDataCount == 0 { hasTransparency = true }
            case "IDAT":
                imageDataCount += chunk.data.count
            case "tEXt", "zTXt", "iTXt":
                texts.append(chunk)
            case "eXIf":
                try chunks.verify(chunk)
                orientation = Exif(Array(bytes[chunk.data])).orientation
            default:
                break
            }
        }
    }

    /// Throws unless the image data can hold the pixels that the header promises.
    ///
    /// Deflate shrinks at most 1032 times, so a large header on a small body is found before memory is taken.
    func checkImageData() throws(ImageError) {
        guard header.leastByteCount / 1032 <= imageDataCount else {
            throw ImageError(
                .truncated,
                "PNG: \(imageDataCount) bytes of image data cannot hold the \(header.width) x \(header.height) pixels "
                    + "of the header; was the file copied whole?")
        }
    }
}
