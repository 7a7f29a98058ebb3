#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// A folder with models of one kind that is not below a models folder, as ComfyUI's `extra_model_paths.yaml` names them.
public struct ModelFolder: Sendable, Hashable {
    /// The kind as ComfyUI calls it now: `checkpoints`, `diffusion_models`.
    public let kind: String
    /// Where it is; need not exist.
    public let url: URL
    /// Whether it is searched before the models folders; of several the last named is the first.
    public let isDefault: Bool

    /// Names a folder.
    ///
    /// - Parameters:
    ///   - kind: what lies in it; `unet` and `clip`, older names, mean `diffusion_models` and `text_encoders`.
    ///   - url: where it is.
    ///   - isDefault: whether it is searched before the models folders.
    public init(kind: String, url: URL, isDefault: Bool = false) {
        self.kind = Self.current(kind)
        self.url = url
        self.isDefault = isDefault
    }

    /// A kind by its newer name.
    static func current(_ kind: String) -> String {
        switch kind {
        case "unet": "diffusion_models"
        case "clip": "text_encoders"
        default: kind
        }
    }
}
