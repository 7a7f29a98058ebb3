import CPNG

/// A text chunk's two forms: bytes in the file, and key with text.
///
/// `tEXt` holds Latin-1, `zTXt` Latin-1 deflated, `iTXt` UTF-8 that may be deflated (PNG specification, 11.3.3).
enum PNGText {
    /// The bytes of a chunk for an entry: `tEXt` where Latin-1 is enough, else `iTXt`.
    static func encode(_ entry: ImageMetadata.Entry) throws(ImageError) -> (type: String, data: [UInt8]) {
        guard let key = latin1(entry.key), 1...79 ~= key.count, key.first != 32, key.last != 32,
            key.allSatisfy({ 32...126 ~= $0 || $0 >= 161 })
        else {
            throw ImageError(
                .invalidArgument,
                "PNG: \"\(entry.key)\" cannot be a text's key; it takes 1 to 79 printable Latin-1 characters "
                    + "without spaces at its ends")
        }
        guard !entry.text.utf8.contains(0) else {
            throw ImageError(.invalidArgument, "PNG: the text of \"\(entry.key)\" holds a NUL character")
        }
        let isPlain = latin1(entry.text)
        // After the key's NUL, iTXt has: not compressed, method 0, no language, no translated key.
        let data = isPlain.map { key + [0] + $0 } ?? (key + [0, 0, 0, 0, 0] + Array(entry.text.utf8))
        guard data.count <= 0x7FFF_FFFF else {
            throw ImageError(
                .tooLarge, "PNG: the text of \"\(entry.key)\" has \(data.count) bytes; a chunk holds 2^31 - 1"
            )
        }
        return (isPlain == nil ? "iTXt" : "tEXt", data)
    }

    /// Reads a chunk's bytes.
    ///
    /// - Parameters:
    ///   - data: what the chunk holds.
    ///   - type: `tEXt`, `zTXt` or `iTXt`.
    ///   - budget: most bytes that the text may have once it is inflated.
    /// - Returns: the entry.
    /// - Throws: `ImageError` where the bytes are no key and text, or the text is too long.
    static func decode(_ data: ArraySlice<UInt8>, type: String, budget: Int) throws(ImageError)
        -> ImageMetadata.Entry
    {
        guard let keyEnd = data.firstIndex(of: 0), keyEnd > data.startIndex else { throw malformed(type) }
        let key = string(latin1: data[..<keyEnd])
        let rest = data[(keyEnd + 1)...]
        switch type {
        case "tEXt":
            guard rest.count <= budget else { throw tooLong(key) }
            return .init(key: key, text: string(latin1: rest))
        case "zTXt":
            guard rest.first == 0 else { throw malformed(type) }
            return .init(
                key: key, text: string(latin1: try inflate(rest.dropFirst(), key: key, budget: budget)[...]))
        default:
            guard rest.count >= 2, let flag = rest.first, flag <= 1 else { throw malformed(type) }
            let afterFlags = rest.dropFirst(2)
            guard let languageEnd = afterFlags.firstIndex(of: 0),
                let translatedEnd = afterFlags[(languageEnd + 1)...].firstIndex(of: 0)
            else { throw malformed(type) }
            let body = afterFlags[(translatedEnd + 1)...]
            guard flag == 1 else {
                guard body.count <= budget else { throw tooLong(key) }
                return .init(key: key, text: String(decoding: body, as: UTF8.self))
            }
            return .init(
                key: key, text: String(decoding: try inflate(body, key: key, budget: budget), as: UTF8.self))
        }
    }

    private static func latin1(_ text: String) -> [UInt8]? {
        if text.utf8.allSatisfy({ $0 < 128 }) { return Array(text.utf8) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            guard let byte = UInt8(exactly: scalar.value) else { return nil }
            bytes.append(byte)
        }
        return bytes
    }

    private static func string(latin1 bytes: ArraySlice<UInt8>) -> String {
        if bytes.allSatisfy({ $0 < 128 }) { return String(decoding: bytes, as: UTF8.self) }
        var utf8: [UInt8] = []
        utf8.reserveCapacity(bytes.count * 2)
        for byte in bytes {
            if byte < 128 {
                utf8.append(byte)
            } else {
                utf8.append(0xC0 | byte >> 6)
                utf8.append(0x80 | byte & 0x3F)
            }
        }
        return String(decoding: utf8, as: UTF8.self)
    }

    private static func inflate(_ data: ArraySlice<UInt8>, key: String, budget: Int) throws(ImageError)
        -> [UInt8]
    {
        // Deflate shrinks at most 1032 times.
        let (most, overflow) = data.count.multipliedReportingOverflow(by: 1032)
        let capacity = overflow ? budget : min(budget, most)
        var status = CPNG_OK
        let text = [UInt8](unsafeUninitializedCapacity: capacity) { out, count in
            data.withUnsafeBufferPointer { input in
                status = cpng_inflate(out.baseAddress, capacity, &count, input.baseAddress, input.count)
            }
            if status != CPNG_OK { count = 0 }
        }
        switch status {
        case CPNG_OK: return text
        case CPNG_MEMORY: throw tooLong(key)
        default: throw ImageError(.corrupt, "PNG: the compressed text of \"\(key)\" is damaged")
        }
    }

    private static func malformed(_ type: String) -> ImageError {
        ImageError(.corrupt, "PNG: a \(type) chunk is not a key and a text")
    }

    private static func tooLong(_ key: String) -> ImageError {
        ImageError(.tooLarge, "PNG: the text of \"\(key)\" is longer than the limit for embedded text")
    }
}
