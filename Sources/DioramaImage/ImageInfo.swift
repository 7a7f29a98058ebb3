/// What a picture's header says, read without decoding pixels.
public struct ImageInfo: Hashable, Sendable {
    /// How colors are stored in the file.
    public enum ColorType: String, Hashable, Sendable {
        /// Light alone.
        case gray
        /// Light and opacity.
        case grayAlpha
        /// Indices into a table of colors.
        case palette
        /// Red, green, blue.
        case rgb
        /// Red, green, blue, opacity.
        case rgba
        /// Light and two color differences, as most JPEGs have.
        case ycbcr
        /// Four printing inks.
        case cmyk
        /// Four printing inks, stored as light, color differences and black.
        case ycck
    }

    /// The file's format.
    public let format: ImageFormat
    /// Pixels a row of the decoded picture, after its orientation is applied.
    public let width: Int
    /// Rows of the decoded picture, after its orientation is applied.
    public let height: Int
    /// Bits a stored sample: 1, 2, 4, 8 or 16.
    public let bitDepth: Int
    /// How colors are stored.
    public let colorType: ColorType
    /// Whether the picture is stored coarse to fine: interlaced PNG, progressive JPEG.
    public let isProgressive: Bool
    /// How the stored rows must be turned to stand upright; `decode` does it.
    public let orientation: Orientation
}
