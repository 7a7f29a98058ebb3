import ArgumentParser
import DioramaFiles
import DioramaGraph
import DioramaImage
import DioramaWeights
import FoundationEssentials

/// `diorama inspect`.
struct InspectCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show what is in a model, weights file or picture.",
        discussion: """
            For a weights file (safetensors, GGUF): the models in it and what they need beside it, how tensors are stored, the memory they take, and metadata; for a LoRA its \
            kind, rank and layers. For a model folder: its parts and its scheduler. For a PNG or JPEG: its format, and the graph and settings it carries. Only headers \
            are read, but with --damaged.

            EXAMPLES
              diorama inspect samples/models/diorama-tiny
              diorama inspect model.safetensors --all
              diorama inspect checkpoint.safetensors --unused
              diorama inspect checkpoint.safetensors --damaged
              diorama inspect castle.png --json
            """)

    @Argument(
        help:
            "A .safetensors file (or the .index.json of several), a .gguf file, a model folder, a PNG or a JPEG.",
        completion: .file())
    var file: String

    @Flag(help: "List every tensor, not only groups of them.")
    var all = false

    @Flag(
        help:
            "List the tensors of a weights file that no model in it uses, by making each model over the file."
    )
    var unused = false

    @Flag(
        help:
            "List the tensors of a weights file that hold values which are no finite numbers, by reading the whole file."
    )
    var damaged = false

    @Flag(help: "Print JSON.")
    var json = false

    var reportsJSON: Bool { json }

    func validate() throws { try refuseEmptyPaths([file], of: "the file") }

    func run(in context: CommandContext) async throws {
        let url = fileURL(file, in: context.workingFolder)
        let inspection = try Inspection(
            of: url, named: file, listingUnused: unused, listingDamaged: damaged)
        if json {
            context.output.line(inspection.json.text(.pretty))
        } else {
            context.output.line(printable(inspection.text(listingAll: all)))
        }
    }
}

/// What was found in a file or folder.
enum Inspection {
    case weights(WeightsReport)
    case model(ModelReport)
    case picture(PictureReport)

    /// Looks at what is at `url`; `name` is what the user called it, `unused` asks for the tensors that nothing uses, and `damaged` for
    /// those that hold what is no finite number.
    ///
    /// - Throws: ``CommandError`` for what is missing or of another kind, `WeightsError` and `ImageError` for what is broken.
    init(
        of url: URL, named name: String, listingUnused unused: Bool = false,
        listingDamaged damaged: Bool = false
    ) throws {
        guard FileManager.default.fileExists(atPath: url.path) else {
            throw CommandError.data("there is no file or folder '\(name)'")
        }
        if isFolder(url) {
            guard DiffusersDirectory.isOne(url) else {
                throw CommandError.data(
                    "'\(name)' is a folder without model_index.json; inspect takes a model folder in diffusers' layout, "
                        + "a .safetensors or .gguf file, a PNG or a JPEG")
            }
            self = .model(try ModelReport(contentsOf: url))
            return
        }
        if Self.namesWeights(url.lastPathComponent) {
            self = .weights(
                try WeightsReport(
                    WeightsFile(url).open(), listingUnused: unused, listingDamaged: damaged))
            return
        }
        let bytes = try InputFile.readStream(url.path)
        if ImageFormat(detecting: bytes) != nil {
            self = .picture(try PictureReport(bytes, name: name))
        } else if bytes.isEmpty {
            throw CommandError.data("'\(name)' has 0 bytes")
        } else if bytes.first == UInt8(ascii: "{") {
            throw CommandError.data(
                "'\(name)' is JSON; if it is a graph, 'diorama check \(name)' tells what it holds")
        } else {
            throw CommandError.data(
                "'\(name)' is none of what inspect knows: a .safetensors or .gguf file, a model folder, a PNG or a JPEG"
            )
        }
    }

    /// Whether a file of this name is for the weights readers, also those that only refuse it with a hint.
    private static func namesWeights(_ name: String) -> Bool {
        [".safetensors", ".sft", ".index.json", ".bin", ".ckpt", ".pt", ".pth", ".pkl", ".gguf"].contains {
            name.lowercased().hasSuffix($0)
        }
    }

    func text(listingAll all: Bool) -> String {
        switch self {
        case .weights(let report): report.text(listingAll: all)
        case .model(let report): report.text(listingAll: all)
        case .picture(let report): report.text()
        }
    }

    var json: JSON {
        switch self {
        case .weights(let report): report.json
        case .model(let report): report.json
        case .picture(let report): report.json
        }
    }
}
