import DioramaTokenizers
public import DioramaWeights
public import FoundationEssentials

/// Where the tokenizer of a text encoder's file is looked for.
///
/// Files of one encoder seldom carry its vocabulary. It is taken from the file where it does, else from `<name>.tokenizer.json` beside
/// it, else from a folder `tokenizers/clip`, `tokenizers/t5` or `tokenizers/qwen3` of a models folder, in the layout of Hugging Face.
public struct TokenizerPlaces: Sendable {
    private let file: URL
    private let source: any TensorSource
    private let folders: [URL]

    /// - Parameters:
    ///   - file: the text encoder's file.
    ///   - source: the same, opened.
    ///   - models: the models folders.
    public init(file: URL, source: any TensorSource, models: [URL]) {
        self.file = file
        self.source = source
        folders = models.map { $0.appending(path: "tokenizers", directoryHint: .isDirectory) }
    }

    /// CLIP's.
    func clip() throws -> CLIPTokenizer {
        if let beside = try beside() { return try CLIPTokenizer(tokenizerJSON: beside) }
        if let folder = folder("clip") { return try CLIPTokenizer(directory: folder) }
        throw missing(
            "clip", "tokenizer.json (or vocab.json and merges.txt) of openai/clip-vit-large-patch14")
    }

    /// T5's.
    func t5() throws -> T5Tokenizer {
        if let gguf = source as? GGUFFile, let tokens = try gguf.value("tokenizer.ggml.tokens")?.strings {
            return try T5Tokenizer(
                tokens: tokens, scores: try gguf.floats("tokenizer.ggml.scores"),
                types: try gguf.value("tokenizer.ggml.token_type")?.ints ?? [],
                charsmap: (try gguf.value("tokenizer.ggml.precompiled_charsmap")?.ints ?? []).map {
                    UInt8(truncatingIfNeeded: $0)
                },
                addsPrefix: try gguf.value("tokenizer.ggml.add_space_prefix")?.bool ?? true,
                dropsSpaces: try gguf.value("tokenizer.ggml.remove_extra_whitespaces")?.bool ?? true,
                unknownID: try gguf.value("tokenizer.ggml.unknown_token_id")?.int,
                endID: try gguf.value("tokenizer.ggml.eos_token_id")?.int,
                padID: try gguf.value("tokenizer.ggml.padding_token_id")?.int, file: source.place)
        }
        if let model = try bytes("spiece_model") {
            return try T5Tokenizer(sentencePiece: model, file: source.place + " (spiece_model)")
        }
        if let json = try bytes("tokenizer_json") { return try T5Tokenizer(tokenizerJSON: Data(json)) }
        if let beside = try beside() { return try T5Tokenizer(tokenizerJSON: beside) }
        if let folder = folder("t5") { return try T5Tokenizer(directory: folder) }
        throw missing("t5", "tokenizer.json (or spiece.model) of google/t5-v1_1-xxl")
    }

    /// Qwen's.
    func qwen() throws -> QwenTokenizer {
        if let gguf = source as? GGUFFile, let tokens = try gguf.value("tokenizer.ggml.tokens")?.strings {
            return try QwenTokenizer(
                tokens: tokens, merges: try gguf.value("tokenizer.ggml.merges")?.strings ?? [],
                types: try gguf.value("tokenizer.ggml.token_type")?.ints ?? [],
                padID: try gguf.value("tokenizer.ggml.padding_token_id")?.int,
                preTokenizer: try gguf.value("tokenizer.ggml.pre")?.string ?? "qwen2", file: source.place)
        }
        if let json = try bytes("tokenizer_json") { return try QwenTokenizer(tokenizerJSON: Data(json)) }
        if let beside = try beside() { return try QwenTokenizer(tokenizerJSON: beside) }
        if let folder = folder("qwen3") { return try QwenTokenizer(directory: folder) }
        throw missing("qwen3", "tokenizer.json (or vocab.json and merges.txt) of Qwen/Qwen3-4B")
    }

    /// The bytes of a tensor that holds a vocabulary.
    private func bytes(_ key: String) throws -> [UInt8]? {
        guard let info = source.info(key), info.type == .u8 else { return nil }
        return try source.bytes(key, on: .cpu()).ints().map { UInt8(truncatingIfNeeded: $0) }
    }

    private var besideName: String { Self.name(besides: file) }

    /// The name of the tokenizer of a text encoder's file, in the same folder.
    static func name(besides file: URL) -> String {
        file.deletingPathExtension().lastPathComponent + ".tokenizer.json"
    }

    /// Whether a file has the tokenizer of its text encoder itself.
    static func isCarried(by source: any TensorSource) -> Bool {
        let isInMetadata = (try? (source as? GGUFFile)?.value("tokenizer.ggml.tokens")) != nil
        return isInMetadata || ["spiece_model", "tokenizer_json"].contains { source.info($0)?.type == .u8 }
    }

    private func beside() throws -> Data? {
        let url = file.deletingLastPathComponent().appending(path: besideName)
        return FileManager.default.fileExists(atPath: url.path) ? try Data(contentsOf: url) : nil
    }

    private func folder(_ name: String) -> URL? {
        folders.map { $0.appending(path: name, directoryHint: .isDirectory) }
            .first { FileManager.default.fileExists(atPath: $0.path) }
    }

    private func missing(_ kind: String, _ what: String) -> WeightsError {
        let place = folders.first?.appending(path: kind).path ?? "models/tokenizers/\(kind)"
        return WeightsError(
            file.path,
            "comes without its tokenizer: put \(what) into \(place), or its tokenizer.json beside the file as \(besideName)"
        )
    }
}

extension GGUFFile {
    /// A list of numbers; empty where there is none.
    fileprivate func floats(_ key: String) throws -> [Float] {
        (try value(key)?.doubles ?? []).map(Float.init)
    }
}
