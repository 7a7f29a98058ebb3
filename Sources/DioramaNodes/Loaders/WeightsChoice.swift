import DioramaGraph
import DioramaWeights

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The weights files of some subfolders of the models folders: what the loaders of single files share.
struct WeightsChoice: Sendable {
    /// Subfolders of each models folder, as ComfyUI names them.
    let kinds: [String]
    /// What the files shall hold: `a text encoder`.
    let wanted: String
    /// Whether the files may also lie in a models folder itself.
    var includesRoots = false
    /// The endings of the files' names.
    var endings = Self.weights

    /// Files of diffusion models alone.
    static let diffusionModels = WeightsChoice(
        kinds: ["diffusion_models", "unet"], wanted: "a diffusion model")
    /// Files of text encoders.
    static let textEncoders = WeightsChoice(kinds: ["text_encoders", "clip"], wanted: "a text encoder")
    /// Files of autoencoders.
    static let autoencoders = WeightsChoice(kinds: ["vae"], wanted: "an autoencoder")
    /// Files of diffusion models with text encoder and autoencoder.
    static let checkpoints = WeightsChoice(
        kinds: ["checkpoints", "diffusers"],
        wanted: "a checkpoint, a diffusion model with its text encoder and its autoencoder",
        includesRoots: true)
    /// Files of adapters.
    static let adapters = WeightsChoice(
        kinds: ["loras"], wanted: "an adapter (LoRA)", endings: [".safetensors"])
    /// Files of networks that make pictures larger.
    static let upscaleModels = WeightsChoice(kinds: ["upscale_models"], wanted: "an upscale model")
    /// Files of ControlNets.
    static let controlNets = WeightsChoice(kinds: ["controlnet"], wanted: "a ControlNet")
    /// Files of networks that are put into a model.
    static let modelPatches = WeightsChoice(kinds: ["model_patches"], wanted: "a model patch")
    /// Files of models that encode pictures.
    static let visionModels = WeightsChoice(kinds: ["clip_vision"], wanted: "a vision model")
    /// Files of style models.
    static let styleModels = WeightsChoice(kinds: ["style_models"], wanted: "a style model")

    private static let weights = [".safetensors", ".sft", ".gguf"]

    /// Whether a file's name is that of weights.
    static func isWeights(_ url: URL) -> Bool {
        let name = url.lastPathComponent.lowercased()
        return weights.contains { name.hasSuffix($0) }
    }

    /// Says of a file that is there and cannot be chosen what it is, what was wanted and what to do; nil where there is none.
    func refusal(_ name: String, _ environment: RunEnvironment) -> String? {
        guard let url = try? environment.folders.model(name, in: kinds, includingRoots: includesRoots),
            (try? FileManager.default.attributesOfItem(atPath: url.path)[.type] as? FileAttributeType)
                == .typeRegular
        else { return nil }
        return refusal(of: url)
    }

    /// Says of a file what it is, what was wanted and what to do; nil where its name is that of one that is wanted.
    func refusal(of url: URL) -> String? {
        let name = url.lastPathComponent.lowercased()
        guard !endings.contains(where: { name.hasSuffix($0) }) else { return nil }
        var problem = "is not a file of the kind \(endings.joined(separator: ", "))"
        do { _ = try WeightsFile(url) } catch {
            problem = (error as? WeightsError)?.problem ?? "\(error)"
        }
        return
            "that file \(problem); wanted is \(wanted), in a file that ends in \(endings.joined(separator: " or "))"
    }

    /// The files that can be chosen.
    func names(_ environment: RunEnvironment) -> [String] {
        environment.folders.models(in: kinds, where: Self.isWeights)
    }

    /// The identity of files and the precision wanted, `precision` as a node has it; nil where no graph has named one yet.
    func fingerprint(_ names: [String?], _ precision: String, _ environment: RunEnvironment) throws -> String?
    {
        guard names.allSatisfy({ $0 != nil }) else { return nil }
        var identity = try names.compactMap { $0 }.map { name in
            try FileIdentity(of: environment.folders.model(name, in: kinds)).description
        }
        if let wanted = environment.precision(precision) { identity.append("in \(wanted.rawValue)") }
        return identity.joined(separator: " ")
    }

    /// Opens the file `name`; an error says what was wanted.
    func open(_ name: String, _ context: RunContext) throws -> any TensorSource {
        try open(context.folders.model(name, in: kinds, includingRoots: includesRoots))
    }

    /// Opens a file; an error says what was wanted.
    func open(_ url: URL) throws -> any TensorSource {
        try WeightsFile(url).open(wanting: wanted)
    }
}
