import DioramaJSON
package import DioramaTensor

/// A tiny model of a family in one of the variants of `tools/golden/spellings.py`.
package struct SpelledModel: Sendable {
    /// The families' goldens.
    package static let families = [
        "flux": "FLUX.1", "flux2": "FLUX.2", "chroma": "Chroma", "z-image": "Z-Image",
        "pixart": "PixArt-Sigma", "sd3": "Stable Diffusion 3",
    ]

    /// The golden, the variant in it, and the family's name.
    package let name, variant, family: String
    /// The types of its tensors.
    package let types: [String]
    private let spelling: String
    private let isGGUF: Bool
    private let prefix, marks: String
    private let letters: [UInt8]

    /// Every variant of every family.
    package static func all() throws -> [SpelledModel] {
        try families.keys.sorted().flatMap { [$0, "\($0)-wide"] }.flatMap { name in
            try variants(of: name).keys.sorted().map { try SpelledModel(name, $0) }
        }
    }

    private static func metadata(_ name: String, _ key: String) throws -> JSON.Object {
        let text = try required(Fixture("spellings/\(name).safetensors").metadata[key])
        return try required(JSON(parsing: Array(text.utf8)).object)
    }

    private static func variants(of name: String) throws -> JSON.Object { try metadata(name, "variants") }

    /// A variant of a golden.
    package init(_ name: String, _ variant: String) throws {
        let about = try required(Self.variants(of: name)[variant]?.object)
        self.name = name
        self.variant = variant
        family = try required(Self.families[name.replacing("-wide", with: "")])
        spelling = try required(about["spelling"]?.string)
        isGGUF = about["container"]?.string == "gguf"
        prefix = try required(about["prefix"]?.string)
        marks = try required(about["marks"]?.string)
        types = try required(about["types"]?.array).compactMap(\.string)
        letters = Array(try required(about["tensors"]?.string).utf8)
    }

    /// Names it in the lists of tests.
    package var testDescription: String { "\(name) \(variant)" }

    /// What the test writes.
    package var file: SpeltFile {
        get throws {
            let rows = try required(Self.metadata(name, "tensors")[spelling]?.array)
            guard rows.count == letters.count else { throw MissingInGolden(place: "\(name) \(variant)") }
            let entries: [SpeltFile.Entry] = try zip(rows, letters).map { row, letter in
                let pair = try required(row.array)
                return (
                    prefix + (try required(pair[0].string)),
                    try required(pair[1].array).compactMap(\.integer), types[Int(letter) - 97]
                )
            }
            return SpeltFile(isGGUF: isGGUF, prefix: prefix, marks: marks, entries: entries)
        }
    }

    /// What diffusers gives.
    package func golden(on device: Device) throws -> Fixture {
        try Fixture("spellings/\(name).safetensors", on: device)
    }
}
