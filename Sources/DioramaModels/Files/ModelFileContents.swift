public import DioramaJSON
public import DioramaTensor
public import DioramaWeights

/// The models in a weights file, known by keys and shapes: one in most files, several in all-in-one checkpoints.
///
/// No tensor is read but with ``unused(on:)``.
public struct ModelFileContents: Sendable {
    /// What a model of a file is for.
    public enum Role: String, Sendable, Hashable, CaseIterable {
        case diffusionModel = "diffusion model"
        case textEncoder = "text encoder"
        case autoencoder = "autoencoder"
        case upscaleModel = "upscale model"
        case controlNet = "ControlNet"
        case visionModel = "vision model"
        case styleModel = "style model"
    }

    /// One model of a file.
    public struct Part: Sendable {
        /// What it is for.
        public let role: Role
        /// The family or kind: `FLUX.1`, `T5-XXL`, `AutoencoderKL`.
        public let name: String
        /// What stands before its keys, with its dot; empty in files of one model.
        public let prefix: String
        /// Its main sizes as diffusers or transformers call them, read off the shapes; empty where ``problem`` says why.
        public let config: JSON.Object
        /// Why it cannot be used here; nil where nothing is known against it.
        public let problem: String?
        /// What it needs that the file does not have.
        public let needs: [ModelNeed]
        /// Makes the model and gives the weights it has taken.
        let load: @Sendable (Device) throws -> Weights
    }

    /// Keys that no model of the file uses.
    public struct Unused: Sendable {
        /// The keys, in the order of the file.
        public let keys: [String]
        /// Sentences on the parts that could not be made; their keys count as unused.
        public let problems: [String]
    }

    /// The models: the diffusion model first, then text encoders in the order of the file, the autoencoder and others.
    public let parts: [Part]
    /// What the file seems to be, where it holds no model that is known here: `an adapter (LoRA): …`; nil for no idea.
    public let guess: String?
    private let source: any TensorSource

    /// Looks at the keys and shapes of a file.
    public init(_ source: any TensorSource) {
        self.source = source
        let diffusion = try? DiffusionFile(source)
        let encoders = FoundTextEncoder.all(in: source)
        let autoencoder = try? AutoencoderFile(source)
        let controlNet = try? ControlNetFile(source)
        let patch = try? ModelPatchFile(source)
        let held = Held(encoders: Set(encoders.map(\.kind)), hasAutoencoder: autoencoder != nil)
        parts =
            [diffusion.map { Part($0, held) }].compactMap { $0 } + encoders.map { Part($0, source) }
            + [
                autoencoder.map { Part($0) }, UpscaleModelFile(recognised: source).map { Part($0) },
                controlNet.map { Part($0) }, patch.map { Part($0) },
                CLIPVisionFile(recognised: source).map { Part($0) },
                StyleModelFile(recognised: source).map { Part($0) },
            ].compactMap { $0 }
        guess = parts.isEmpty ? FileGuess.name(source) : nil
    }

    /// The keys that no part uses, found by making each part over the mapped file, one after another.
    ///
    /// Tensors of types that are not used in place are converted meanwhile, those of one part at a time.
    public func unused(on device: Device) -> Unused {
        var used: Set<String> = []
        var problems: [String] = []
        for part in parts {
            do {
                let left = Set(try part.load(device).unusedKeys)
                used.formUnion(source.keys.filter { $0.hasPrefix(part.prefix) && !left.contains($0) })
                used.formUnion(source.keys.filter { Self.isMark($0, of: part) })
            } catch {
                problems.append("the \(part.role.rawValue) \(part.name) cannot be made: \(error)")
            }
        }
        return Unused(keys: source.keys.filter { !used.contains($0) }, problems: problems)
    }

    /// Whether a key is the mark of 8-bit floats that stands for a part, or for all parts of the file.
    private static func isMark(_ key: String, of part: Part) -> Bool {
        let mark = "scaled_fp8"
        return key.hasSuffix(mark) && part.prefix.hasPrefix(key.dropLast(mark.count))
    }

    /// What a checkpoint has besides its diffusion model.
    struct Held {
        let encoders: Set<TextEncoderKind>
        let hasAutoencoder: Bool
    }
}

extension ModelFileContents.Part {
    /// The settings of diffusers' configurations that are shown; others are the same in all published files.
    private static let shown: Set = [
        "in_channels", "out_channels", "patch_size", "num_layers", "num_single_layers", "n_layers",
        "n_refiner_layers", "num_attention_heads", "n_heads", "attention_head_dim", "dim",
        "joint_attention_dim",
        "pooled_projection_dim", "cap_feat_dim", "caption_channels", "guidance_embeds",
        "dual_attention_layers",
        "qk_norm", "extra_conditioning_channels",
    ]

    /// What is wrong, without the name of the file.
    static func text(_ error: any Error) -> String { (error as? WeightsError)?.problem ?? "\(error)" }

