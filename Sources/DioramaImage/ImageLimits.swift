/// How much memory and time a picture from outside may cost.
///
/// Checked against the header before anything is allocated, so a file that lies about its size costs nothing.
public struct ImageLimits: Hashable, Sendable {
    /// Most pixels, width x height.
    public var pixels: Int
    /// Longest side in pixels.
    public var side: Int
    /// Most bytes of embedded text, after decompression, all entries together.
    public var textBytes: Int
    /// Most text entries.
    public var textEntries: Int
    /// Most scans of a JPEG; each costs a pass over the whole image, so very large pictures may have fewer.
    public var scans: Int

    /// Makes limits; the defaults take any camera's picture and 1.5 GiB at the very most.
    public init(
        pixels: Int = 1 << 27, side: Int = 65_535, textBytes: Int = 64 << 20, textEntries: Int = 1_000,
        scans: Int = 100
    ) {
        self.pixels = pixels
        self.side = side
        self.textBytes = textBytes
        self.textEntries = textEntries
        self.scans = scans
    }

    /// Most scans of a JPEG of this many pixels: 2^30 pixels of work, but never fewer than 20 scans.
    func scans(pixels: Int) -> Int {
        min(scans, max(20, (1 << 30) / max(1, pixels)))
    }

    /// Throws unless a picture of this size may be decoded.
    func check(width: Int, height: Int, of format: ImageFormat) throws(ImageError) {
        guard width > 0, height > 0 else {
            throw ImageError(
                .corrupt,
                "\(format.name): the header gives a size of \(width) x \(height); both must be positive")
        }
        let (count, overflow) = width.multipliedReportingOverflow(by: height)
        guard width <= side, height <= side, !overflow, count <= pixels else {
            throw ImageError(
                .tooLarge,
                "\(format.name): \(width) x \(height) is too large; "
                    + "at most \(pixels) pixels and \(side) a side are read. Scale the picture down first")
        }
    }
}
