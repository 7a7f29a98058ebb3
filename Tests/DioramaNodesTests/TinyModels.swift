import DioramaJSON
import DioramaTestSupport
import FoundationEssentials
import Testing

/// A models folder with the files that ComfyUI's templates ask for, of tiny models with random weights.
///
/// Names, shapes and storage are those of `tools/golden/tiny_models.py`; tokenizers are the small trained ones of the goldens.
struct TinyModels {
    let folder: TemporaryFolder

    /// How the matrices of a file are stored; all else is bf16, or f32 in files of f32.
    enum Storage: String {
        case f32, f16, bf16, fp8
        case scaledFP8 = "scaled_fp8"
        case comfyFP8 = "comfy_fp8"
        case int8Convrot = "int8_convrot"
    }

    /// Writes the files whose names are wanted, and all tokenizers.
    init(where isWanted: (String) -> Bool = { _ in true }) throws {
        folder = try TemporaryFolder()
        let bytes = try Data(contentsOf: Golden.url("families/tiny_models.json"))
        let files = try #require(JSON(parsing: Array(bytes)).object?["files"]?.object)
        for name in files.keys where isWanted(name) {
            let file = try #require(files[name]?.object)
            let storage = try #require(Storage(rawValue: file["stored"]?.string ?? ""))
            let shapes = try Self.unfolded(try #require(file["tensors"]?.object))
            try folder.write(Self.bytes(of: shapes, storage), to: name)
        }
        for (kind, golden, name) in [
            ("clip", "clip-l/vocab.json", "vocab.json"), ("clip", "clip-l/merges.txt", "merges.txt"),
            ("t5", "qwen-t5/t5.json", "tokenizer.json"), ("qwen3", "qwen-t5/qwen.json", "tokenizer.json"),
        ] {
            let bytes = Array(try Data(contentsOf: Golden.url("tokenizers/\(golden)")))
            try folder.write(bytes, to: "tokenizers/\(kind)/\(name)")
        }
    }

    /// Keys and shapes, of patterns in which `*` stands for numbers.
    private static func unfolded(_ patterns: JSON.Object) throws -> [(key: String, shape: [Int])] {
        var shapes: [(key: String, shape: [Int])] = []
        for pattern in patterns.keys {
            for entry in try #require(patterns[pattern]?.array) {
                let pair = try #require(entry.array)
                let shape = try #require(pair[0].array).compactMap(\.integer)
                let numbers = try #require(pair[1].array)
                let ends = numbers.compactMap(\.integer)
                let all = numbers.first?.array?.compactMap(\.integer) ?? Array(ends[0]...ends[1])
                shapes += all.map { (pattern.replacing("*", with: "\($0)"), shape) }
            }
        }
        return shapes
    }

    /// A safetensors file with random weights.
    private static func bytes(of shapes: [(key: String, shape: [Int])], _ storage: Storage) -> [UInt8] {
        var file = SafetensorsText()
        for (key, shape) in shapes.sorted(by: { $0.key < $1.key }) {
            var numbers = QuickNumbers(seed: key)
            let inputs = shape.dropFirst().reduce(1, *)
            let isLayer = key.contains("block") || key.contains("layers.") || key.contains("refiner")
            let isMatrix =
                shape.count == 2 && isLayer && key.hasSuffix(".weight") && inputs.isMultiple(of: 16)
            let layer = key.dropLast(".weight".count)
            if isMatrix, storage == .int8Convrot {
                let group = [256, 64, 16].first { inputs.isMultiple(of: $0) } ?? 16
                let text =
                    "{\"format\": \"int8_tensorwise\", \"convrot\": true, \"convrot_groupsize\": \(group)}"
                file.add(
                    key, "I8", shape,
                    (0..<shape[0] * inputs).map { _ in UInt8(truncatingIfNeeded: numbers.next()) })
                file.add(
                    key + "_scale", "F32", [shape[0], 1],
                    Self.floats(Array(repeating: 1 / (74 * Float(inputs).squareRoot()), count: shape[0])))
                file.add(layer + ".comfy_quant", "U8", [text.utf8.count], Array(text.utf8))
            } else if isMatrix, [.fp8, .scaledFP8, .comfyFP8].contains(storage) {
                // Signs, exponents of 2^-5 ... 2^-2 without a scale, and of 2^-2 ... 2 with one.
                let isBare = storage == .fp8
                file.add(
                    key, "F8_E4M3", shape,
                    (0..<shape[0] * inputs).map { _ in
                        let bits = numbers.next()
                        let exponent = UInt8(bits >> 8 & 3) + (isBare ? 2 : 5)
                        return UInt8(bits & 0x80) | exponent << 3 | UInt8(bits & 7)
                    })
                let scale = Self.floats([0.7 / Float(inputs).squareRoot()])
                if storage == .scaledFP8 { file.add(layer + ".scale_weight", "F32", [], scale) }
                if storage == .comfyFP8 {
                    let text = "{\"format\": \"float8_e4m3fn\"}"
                    file.add(key + "_scale", "F32", [], scale)
                    file.add(layer + ".comfy_quant", "U8", [text.utf8.count], Array(text.utf8))
                }
            } else {
                let isNorm = shape.count == 1 && key.contains("norm") && !key.hasSuffix("bias")
                let center: Float = isNorm || key.hasSuffix("running_var") ? 1 : 0
                let reach: Float = shape.count > 1 ? (3 / Float(max(inputs, 1))).squareRoot() : 0.1
                let values = (0..<shape.reduce(1, *)).map { _ in center + reach * numbers.signed() }
                switch storage {
                case .f32: file.add(key, "F32", shape, Self.floats(values))
                case .f16: file.add(key, "F16", shape, Self.halves(values.map { Float16($0).bitPattern }))
                default:
                    file.add(
                        key, "BF16", shape,
                        Self.halves(values.map { UInt16(truncatingIfNeeded: $0.bitPattern >> 16) }))
                }
            }
        }
        if storage == .scaledFP8 { file.add("scaled_fp8", "F8_E4M3", [0], []) }
        return file.bytes
    }

