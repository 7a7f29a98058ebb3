/// Reads pictures of any known format, chosen by their first bytes.
public enum ImageFile {
    /// Decodes a picture, standing upright.
    ///
    /// - Parameters:
    ///   - bytes: a whole file.
    ///   - limits: how much memory and time it may cost.
    /// - Returns: its pixels.
    /// - Throws: `ImageError`, also for files that are damaged only in part.
    public static func decode(_ bytes: [UInt8], limits: ImageLimits = .init()) throws(ImageError) -> Bitmap {
        switch try format(of: bytes) {
        case .png: try PNG.decode(bytes, limits: limits)
        case .jpeg: try JPEG.decode(bytes, limits: limits)
        }
    }

    /// What the header of a file says, without decoding pixels.
    public static func info(_ bytes: [UInt8]) throws(ImageError) -> ImageInfo {
        switch try format(of: bytes) {
        case .png: try PNG.info(bytes)
        case .jpeg: try JPEG.info(bytes)
        }
    }

    /// The text embedded in a file, without decoding pixels.
    public static func readMetadata(_ bytes: [UInt8], limits: ImageLimits = .init()) throws(ImageError)
        -> ImageMetadata
    {
        switch try format(of: bytes) {
        case .png: try PNG.readMetadata(bytes, limits: limits)
        case .jpeg: try JPEG.readMetadata(bytes, limits: limits)
        }
    }

    private static func format(of bytes: [UInt8]) throws(ImageError) -> ImageFormat {
        guard !bytes.isEmpty else { throw ImageError(.truncated, "the picture has 0 bytes") }
        guard let format = ImageFormat(detecting: bytes) else {
            throw ImageError(
                .unknownFormat,
                "the first bytes are neither a PNG's nor a JPEG's; convert the picture to one of them")
        }
        return format
    }
}
