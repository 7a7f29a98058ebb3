import FoundationEssentials

/// The files of `Tests/Golden/images`, and what must be read from them.
///
/// Written by `tools/golden/images.py`: Pillow and numpy, seed 20; `expected.json` names the versions.
public struct PictureGoldens: Decodable, Sendable {
    /// What must be read from one file.
    public struct Picture: Decodable, Sendable {
        /// Columns, rows, samples a pixel, bits a sample.
        public let width, height, channels, depth: Int
        /// Samples in hexadecimal, big endian.
        private let pixels: String

        /// The samples as numbers.
        public var samples: [Int] {
            let digits = depth / 4
            let characters = Array(pixels.utf8)
            return stride(from: 0, to: characters.count, by: digits).map { start in
                Int(String(decoding: characters[start..<start + digits], as: UTF8.self), radix: 16) ?? -1
            }
        }
    }

    /// Files whose pixels are known, by name.
    public let pictures: [String: Picture]
    /// Pairs of key and text by file name.
    public let texts: [String: [[String]]]

    /// Reads what must be read.
    public init() throws {
        self = try JSONDecoder().decode(PictureGoldens.self, from: Golden.data("images/expected.json"))
    }

    /// The bytes of a file.
    public static func bytes(_ name: String) throws -> [UInt8] { Array(try Golden.data("images/" + name)) }

    /// The names of the files with an ending whose pixels are known, in order.
    public func pictureNames(_ ending: String) -> [String] {
        pictures.keys.filter { $0.hasSuffix(ending) }.sorted()
    }

    /// What must be read from a file; throws for one whose pixels are not known.
    public func picture(_ name: String) throws -> Picture {
        guard let picture = pictures[name] else { throw Missing(name: name) }
        return picture
    }

    private struct Missing: Error {
        let name: String
    }
}
