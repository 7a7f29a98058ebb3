public import DioramaTensor
public import DioramaWeights

/// A file, or two, with a tiny autoencoder (``AutoencoderTiny``).
///
/// Known are diffusers' spelling (`decoder.layers.0`), ComfyUI's of one file (`taesd_decoder.1`) and the original one, where decoder and
/// encoder are files of their own (`1.weight`). The originals count a step before the decoder's first layer.
public struct TinyAutoencoderFile: Sendable {
    private enum Spelling { case diffusers, comfy, original }

    /// The family by what files are called, the longer names first.
    private static let formats: [(name: String, format: LatentFormat)] = [
        ("taesdxl", LatentFormat(scale: 0.13025, shift: 0)),
        ("taesd3", .stableDiffusion3), ("taef1", .flux),
        ("taef2", LatentFormat(scale: 1, shift: 0)), ("taesd", LatentFormat(scale: 0.18215, shift: 0)),
    ]

    /// What ComfyUI calls them.
    public static let names = ["taesd", "taesdxl", "taesd3", "taef1", "taef2"]

    private let decoder: any TensorSource
    private let encoder: (any TensorSource)?
    private let spelling: Spelling

    /// Finds a tiny autoencoder in a file; nil where it has none.
    public init?(_ source: any TensorSource) {
        let keys = Set(source.keys)
        if keys.contains("decoder.layers.0.weight"), keys.contains("decoder.layers.2.conv.0.weight") {
            spelling = .diffusers
        } else if keys.contains("taesd_decoder.1.weight") {
            spelling = .comfy
        } else if keys.contains("1.weight"), keys.contains("3.conv.0.weight") {
            spelling = .original
        } else {
            return nil
        }
        decoder = source
        encoder = spelling == .original ? nil : source
    }

    /// Takes a decoder, and the encoder that is a file of its own.
    ///
    /// - Throws: `WeightsError` for files that are something else.
    public init(decoder: any TensorSource, encoder: (any TensorSource)?) throws {
        guard let file = Self(decoder), file.spelling == .original else {
            throw WeightsError(
                decoder.place,
                "holds no decoder of a tiny autoencoder (1.weight, 3.conv.0.weight)\(FileGuess.sentence(decoder))"
            )
        }
        if let encoder, encoder.info("0.weight") == nil || encoder.info("1.conv.0.weight") == nil {
            throw WeightsError(
                encoder.place,
                "holds no encoder of a tiny autoencoder (0.weight, 1.conv.0.weight)\(FileGuess.sentence(encoder))"
            )
        }
        (self.decoder, self.encoder, spelling) = (decoder, encoder, .original)
    }

    /// Makes the autoencoder, its weights used in place.
    ///
    /// - Parameters:
    ///   - device: where it will run.
    ///   - precision: what layers round the terms of their products to; nil for what the weights are stored as.
    ///   - name: whose it is, one of ``names``; nil for what the file itself (`vae_scale`, `vae_shift`) or its path says.
    /// - Returns: the autoencoder, and what a person should know about the loading.
    /// - Throws: `WeightsError` where a tensor is missing or of another shape.
    public func load(
        on device: Device, precision: Precision? = nil, named name: String? = nil
    ) throws -> (autoencoder: AutoencoderTiny, notes: [String]) {
        func weights(_ source: any TensorSource) -> Weights {
            Weights(source, on: device, names: names, precision: precision?.real)
        }
        var notes: [String] = []
        let format = try format(named: name, &notes)
        let file = weights(decoder)
        let made = try file.build { own in
            // Only the originals have the encoder in a file of its own.
            let beside = spelling == .original ? encoder.map(weights) : own
            return try AutoencoderTiny(
                encoder: beside?["encoder.layers"], decoder: own["decoder.layers"], format)
        }
        let unused = file.unusedKeys.filter { !["vae_scale", "vae_shift"].contains($0) }
        if let first = unused.first {
            notes.append(
                "\(unused.count) tensor\(unused.count == 1 ? " is" : "s are") not used, such as \(first)")
        }
        return (made, notes)
    }

    /// Channels of its latents; nil where the file does not tell.
    public var latentChannels: Int? {
        let key =
            switch spelling {
            case .diffusers: "decoder.layers.0.weight"
            case .comfy: "taesd_decoder.1.weight"
            case .original: "1.weight"
            }
        guard let shape = decoder.info(key)?.shape, shape.rank == 4 else { return nil }
        // FLUX.2's are packed: squares of four cells are one.
        let isPacked = shape[1] == 32 && decoder.keys.contains { $0.contains(".pool.") }
        return isPacked ? 128 : shape[1]
    }

    private var names: TensorNames {
        let (decoder, encoder) = spelling == .comfy ? ("taesd_decoder.", "taesd_encoder.") : ("", "")
        guard spelling != .diffusers else { return .own }
        return TensorNames { name in
            let steps = name.split(separator: ".", maxSplits: 3)
            guard steps.count >= 3, steps[1] == "layers", let index = Int(steps[2]) else { return [] }
            let rest = steps.count == 4 ? "." + steps[3] : ""
            return [
                steps[0] == "decoder"
                    ? ("\(decoder)\(index + 1)\(rest)", nil) : ("\(encoder)\(index)\(rest)", nil)
            ]
        }
    }

    /// How latents are scaled: as the caller, the file or its path says; not at all where none does.
    private func format(named name: String?, _ notes: inout [String]) throws -> LatentFormat {
        if let name, let known = Self.formats.first(where: { $0.name == name }) { return known.format }
        if let scale = try number("vae_scale") {
            guard scale.isFinite, scale != 0 else {
                throw WeightsError(decoder.place, "vae_scale is \(scale); expected a number that is not 0")
            }
            return LatentFormat(scale: scale, shift: try number("vae_shift") ?? 0)
        }
        let steps = decoder.place.split(separator: "/").suffix(2).reversed().map { $0.lowercased() }
        for step in steps {
            if let known = Self.formats.first(where: { step.contains($0.name) }) { return known.format }
        }
        notes.append(
            "nothing says whose latents this tiny autoencoder takes, so they are not scaled; name the file or its folder after "
                + Self.names.joined(separator: ", "))
        return LatentFormat(scale: 1, shift: 0)
    }

    private func number(_ key: String) throws -> Float? {
        guard let info = decoder.info(key) else { return nil }
        guard info.shape.count == 1, info.type.readAs?.isFloat == true else {
            throw WeightsError(
                decoder.place, "\(key) is \(info.type.rawValue) \(info.shape), expected one float")
        }
        return try decoder.tensor(key, on: .reference()).floats()[0]
    }
}
