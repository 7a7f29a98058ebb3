import DioramaJSON
import DioramaModels
import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Foundation
import Testing

/// A model of every family, of true size where one is known, in each spelling: keys and shapes alone, for a device that computes nothing.
struct EveryModel: Sendable, CustomTestStringConvertible {
    enum Role { case diffusion, encoder, autoencoder, tiny, vision }

    let name: String
    let role: Role
    let file: PlannedFile

    var testDescription: String { name }

    static func all() throws -> [EveryModel] {
        try diffusion(["diffusers", "original"]) + encoders() + autoencoders() + tiny() + visions()
    }

    private static let families = [
        "FLUX.1-dev", "FLUX.2-klein-4B", "Chroma1", "Z-Image", "PixArt-Sigma", "SD3-medium", "SD3.5-medium",
    ]

    /// Transformers of true size.
    static func diffusion(_ spellings: [String]) throws -> [EveryModel] {
        let bytes = try Data(contentsOf: Golden.url("families/true_sizes.json"))
        let models = try #require(JSON(parsing: Array(bytes)).object?["models"]?.object)
        return try families.flatMap { name in
            try spellings.map { spelling in
                let patterns = try #require(models[name]?.object?[spelling]?.object)
                return EveryModel(
                    name: "\(name), \(spelling)", role: .diffusion,
                    file: PlannedFile(try ShapesAlone(patterns, prefix: "")))
            }
        }
    }

    /// Text encoders of true size, by transformers' names and llama.cpp's.
    static func encoders() throws -> [EveryModel] {
        let names = ["CLIP-L", "CLIP-G", "T5-XXL", "UMT5-XXL", "Qwen3-4B"]
        return try PublishedEncoder.all().filter { names.contains($0.name) }.flatMap { encoder in
            [("transformers", encoder.shapes), ("GGUF", encoder.shapesInGGUF)].compactMap {
                spelling, shapes in
                shapes.map {
                    EveryModel(
                        name: "\(encoder.name), \(spelling)", role: .encoder,
                        file: PlannedFile(ShapesOnly($0)))
                }
            }
        }
    }

    /// Autoencoders of 4 channels, as Stable Diffusion's, of 16 and of FLUX.2's, narrower than the true ones.
    static func autoencoders() throws -> [EveryModel] {
        let bytes = try Data(contentsOf: Golden.url("families/tiny_models.json"))
        let files = try #require(JSON(parsing: Array(bytes)).object?["files"]?.object)
        func shapes(_ name: String) throws -> [String: Shape] {
            let file = try ShapesAlone(
                try #require(files["vae/\(name).safetensors"]?["tensors"]?.object), prefix: "")
            return Dictionary(uniqueKeysWithValues: file.keys.map { ($0, file.info($0)?.shape ?? []) })
        }
        let (of16, flux2) = (try shapes("ae"), try shapes("flux2-vae"))
        var of4 = of16
        for (key, axis, count) in [
            ("decoder.conv_in.weight", 1, 4), ("encoder.conv_out.weight", 0, 8),
            ("encoder.conv_out.bias", 0, 8),
        ] {
            var dims = try #require(of4[key]).dims
            dims[axis] = count
            of4[key] = Shape(dims)
        }
        for (name, count) in [("quant_conv", 8), ("post_quant_conv", 4)] {
            of4[name + ".weight"] = [count, count, 1, 1]
            of4[name + ".bias"] = [count]
        }
        return [("4 channels", of4), ("16 channels", of16), ("FLUX.2", flux2)].map {
            EveryModel(name: "autoencoder, \($0)", role: .autoencoder, file: PlannedFile(ShapesOnly($1)))
        }
    }

    /// Tiny autoencoders, as small as the goldens are.
    static func tiny() throws -> [EveryModel] {
        try ["vae-tiny", "vae-tiny-pooled"].map { name in
            EveryModel(
                name: name, role: .tiny,
                file: PlannedFile(try GoldenModel(name, on: .cpu()).renamed { $0 }))
        }
    }

    /// Vision models, as small as the goldens are.
    static func visions() throws -> [EveryModel] {
        try ["siglip", "clip"].map { name in
            let entries = try VisionGolden.entries(name)
            return EveryModel(
                name: "vision model, \(name)", role: .vision,
                file: PlannedFile(
                    ShapesOnly(
                        Dictionary(uniqueKeysWithValues: entries.map { ($0.name, Shape($0.shape)) }))))
        }
    }

    /// The tensor in the middle of those whose names differ in numbers alone, one for each such name.
    ///
    /// Those that occur once are left out, for most of them say how large the model is.
    var middleKeys: [String] {
        let groups = Dictionary(grouping: file.keys) { key in
            key.split(separator: ".").map { Int($0) == nil ? $0 : "*" }.joined(separator: ".")
        }
        func numbers(_ key: String) -> [Int] { key.split(separator: ".").compactMap { Int($0) } }
        return groups.values.filter { $0.count > 2 }.map { keys in
            keys.sorted { numbers($0).lexicographicallyPrecedes(numbers($1)) }[keys.count / 2]
        }.sorted()
    }

    /// What is wrong with a file for this model; nothing where it can be made.
    func problem(_ file: any TensorSource, on device: Device) -> String {
        do {
            switch role {
            case .diffusion: _ = try DiffusionFile(file).load(on: device)
            case .autoencoder: _ = try AutoencoderFile(file).load(on: device)
            case .vision: _ = try CLIPVisionFile(file).load(on: device)
            case .tiny: _ = try #require(TinyAutoencoderFile(file)).load(on: device)
            case .encoder:
                let contents = ModelFileContents(file)
                return contents.parts.isEmpty
                    ? FileGuessed(file).text : contents.unused(on: device).problems.joined(separator: "\n")
            }
            return ""
        } catch {
            return error is WeightsError ? "\(error)" : "not a WeightsError: \(error)"
        }
    }

    /// What a file without any known model is told to be.
    private struct FileGuessed {
        let text: String
        init(_ file: any TensorSource) {
            do { text = "\(try DiffusionFile(file).family)" } catch { text = "\(error)" }
        }
    }
}

/// Keys and shapes of which a device that computes nothing can have the tensors, with some shapes replaced, added or taken away.
struct PlannedFile: TensorSource {
    let place = "planned.safetensors"
    private(set) var keys: [String]
    private var shapes: [String: Shape]