    private static func floats(_ values: [Float]) -> [UInt8] { values.withUnsafeBytes { Array($0) } }
    private static func halves(_ values: [UInt16]) -> [UInt8] { values.withUnsafeBytes { Array($0) } }
}

/// Adapters for two of the tiny models.
enum TinyLora {
    /// For Z-Image's attention, whose queries, keys and values are one layer in files.
    static let zImage = of("diffusion_model.layers.0.attention.qkv", inputs: 64, outputs: 192)
    /// For FLUX.1's, as diffusers names it.
    static let flux = of("transformer.transformer_blocks.0.attn.to_q", inputs: 64, outputs: 64)

    /// As Black Forest Labs' for Canny and Depth, which make FLUX.1 take a picture beside its latent.
    static let fluxControl = bytes([
        ("img_in.lora_A.weight", [4, 128]), ("img_in.lora_B.weight", [64, 4]), ("img_in.lora_B.bias", [64]),
        ("single_blocks.0.norm.key_norm.scale", [32]),
    ])

    /// For one layer.
    static func of(_ layer: String, inputs: Int, outputs: Int) -> [UInt8] {
        bytes([("\(layer).lora_A.weight", [4, inputs]), ("\(layer).lora_B.weight", [outputs, 4])])
    }

    private static func bytes(_ shapes: [(key: String, shape: [Int])]) -> [UInt8] {
        var file = SafetensorsText()
        for (key, shape) in shapes {
            var numbers = QuickNumbers(seed: key)
            let values = (0..<shape.reduce(1, *)).map { _ in 0.1 * numbers.signed() }
            file.add(key, "F32", shape, values.withUnsafeBytes { Array($0) })
        }
        return file.bytes
    }
}

/// A safetensors file in the making.
struct SafetensorsText {
    private var header: JSON.Object = [:]
    private var data: [UInt8] = []

    mutating func add(_ key: some StringProtocol, _ type: String, _ shape: [Int], _ bytes: [UInt8]) {
        header[String(key)] = [
            "dtype": .string(type), "shape": .array(shape.map { .integer($0) }),
            "data_offsets": [.integer(data.count), .integer(data.count + bytes.count)],
        ]
        data += bytes
    }

    /// Adds the tensors of another file, their names after a prefix.
    mutating func add(_ file: [UInt8], prefix: String) throws {
        let length = file.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
        let (text, data) = (Array(file[8..<8 + length]), Array(file[(8 + length)...]))
        let entries = try #require(JSON(parsing: text).object)
        for key in entries.keys where key != "__metadata__" {
            let entry = try #require(entries[key])
            let ends = try #require(entry["data_offsets"]?.array).compactMap(\.integer)
            add(
                prefix + key, try #require(entry["dtype"]?.string),
                try #require(entry["shape"]?.array).compactMap(\.integer), Array(data[ends[0]..<ends[1]]))
        }
    }

    var bytes: [UInt8] {
        var text = Array(JSON.object(header).text().utf8)
        text += Array(repeating: 0x20, count: (8 - text.count % 8) % 8)
        return (0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) } + text + data
    }
}

/// Numbers that depend on a name alone.
private struct QuickNumbers {
    private var state: UInt64

    init(seed: String) { state = fnv1a(seed.utf8) | 1 }

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state >> 33
    }

    /// Even in -1...1.
    mutating func signed() -> Float { Float(next() & 0xFFFFFF) / Float(1 << 23) - 1 }
}
