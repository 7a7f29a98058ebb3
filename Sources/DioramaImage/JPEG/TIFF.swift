/// Bounded reads of a TIFF file's directories; nothing outside the bytes is ever touched.
struct TIFF {
    /// Which end of a number comes first.
    enum ByteOrder {
        case big
        case little
    }

    /// One entry of a directory.
    struct Entry {
        let tag: Int
        let type: Int
        let count: Int
        /// Where the entry's four bytes of value, or of the value's offset, stand.
        let field: Int
        /// The value as a 16-bit number, where it is one.
        let short: Int?
        /// The value as a 32-bit number, where it is one.
        let long: Int?
    }

    /// The type of NUL-terminated text.
    static let ascii = 2

    let order: ByteOrder
    /// Where the first directory stands.
    let firstDirectory: Int
    private let bytes: [UInt8]

    /// Reads the eight bytes at the start, or gives nil where they are not a TIFF file's.
    init?(_ bytes: [UInt8]) {
        if bytes.starts(with: [0x49, 0x49, 42, 0]) {
            order = .little
        } else if bytes.starts(with: [0x4D, 0x4D, 0, 42]) {
            order = .big
        } else {
            return nil
        }
        self.bytes = bytes
        guard let first = Self.number32(bytes, at: 4, order) else { return nil }
        firstDirectory = first
    }

    /// The entries of the directory at a place; as many as lie inside the file.
    func entries(at directory: Int) -> [Entry] {
        guard let count = Self.number16(bytes, at: directory, order) else { return [] }
        return (0..<count).lazy.map { directory + 2 + 12 * $0 }.prefix { $0 + 12 <= bytes.count }.compactMap(
            entry)
    }

    /// The bytes of an entry's value, for types of one byte a piece; empty where they lie outside the file.
    func data(of entry: Entry) -> ArraySlice<UInt8> {
        let start = entry.count <= 4 ? entry.field : Self.number32(bytes, at: entry.field, order)
        guard let start, entry.count <= bytes.count, start <= bytes.count - entry.count else { return [] }
        return bytes[start..<start + entry.count]
    }

    private func entry(at place: Int) -> Entry? {
        guard let tag = Self.number16(bytes, at: place, order),
            let type = Self.number16(bytes, at: place + 2, order),
            let count = Self.number32(bytes, at: place + 4, order)
        else { return nil }
        return Entry(
            tag: tag, type: type, count: count, field: place + 8,
            short: type == 3 && count == 1 ? Self.number16(bytes, at: place + 8, order) : nil,
            long: type == 4 && count == 1 ? Self.number32(bytes, at: place + 8, order) : nil)
    }

    private static func number16(_ bytes: [UInt8], at offset: Int, _ order: ByteOrder) -> Int? {
        guard let value = bytes.bigEndian16(at: offset) else { return nil }
        return order == .big ? value : Int(UInt16(truncatingIfNeeded: value).byteSwapped)
    }

    private static func number32(_ bytes: [UInt8], at offset: Int, _ order: ByteOrder) -> Int? {
        guard let value = bytes.bigEndian32(at: offset) else { return nil }
        return order == .big ? value : Int(UInt32(truncatingIfNeeded: value).byteSwapped)
    }
}
