import DioramaImage
import Foundation

/// The files of `Tests/Golden/images`, and what must be read from them.
///
/// Written by `tools/golden/images.py`: Pillow and numpy, seed 20; `expected.json` names the versions.
struct Goldens: Decodable {
    struct Picture: Decodable {
        let width, height, channels, depth: Int
        /// Samples in hexadecimal, big endian.
        let pixels: String

        /// The samples as numbers.
        var samples: [Int] {
            let digits = depth / 4
            let characters = Array(pixels.utf8)
            return stride(from: 0, to: characters.count, by: digits).map { start in
                Int(String(decoding: characters[start..<start + digits], as: UTF8.self), radix: 16) ?? -1
            }
        }
    }

    let pictures: [String: Picture]
    /// Pairs of key and text by file name.
    let texts: [String: [[String]]]

    static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Golden/images")

    init() throws {
        self = try JSONDecoder().decode(
            Goldens.self, from: Data(contentsOf: Self.folder.appending(path: "expected.json")))
    }

    /// The bytes of a file.
    static func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: folder.appending(path: name)))
    }

    /// The names of the files with an ending whose pixels are known, in order.
    func pictureNames(_ ending: String) -> [String] {
        pictures.keys.filter { $0.hasSuffix(ending) }.sorted()
    }

    func picture(_ name: String) throws -> Picture {
        guard let picture = pictures[name] else { throw Missing(name: name) }
        return picture
    }

    struct Missing: Error {
        let name: String
    }
}

extension Bitmap {
    /// The samples as numbers, whatever their width.
    var numbers: [Int] {
        switch samples {
        case .eight(let values): values.map(Int.init)
        case .sixteen(let values): values.map(Int.init)
        }
    }

    /// The largest difference to other samples, or nil where the counts differ.
    func largestDifference(to other: [Int]) -> Int? {
        let mine = numbers
        return mine.count == other.count ? zip(mine, other).map { abs($0 - $1) }.max() : nil
    }

    /// A picture of smooth colors, for tests that need one of any size.
    static func gradient(_ width: Int, _ height: Int, _ channels: Channels = .rgb) throws -> Bitmap {
        let pixels = (0..<height).flatMap { y in
            (0..<width).flatMap { x in
                (0..<channels.count).map { UInt8(truncatingIfNeeded: x * (3 + $0) + y * (5 - $0)) }
            }
        }
        return try Bitmap(width: width, height: height, channels: channels, pixels: pixels)
    }
}
