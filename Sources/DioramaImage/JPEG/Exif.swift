/// What Diorama reads from an EXIF block: the orientation, and texts that may hold a graph.
///
/// A block is a TIFF file: a byte order, then directories of 12-byte entries (Exif 2.32, 4.6). Whatever is malformed
/// is passed over, as other readers do: a picture is not lost for its EXIF.
struct Exif {
    /// What stands before the TIFF file in an APP1 segment.
    static let prefix: [UInt8] = Array("Exif".utf8) + [0, 0]

    private(set) var orientation = Orientation.up
    /// The texts of the first directory, in the order of their tags.
    private(set) var texts: [(tag: Int, text: String)] = []
    /// The user's comment, without its character code.
    private(set) var userComment: String?

    /// Reads a TIFF file; bytes that are none give an empty block.
    init(_ bytes: [UInt8]) {
        guard let tiff = TIFF(bytes) else { return }
        var seen: Set<Int> = []
        for entry in tiff.entries(at: tiff.firstDirectory) where seen.insert(entry.tag).inserted {
            switch entry.tag {
            case Tag.orientation:
                orientation = entry.short.flatMap(Orientation.init(rawValue:)) ?? .up
            case Tag.texts where entry.type == TIFF.ascii:
                texts.append(
                    (entry.tag, String(decoding: tiff.data(of: entry).prefix { $0 != 0 }, as: UTF8.self)))
            case Tag.exifDirectory:
                guard let offset = entry.long else { continue }
                let comment = tiff.entries(at: offset).first { $0.tag == Tag.userComment }
                userComment = comment.flatMap { Self.comment(tiff.data(of: $0), tiff.order) }
            default:
                break
            }
        }
    }

    /// The tags that are read and written.
    enum Tag {
        static let orientation = 0x0112
        static let exifDirectory = 0x8769
        static let userComment = 0x9286
        /// Model; ComfyUI keeps `prompt:{...}` here, `workflow:{...}` one below, and further texts below that.
        static let model = 0x0110
        /// Where texts with a key may stand.
        static let texts = 0x0100...0x0110
    }

    /// The text of a comment, whose first eight bytes name its character code.
    private static func comment(_ data: ArraySlice<UInt8>, _ order: TIFF.ByteOrder) -> String? {
        guard data.count > 8 else { return nil }
        let body = data.dropFirst(8)
        guard data.starts(with: Array("UNICODE".utf8)) else {
            return String(decoding: body.prefix { $0 != 0 }, as: UTF8.self)
        }
        let units = stride(from: body.startIndex, to: body.endIndex - 1, by: 2).map { place -> UInt16 in
            let unit = UInt16(body[place]) << 8 | UInt16(body[place + 1])
            return order == .big ? unit : unit.byteSwapped
        }
        return String(decoding: units, as: UTF16.self)
    }
}
