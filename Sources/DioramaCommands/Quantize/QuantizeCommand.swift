import ArgumentParser
import Diorama
import DioramaFiles
import DioramaTensor
import FoundationEssentials

/// `diorama quantize`.
struct QuantizeCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "quantize",
        abstract: "Write a weights file with smaller elements.",
        discussion: """
            int8 writes what ComfyUI calls int8_tensorwise with convrot: the linear layers of a model's repeated blocks in bytes, with a \
            scale for each output, and inputs rotated in groups so that single large weights do little harm; everything else, and layers of \
            fewer than \(QuantizedWeight.leastInputs) inputs, becomes bf16, or stays f16. Diorama multiplies such layers in bytes, and other programs read the file too. bf16 and f16 only change the type.

            Put the result in the place of the file in a model folder, or of a copy of it.

            EXAMPLES
              diorama quantize model.safetensors model-int8.safetensors
              diorama quantize flux1-dev.safetensors flux1-dev-bf16.safetensors --type bf16
            """)

    @Argument(help: "A .safetensors file, or the .index.json of several.", completion: .file())
    var input: String

    @Argument(
        help: "The .safetensors file to write; one that is there is refused without --force.",
        completion: .file())
    var output: String

    /// The names of the choices.
    enum ElementChoice: String, ExpressibleByArgument, CaseIterable {
        case int8, bf16, f16

        var target: Quantization.Target {
            switch self {
            case .int8: .int8
            case .bf16: .bf16
            case .f16: .f16
            }
        }
    }

    @Option(help: "What elements become: int8, bf16 or f16.")
    var type = ElementChoice.int8

    @Flag(help: "Replace a file that is there.")
    var force = false

    func validate() throws {
        try refuseEmptyPaths([input, output], of: "a file")
        guard output.hasSuffix(".safetensors") else {
            throw ValidationError("the file to write must be called .safetensors, not '\(output)'")
        }
    }

    func run(in context: CommandContext) async throws {
        let from = fileURL(input, in: context.workingFolder)
        let to = fileURL(output, in: context.workingFolder)
        let path = to.path(percentEncoded: false)
        guard force || !FileManager.default.fileExists(atPath: path) else {
            throw CommandError.data("'\(output)' is there already; --force replaces it")
        }
        let source = try WeightsFile(from).open()
        let quantization = try Quantization(source, to: type.target)
        let layers = quantization.quantizedKeys.count
        if type == .int8, layers == 0 {
            throw CommandError.data(
                "'\(input)' has no linear layers in repeated blocks with \(QuantizedWeight.leastInputs) inputs or more, so there is nothing to make int8 of; --type bf16 may serve"
            )
        }
        let written = try quantization.write(to: path, on: .cpu()) { _, _ in try Task.checkCancellation() }
        func mebibytes(_ count: Int) -> String { "\(count >> 20) MiB" }
        context.output.line(
            "\(output): \(mebibytes(written)), was \(mebibytes(source.byteCount))"
                + (type == .int8 ? "; \(layers) layers are int8" : ""))
    }
}
