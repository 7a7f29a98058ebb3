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

    /// Files of diffusion models alone.
    static let diffusionModels = WeightsChoice(kinds: ["diffusion_models", "unet"])
    /// Files of text encoders.
    static let textEncoders = WeightsChoice(kinds: ["text_encoders", "clip"])
    /// Files of autoencoders.
    static let autoencoders = WeightsChoice(kinds: ["vae"])
    /// Files of networks that make pictures larger.
    static let upscaleModels = WeightsChoice(kinds: ["upscale_models"])
    /// Files of ControlNets.
    static let controlNets = WeightsChoice(kinds: ["controlnet"])

    private static let endings = [".safetensors", ".sft", ".gguf"]

    /// Whether a file's name is that of weights.
    static func isWeights(_ url: URL) -> Bool {
        let name = url.lastPathComponent.lowercased()
        return endings.contains { name.hasSuffix($0) }
    }

    /// The files that can be chosen.
    func names(_ environment: RunEnvironment) -> [String] {
        environment.folders.models(in: kinds, where: Self.isWeights)
    }

    /// PyTorch's files beside them, which are refused with a sentence where a graph names one.
    func pickles(_ environment: RunEnvironment) -> [String] {
        environment.folders.models(in: kinds) { url in
            [".pth", ".pt"].contains { url.lastPathComponent.lowercased().hasSuffix($0) }
        }
    }

    /// Why the file `name` is refused by its name alone; nil where it is not, or there is none.
    func refusal(of name: String, _ environment: RunEnvironment) -> String? {
        guard let url = try? environment.folders.model(name, in: kinds) else { return nil }
        do {
            _ = try WeightsFile(url)
            return nil
        } catch { return "\(error)" }
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

    /// Opens the file `name`.
    func open(_ name: String, _ context: RunContext) throws -> any TensorSource {
        try WeightsFile(context.folders.model(name, in: kinds)).open()
    }
}
