import DioramaFiles
public import FoundationEssentials

/// Chooses how a weights file is read, by its name; one line here for each format.
public enum WeightsFile: Sendable {
    /// One safetensors file.
    case safetensors(URL)
    /// The index of a set of safetensors shards.
    case shards(URL)
    /// One GGUF file.
    case gguf(URL)

    /// The format of the file at `url`; throws for those that are refused or unknown.
    public init(_ url: URL) throws {
        let name = url.lastPathComponent.lowercased()
        if name.hasSuffix(".safetensors.index.json") {
            self = .shards(url)
        } else if name.hasSuffix(".safetensors") || name.hasSuffix(".sft") {
            self = .safetensors(url)
        } else if name.hasSuffix(".gguf") {
            self = .gguf(url)
        } else if Self.isPickle(name) {
            // Some publish safetensors and GGUF under such names, and what failed to download may have them too.
            let signature = try? OpenFile(url.path).signature
            guard let signature, signature != .pyTorch, signature != .pickle else {
                throw WeightsError(url.path, FileSignature.pickleRefusal)
            }
            throw WeightsError(url.path, signature.sentence)
        } else {
            throw WeightsError(url.path, "is not a weights file known here; expected .safetensors or .gguf")
        }
    }

    /// Opens the file.
    public func open() throws -> any TensorSource {
        switch self {
        case .safetensors(let url): try SafetensorsFile(contentsOf: url)
        case .shards(let url): try ShardedSafetensors(contentsOf: url)
        case .gguf(let url): try GGUFFile(contentsOf: url)
        }
    }

    /// Opens the file.
    ///
    /// - Parameter wanted: what it shall hold, which an error then says: `a text encoder`.
    /// - Returns: its tensors.
    /// - Throws: `WeightsError`.
    public func open(wanting wanted: String) throws -> any TensorSource {
        do { return try open() } catch let error as WeightsError {
            throw WeightsError(error.place, "\(error.problem); wanted is \(wanted)", code: error.code)
        }
    }

    /// Names diffusers and transformers give the weights of one part, the best first.
    private static let names = ["diffusion_pytorch_model", "model", "pytorch_model"].flatMap { name in
        [
            "\(name).safetensors", "\(name).safetensors.index.json",
            "\(name).fp16.safetensors", "\(name).safetensors.index.fp16.json",
            "\(name).fp16.safetensors.index.json",
        ]
    }

    /// The weights in a part's folder, whatever their precision; nil when there are none.
    static func find(in folder: URL) -> WeightsFile? {
        for name in names {
            let url = folder.appending(path: name)
            if fileExists(url) { return name.hasSuffix(".json") ? .shards(url) : .safetensors(url) }
        }
        return nil
    }

    /// Why `find` gave nothing.
    static func missing(in folder: URL) -> String {
        let found = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        guard let pickle = found.sorted().first(where: isPickle) else {
            return "has no weights; expected diffusion_pytorch_model.safetensors or model.safetensors"
        }
        return "has only \(pickle), which \(FileSignature.pickleRefusal)"
    }

    private static func isPickle(_ name: String) -> Bool {
        [".bin", ".ckpt", ".pt", ".pth", ".pkl"].contains { name.lowercased().hasSuffix($0) }
    }
}