    /// The keys and shapes of another source.
    init(_ other: any TensorSource) {
        keys = other.keys
        shapes = Dictionary(uniqueKeysWithValues: other.keys.map { ($0, other.info($0)?.shape ?? []) })
    }

    /// The file with other shapes of some tensors; nil for those that are taken away.
    func changing(_ changes: [String: Shape?]) -> PlannedFile {
        var copy = self
        for (key, shape) in changes.sorted(by: { $0.key < $1.key }) {
            if shapes[key] == nil { copy.keys.append(key) }
            copy.shapes[key] = shape
        }
        copy.keys.removeAll { copy.shapes[$0] == nil }
        return copy
    }

    func info(_ key: String) -> TensorInfo? {
        shapes[key].map { shape in
            let size = shape.dims.reduce(2) { $0.multipliedReportingOverflow(by: $1).partialValue }
            return TensorInfo(name: key, type: .bf16, shape: shape, byteCount: size)
        }
    }

    func tensor(_ key: String, on device: Device) throws -> Tensor {
        guard let shape = shapes[key] else { throw WeightsError(place, "has no tensor \(key)") }
        // As a file's header would not let it pass.
        guard info(key)?.byteCount ?? 0 < 1 << 40, shape.dims.allSatisfy({ $0 < 1 << 40 }) else {
            throw WeightsError(place, "\(key) is larger than the file")
        }
        return .zeros(shape, dtype: .bf16, on: device)
    }

    func bytes(_ key: String, on device: Device) throws -> Tensor {
        throw WeightsError(place, "has no tensor of bytes")
    }
}

extension EveryModel {
    /// A tensor for each kind that occurs once, and the first of each that occurs more often: among them are all that tell sizes.
    var firstKeys: [String] {
        Dictionary(grouping: file.keys) { key in
            key.split(separator: ".").map { Int($0) == nil ? $0 : "*" }.joined(separator: ".")
        }.values.compactMap { keys in keys.min { $0.count == $1.count ? $0 < $1 : $0.count < $1.count } }
            .sorted()
    }

    /// All tensors of a block in the middle but those that say that it has a part which others have not.
    var middleBlock: [String] {
        get throws {
            let block: String
            switch role {
            // A whole level would say how wide it is.
            case .autoencoder: block = "decoder.up.1.block.1."
            case .tiny: block = "decoder.layers.8."
            case .diffusion, .encoder, .vision:
                let steps = try #require(middleKeys.first).split(separator: ".")
                let number = try #require(steps.firstIndex { Int($0) != nil })
                block = steps[...number].joined(separator: ".") + "."
            }
            let keys = file.keys.filter {
                $0.hasPrefix(block) && !$0.contains(".attn2.") && !$0.contains(".pool.")
            }
            try #require(keys.count > 3)
            return keys
        }
    }
}
