import DioramaJSON
public import DioramaTensor
public import DioramaWeights

/// A file with an autoencoder, alone or among other models.
public struct AutoencoderFile: Sendable {
    let shapes: FileShapes

    /// What stands before the keys of autoencoders in files.
    private static let prefixes = ["", "first_stage_model.", "vae."]

    /// Finds the autoencoder in a file.
    ///
    /// - Parameter source: the file.
    /// - Throws: `WeightsError` that says what the file is, where it is known to be something else.
    public init(_ source: any TensorSource) throws {
        if let shapes = Self.find(in: source) {
            self.shapes = shapes
            return
        }
        throw WeightsError(
            source.place,
            "holds no autoencoder known here\(FileGuess.sentence(source)); known are the KL autoencoders of Stable Diffusion, FLUX.1 "
                + "and FLUX.2")
    }

    private static func find(in source: any TensorSource) -> FileShapes? {
        prefixes.lazy.map { FileShapes(source, prefix: $0) }.first {
            $0.contains("decoder.conv_in.weight")
                && ($0.hasFolder("decoder.mid.block_1.") || $0.hasFolder("decoder.mid_block.resnets."))
        }
    }

    /// Whether a file has an autoencoder whose shapes fit together.
    static func hasConfig(_ source: any TensorSource) -> Bool {
        (try? find(in: source)?.autoencoderConfig()) != nil
    }

    /// The autoencoder's configuration, read off the shapes; throws `WeightsError` where they do not fit together.
    public var config: AutoencoderKLConfig {
        get throws { try AutoencoderKLConfig(shapes.autoencoderConfig()) }
    }

    /// Makes the autoencoder, its weights used in place.
    ///
    /// - Parameters:
    ///   - device: where it will run.
    ///   - precision: what layers round the terms of their products to; nil for what the weights are stored as.
    /// - Returns: the autoencoder, and what a person should know about the loading.
    /// - Throws: `WeightsError` where a tensor is missing or of another shape.
    public func load(
        on device: Device, precision: Precision? = nil
    ) throws -> (autoencoder: AutoencoderKL, notes: [String]) {
        let (made, weights) = try make(on: device, precision: precision)
        // Checkpoints of Stable Diffusion have averages of training and a loss beside the autoencoder.
        let unused = weights.unusedKeys.filter {
            $0.hasPrefix(shapes.prefix + "encoder.") || $0.hasPrefix(shapes.prefix + "decoder.")
        }
        let note = unused.first.map {
            "\(unused.count) tensor\(unused.count == 1 ? " is" : "s are") not used, such as \($0)"
        }
        return (made, note.map { [$0] } ?? [])
    }

    /// The autoencoder, and the weights it has taken.
    func make(on device: Device, precision: Precision? = nil) throws -> (AutoencoderKL, Weights) {
        let config = try config
        let weights = Weights(
            shapes.source, on: device, names: AutoencoderKL.names(config, prefix: shapes.prefix),
            precision: precision?.real)
        return (try weights.build { try AutoencoderKL($0, config) }, weights)
    }
}

extension FileShapes {
    /// The configuration of a KL autoencoder, read off its shapes; groups of norms are 32 in all published files.
    fileprivate func autoencoderConfig() throws -> ModelConfig {
        let isOriginal = hasFolder("decoder.mid.block_1.")
        let levels = isOriginal ? blocks("decoder.up") : blocks("decoder.up_blocks")
        let latent = try shape("decoder.conv_in.weight", rank: 4)[1]
        let encoder = try (0..<levels).map { level in
            try width(of: "encoder.down.\(level).block.0", "encoder.down_blocks.\(level).resnets.0")
        }
        let decoder = try (0..<levels).map { level in
            try width(
                of: "decoder.up.\(level).block.0", "decoder.up_blocks.\(levels - 1 - level).resnets.0")
        }
        let layers = isOriginal ? blocks("encoder.down.0.block") : blocks("encoder.down_blocks.0.resnets")
        let isPacked = hasFolder("bn.")
        return try config(
            [
                ("in_channels", .integer(try shape("encoder.conv_in.weight", rank: 4)[1])),
                ("out_channels", .integer(try shape("decoder.conv_out.weight", rank: 4)[0])),
                ("latent_channels", .integer(latent)), ("block_out_channels", .integers(encoder)),
                ("decoder_block_out_channels", .integers(decoder)), ("layers_per_block", .integer(layers)),
                ("norm_num_groups", .integer(32)), ("use_quant_conv", .bool(hasFolder("quant_conv."))),
                ("use_post_quant_conv", .bool(hasFolder("post_quant_conv."))),
                (
                    "mid_block_add_attention",
                    .bool(hasFolder("decoder.mid.attn_1.") || hasFolder("decoder.mid_block.attentions."))
                ),
                // What a diffusion model's latents are scaled by is known from its family.
                ("scaling_factor", .integer(1)), ("shift_factor", .integer(0)),
            ] + (isPacked ? [("patch_size", .integers([2, 2]))] : []))
    }
    /// How many channels a residual block gives, as most of its tensors have it, so that a wrong one is told as such.
    private func width(of blocks: String...) throws -> Int {
        let votes = blocks.lazy.map { block in
            ["conv1", "conv2", "norm2"].compactMap {
                source.info("\(prefix)\(block).\($0).weight")?.shape.dims.first
            }
        }.first { !$0.isEmpty }
        guard let votes else {
            let names = blocks.map { "\(prefix)\($0).conv1.weight" }.joined(separator: " or ")
            throw WeightsError(source.place, "has no tensor \(names)")
        }
        return votes.first { vote in votes.count { $0 == vote } > 1 } ?? votes[0]
    }
}
