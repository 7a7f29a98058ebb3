import DioramaImage
import DioramaTestSupport
import Testing

/// Random damage to good files, the same at each run: whatever comes out, the process lives.
@Suite struct MutationTests {
    static let files = [
        "palette-4-trns-interlaced.png", "gray-16.png", "rgba-8.png", "texts.png", "progressive.jpg",
        "ycck.jpg",
        "make-model.jpg", "comment-utf16.jpg",
    ]

    @Test("500 mutations a file", arguments: files)
    func mutations(_ name: String) throws {
        var random = SeededGenerator(20)
        let original = try PictureGoldens.bytes(name)
        let limits = ImageLimits(pixels: 1 << 20)
        for _ in 0..<500 {
            let bytes = mutated(original, &random)
            if let bitmap = try? ImageFile.decode(bytes, limits: limits) {
                #expect(bitmap.samples.count == bitmap.width * bitmap.height * bitmap.channels.count)
            }
            if let metadata = try? ImageFile.readMetadata(bytes, limits: limits) {
                #expect(metadata.entries.count <= limits.textEntries)
            }
        }
    }

    private func mutated(_ original: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var bytes = original
        for _ in 0..<Int.random(in: 1...6, using: &random) {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0: bytes[place] = [0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &random) ?? 0
            case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 2: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
            case 3 where bytes.count > 64: bytes.removeSubrange(place..<min(bytes.count, place + 3))
            default: bytes += bytes[place..<min(bytes.count, place + 40)]
            }
        }
        return withRightChecksums(bytes)
    }

    /// A PNG's damage must get past its checksums to be worth the while.
    private func withRightChecksums(_ bytes: [UInt8]) -> [UInt8] {
        guard var file = PNGFile(bytes) else { return bytes }
        for index in file.chunks.indices { file.chunks[index].crc = nil }
        return file.bytes
    }
}
