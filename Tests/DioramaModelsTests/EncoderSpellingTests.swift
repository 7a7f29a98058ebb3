import DioramaJSON
import DioramaModels
import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Testing

/// Text encoders and an autoencoder in every precision of files, against transformers and diffusers with the weights that the bytes
/// stand for.
@Suite struct EncoderSpellingTests {
    @Test("agrees with the reference", arguments: try SpelledPart.all(), Device.available)
    func agrees(_ part: SpelledPart, on device: Device) throws {
        let (folder, url) = try part.file.write()
        defer { withExtendedLifetime(folder) {} }
        let source = try WeightsFile(url).open()
        let golden = try Fixture("spellings/\(part.name).safetensors", on: device)
        let isExact = !part.types.contains { $0.hasPrefix("I8") }
        for (precision, tolerance) in [
            (Precision.f32, isExact ? Tolerance.f32.model : Tolerance.bf16.model),
            (nil, Tolerance.bf16.model),
        ] {
            let result = try part.result(source, golden, precision, device)
            let error: Float = relativeError(result, golden[part.variant])
            figure(
                "\(part.testDescription) relative \(error), \(precision.map { "\($0)" } ?? "as stored")")
            #expect(error < tolerance)
        }
    }
}

/// A tiny encoder or autoencoder in one of the variants of `tools/golden/encoder_spellings.py`.
struct SpelledPart: CustomTestStringConvertible, Sendable {
    let name, variant: String
    let types: [String]
    private let isGGUF: Bool
    private let marks: String
    private let letters: [UInt8]

    static func all() throws -> [SpelledPart] {
        try ["qwen3", "t5", "vae"].flatMap { name in
            try metadata(name, "variants").keys.sorted().map { try SpelledPart(name, $0) }
        }
    }

    private static func metadata(_ name: String, _ key: String) throws -> JSON.Object {
        let text = try #require(Fixture("spellings/\(name).safetensors").metadata[key])
        return try #require(JSON(parsing: Array(text.utf8)).object)
    }

    private init(_ name: String, _ variant: String) throws {
        let about = try #require(Self.metadata(name, "variants")[variant]?.object)
        (self.name, self.variant) = (name, variant)
        isGGUF = about["container"]?.string == "gguf"
        marks = try #require(about["marks"]?.string)
        types = try #require(about["types"]?.array).compactMap(\.string)
        letters = Array(try #require(about["tensors"]?.string).utf8)
    }

    var testDescription: String { "\(name) \(variant)" }

    /// What the test writes.
    var file: SpeltFile {
        get throws {
            let rows = try #require(Self.metadata(name, "tensors")["diffusers"]?.array)
            try #require(rows.count == letters.count)
            let entries: [SpeltFile.Entry] = try zip(rows, letters).map { row, letter in
                let pair = try #require(row.array)
                return (
                    try #require(pair[0].string), try #require(pair[1].array).compactMap(\.integer),
                    types[Int(letter) - 97]
                )
            }
            return SpeltFile(isGGUF: isGGUF, prefix: "", marks: marks, entries: entries)
        }
    }

    /// What the part makes of the golden's input.
    func result(
        _ source: any TensorSource, _ golden: Fixture, _ precision: Precision?, _ device: Device
    ) throws -> Tensor {
        guard name != "vae" else {
            return try AutoencoderFile(source).load(on: device, precision: precision).autoencoder
                .decode(golden["latent"])
        }
        let ids = golden["ids"].floats().map { Int($0) }
        let found = try #require(FoundTextEncoder.all(in: source).first)
        let weights = Weights(source, on: device, names: found.names, precision: precision)
        guard name == "qwen3" else {
            return try T5EncoderModel(weights, T5Config(shapesOf: weights))([ids], on: device)
        }
        let model = try Qwen3Model(weights, Qwen3Config(shapesOf: weights))
        return try model.states([-2], of: [ids], lengths: [ids.count], on: device)[0]
    }
}
