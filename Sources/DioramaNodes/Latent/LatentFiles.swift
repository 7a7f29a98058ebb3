import DioramaFiles
import DioramaGraph
import DioramaImage
import DioramaTensor
import DioramaWeights

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Writes latents into the output folder.
struct SaveLatent: Node {
    static let spec = NodeSpec(
        "SaveLatent", title: "Save Latent", category: "model/latent",
        "Writes latents into a file of the output folder, with the graph inside, to go on with them in another run. Masks and "
            + "places in the noise are not written.", lane: .io, isOutput: true,
        searchAliases: ["export latent"])

    @Input("The latents to write.") var samples: Latent
    @Input(
        "Start of the file name, perhaps with folders; a number follows it. %year%, %month%, %day%, %hour%, %minute% and "
            + "%second% are filled in.")
    var filenamePrefix = "latents/ComfyUI"

    @Hidden(.prompt) var prompt: JSON
    @Hidden(.extraPNGInfo) var extraPNGInfo: JSON

    @Output("The same latents.", name: "samples") var saved: Latent

    func validate(_ environment: RunEnvironment) -> [InputProblem] {
        guard let prefix = $filenamePrefix.literal else { return [] }
        do {
            try OutputName.check(prefix: prefix)
            return []
        } catch {
            return [$filenamePrefix.problem("\(error)")]
        }
    }

    func run(_ context: RunContext) async throws {
        if let plan = samples.samples.device.memoryPlan {
            // The file as it is made.
            plan.hold(2 * samples.samples.count * samples.samples.dtype.size)
            saved = samples
            return
        }
        let texts = ImageMetadata(prompt: prompt, extra: extraPNGInfo).entries
        let bytes = try SafetensorsWriter.encode(
            [
                (LatentFile.marker, Tensor([Float](), [0], on: samples.samples.device)),
                (LatentFile.values, samples.samples),
            ], metadata: Dictionary(texts.map { ($0.key, $0.text) }) { first, _ in first })
        let name = try OutputName(
            prefix: filenamePrefix, in: context.folders.output, words: .init(width: 0, height: 0))
        let file = try name.create(extension: LatentFile.fileExtension) { file in
            do throws(FileError) {
                try AtomicFile.write(bytes, to: file.path(percentEncoded: false))
                return true
            } catch  where error.isExisting {
                return false
            }
        }
        context.report(file: file)
        saved = samples
    }
}

/// Reads latents from the input folder.
struct LoadLatent: Node {
    static let spec = NodeSpec(
        "LoadLatent", title: "Load Latent", category: "model/latent",
        "Reads latents that Save Latent wrote from the input folder. Behind a name, \" [output]\" means the output folder.",
        lane: .io, searchAliases: ["import latent", "open latent"])

    @Input(
        "A .latent file of the input folder.",
        options: { environment in
            environment.folders.inputs { $0.pathExtension == LatentFile.fileExtension }
        },
        validateOptions: false)
    var latent: String

    @Output("The latents, [B, C, H, W].") var samples: Latent

    func run(_ context: RunContext) async throws {
        let file = try SafetensorsFile(contentsOf: context.folders.inputFile(latent))
        guard let info = file.info(LatentFile.values) else {
            throw context.fail(
                $latent, "names a safetensors file without a tensor \"\(LatentFile.values)\"; it is no latent"
            )
        }
        guard info.shape.rank == 4, info.shape.count > 0 else {
            throw context.fail(
                $latent, "names a file whose latent is \(info.shape); a latent of pictures is [B, C, H, W]")
        }
        try Latent.check(values: info.shape.count, of: $latent, context)
        let stored = try file.tensor(LatentFile.values, on: try context.resource(Device.self))
        guard stored.dtype.isFloat else {
            throw context.fail(
                $latent, "names a file whose latent holds \(info.type.rawValue), not fractions")
        }
        // Files of the first version hold latents as Stable Diffusion 1 scales them. The product is no view of the file.
        let scale: Float = file.info(LatentFile.marker) == nil ? 1 / 0.18215 : 1
        samples = Latent(samples: stored.asType(.f32) * scale)
    }

    func validate(_ environment: RunEnvironment) -> [InputProblem] {
        guard let name = $latent.literal else { return [] }
        do {
            _ = try environment.folders.inputFile(name)
            return []
        } catch {
            return [$latent.problem("\(error)")]
        }
    }

    func fingerprint(_ environment: RunEnvironment) throws -> String? {
        guard let name = $latent.literal else { return nil }
        return try FileIdentity(of: environment.folders.inputFile(name)).description
    }
}

/// How ComfyUI's latent files are laid out: safetensors with the values, and an empty tensor that tells of their scale.
private enum LatentFile {
    static let fileExtension = "latent"
    static let values = "latent_tensor"
    static let marker = "latent_format_version_0"
}
