/// A file format of pictures.
public enum ImageFormat: String, CaseIterable, Hashable, Sendable {
    /// Portable Network Graphics: lossless.
    case png
    /// JPEG File Interchange Format: lossy, small.
    case jpeg

    /// The usual name: `PNG`, `JPEG`.
    public var name: String { rawValue.uppercased() }

    /// The format whose first bytes these are, or nil.
    ///
    /// File names are never asked: a JPEG named `.png` is a JPEG.
    public init?(detecting bytes: [UInt8]) {
        if bytes.starts(with: PNG.signature) {
            self = .png
        } else if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
            self = .jpeg
        } else {
            return nil
        }
    }

    /// The format to write for a file name's extension (without its dot, in any case), or nil.
    public init?(fileExtension: String) {
        switch fileExtension.lowercased() {
        case "png": self = .png
        case "jpg", "jpeg", "jpe", "jfif": self = .jpeg
        default: return nil
        }
    }
}
