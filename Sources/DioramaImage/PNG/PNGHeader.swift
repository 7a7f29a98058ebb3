/// What the IHDR chunk says, checked against the format's table of color types and depths.
struct PNGHeader {
    let width: Int
    let height: Int
    let bitDepth: Int
    let colorType: ImageInfo.ColorType
    let isInterlaced: Bool

    init(_ bytes: [UInt8], chunk: PNGChunk) throws(ImageError) {
        let start = chunk.data.lowerBound
        guard chunk.type == "IHDR", chunk.data.count == 13,
            let width = bytes.bigEndian32(at: start), let height = bytes.bigEndian32(at: start + 4)
        else {
            throw ImageError(.corrupt, "PNG: the first chunk is \(chunk.type), not an IHDR of 13 bytes")
        }
        self.width = width
        self.height = height
        bitDepth = Int(bytes[start + 8])
        let color = bytes[start + 9]
        guard let colorType = Self.colorType(color), Self.depths(of: colorType).contains(bitDepth) else {
            throw ImageError(.corrupt, "PNG: there is no color type \(color) with \(bitDepth) bits")
        }
        self.colorType = colorType
        let methods = bytes[start + 10...start + 12]
        guard Array(methods) == [0, 0, 0] || Array(methods) == [0, 0, 1] else {
            throw ImageError(
                .corrupt, "PNG: the compression, filter and interlace methods \(Array(methods)) do not exist")
        }
        isInterlaced = methods.last == 1
    }

    /// Samples a stored pixel.
    private var samples: Int {
        switch colorType {
        case .rgba: 4
        case .rgb: 3
        case .grayAlpha: 2
        default: 1
        }
    }

    /// The least number of bytes that the rows have before compression; the caller has checked the size.
    var leastByteCount: Int { (width * height * samples * bitDepth) / 8 }

    /// How the decoded pixels lie in memory, given whether a tRNS chunk is there.
    func channels(hasTransparency: Bool) -> Bitmap.Channels {
        switch colorType {
        case .gray: hasTransparency ? .grayAlpha : .gray
        case .grayAlpha: .grayAlpha
        case .rgba: .rgba
        default: hasTransparency ? .rgba : .rgb
        }
    }

    private static func colorType(_ code: UInt8) -> ImageInfo.ColorType? {
        switch code {
        case 0: .gray
        case 2: .rgb
        case 3: .palette
        case 4: .grayAlpha
        case 6: .rgba
        default: nil
        }
    }

    private static func depths(of type: ImageInfo.ColorType) -> [Int] {
        switch type {
        case .gray: [1, 2, 4, 8, 16]
        case .palette: [1, 2, 4, 8]
        default: [8, 16]
        }
    }
}