    fileprivate init(_ file: DiffusionFile, _ held: ModelFileContents.Held) {
        (role, name, prefix) = (.diffusionModel, file.family, file.shapes.prefix)
        load = { try file.make(on: $0).1 }
        do {
            let members = try file.config.members
            config = JSON.Object(members.filter { Self.shown.contains($0.key) }.map { ($0.key, $0.value) })
            problem = nil
            needs = ModelNeed.all(ofFamily: file.family, config: members).filter { !$0.isMet(by: held) }
        } catch {
            (config, problem, needs) = (JSON.Object(), Self.text(error), [])
        }
    }

    fileprivate init(_ found: FoundTextEncoder, _ source: any TensorSource) {
        (role, name, prefix) = (.textEncoder, "\(found.kind)", found.prefix)
        let weights: @Sendable (Device) -> Weights = { Weights(source, on: $0, names: found.names) }
        do {
            let probe = weights(.reference())
            switch found.kind {
            case .clipL, .clipG, .clipH:
                config = try CLIPTextConfig(shapesOf: probe).shown
                load = { device in
                    let weights = weights(device)
                    _ = try weights.build { try CLIPTextModel($0, CLIPTextConfig(shapesOf: $0)) }
                    return weights
                }
            case .t5, .umt5:
                config = try T5Config(shapesOf: probe).shown
                load = { device in
                    let weights = weights(device)
                    _ = try weights.build { try T5EncoderModel($0, T5Config(shapesOf: $0)) }
                    return weights
                }
            case .qwen3:
                config = try Qwen3Config(shapesOf: probe).shown
                load = { device in
                    let weights = weights(device)
                    _ = try weights.build { try Qwen3Model($0, Qwen3Config(shapesOf: $0)) }
                    return weights
                }
            case .unknown(let name):
                throw WeightsError(source.place, "\(name), is not supported as a text encoder")
            }
            problem = nil
            needs =
                TokenizerPlaces.isCarried(by: source)
                ? [] : [.tokenizer(of: found.kind, besides: source.place)].compactMap { $0 }
        } catch {
            (config, problem, needs) = (JSON.Object(), Self.text(error), [])
            load = { _ in throw error }
        }
    }

    fileprivate init(_ file: UpscaleModelFile) {
        (role, name, prefix, needs) = (.upscaleModel, file.name, file.prefix, [])
        load = { try file.make(on: $0).1 }
        do {
            config = try file.sizes
            problem = nil
        } catch {
            (config, problem) = (JSON.Object(), Self.text(error))
        }
    }

    fileprivate init(_ file: ControlNetFile) {
        (role, name, prefix) = (.controlNet, ControlNetFile.family, "")
        load = { try file.make(on: $0).1 }
        do {
            let found = try file.config
            let members = try file.shapes.sd3ControlNetConfig().members
            config = JSON.Object(members.filter { Self.shown.contains($0.key) }.map { ($0.key, $0.value) })
            problem = nil
            needs = [.model(ofFamily: ControlNetFile.family, width: found.width)]
        } catch {
            (config, problem, needs) = (JSON.Object(), Self.text(error), [])
        }
    }

    fileprivate init(_ file: ModelPatchFile) {
        (role, name, prefix) = (.controlNet, ModelPatchFile.family, "")
        load = { try file.make(on: $0).1 }
        do {
            let found = try file.config
            let members = try file.shapes.zImageControlNetConfig().members
            config = JSON.Object(members.filter { Self.shown.contains($0.key) }.map { ($0.key, $0.value) })
            problem = nil
            needs = [.model(ofFamily: ModelPatchFile.family, width: found.width)]
        } catch {
            (config, problem, needs) = (JSON.Object(), Self.text(error), [])
        }
    }

    fileprivate init(_ file: AutoencoderFile) {
        (role, name, prefix, needs) = (.autoencoder, "AutoencoderKL", file.shapes.prefix, [])
        load = { try file.make(on: $0).1 }
        do {
            config = try file.config.shown
            problem = nil
        } catch {
            (config, problem) = (JSON.Object(), Self.text(error))
        }
    }
}

extension CLIPTextConfig {
    fileprivate var shown: JSON.Object {
        var sizes: JSON.Object = [
            "hidden_size": .integer(width), "num_hidden_layers": .integer(layers),
            "num_attention_heads": .integer(heads), "vocab_size": .integer(vocabulary),
        ]
        sizes["projection_dim"] = projection.map { .integer($0) }
        return sizes
    }
}

extension T5Config {
    fileprivate var shown: JSON.Object {
        [
            "d_model": .integer(width), "num_layers": .integer(layers), "num_heads": .integer(heads),
            "d_ff": .integer(innerWidth), "vocab_size": .integer(vocabulary),
        ]
    }
}

extension Qwen3Config {
    fileprivate var shown: JSON.Object {
        [
            "hidden_size": .integer(width), "num_hidden_layers": .integer(layers),
            "num_attention_heads": .integer(heads), "num_key_value_heads": .integer(keyHeads),
            "vocab_size": .integer(vocabulary),
        ]
    }
}

extension AutoencoderKLConfig {
    fileprivate var shown: JSON.Object {
        [
            "latent_channels": .integer(latentChannels), "factor": .integer(factor),
            "block_out_channels": .integers(channels),
            "decoder_block_out_channels": .integers(decoderChannels),
            "layers_per_block": .integer(layersPerLevel),
        ]
    }
}
