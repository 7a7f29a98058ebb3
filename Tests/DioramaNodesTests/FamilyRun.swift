import Diorama
import DioramaModels
import DioramaTensor
import DioramaTestSupport
import Foundation
import Synchronization
import Testing

/// A whole run of ComfyUI's own code, written by `tools/golden/family_runs.py`, and a models folder with the files that it ran with.
struct FamilyRun {
    let folder: TemporaryFolder
    let bench: Workbench
    let golden: Fixture
    private let told: JSON.Object

    /// Opens the run, and writes its model and its autoencoder as `NAME.safetensors`.
    init(_ name: String) throws {
        folder = try TemporaryFolder()
        bench = try Workbench(models: [folder.url])
        golden = try Fixture("comfyui/runs-\(name).safetensors", on: bench.device)
        told = try #require(JSON(parsing: golden.data("run")).object)
        try Self.write(name, to: folder)
    }

    /// Writes a run's model and autoencoder as `NAME.safetensors` to a models folder.
    static func write(_ name: String, to folder: TemporaryFolder) throws {
        for (list, kind) in [("tensors", "diffusion_models"), ("autoencoder", "vae")] {
            try folder.write(SpeltFile(entries: entries(name, list)).bytes, to: "\(kind)/\(name).safetensors")
        }
    }

    /// The tensors of a run's model (`tensors`) or `autoencoder`, all in halves.
    static func entries(_ name: String, _ list: String) throws -> [SpeltFile.Entry] {
        let golden = try Fixture("comfyui/runs-\(name).safetensors")
        let shapes = try #require(JSON(parsing: golden.data(list)).object)
        return try shapes.keys.map { key in
            (key, try #require(shapes[key]?.array).compactMap(\.integer), "F16")
        }
    }

    /// [B, C, H, W].
    var latentShape: Shape { golden["end"].shape }
    var seed: Int { told["seed"]?.integer ?? 0 }
    var steps: Int { told["steps"]?.integer ?? 0 }
    var cfg: Double { told["cfg"]?.double ?? 1 }
    var denoise: Double { told["denoise"]?.double ?? 1 }
    /// What FluxGuidance is told; nil where there is no such node.
    var guidance: Double? { told["guidance"]?.double }
    /// Whether its noise levels are those of Flux2Scheduler.
    var hasOwnLevels: Bool { told["schedule"] != nil }
    private var isKlein: Bool { told["family"]?.string == "klein" }
    var inpaints: Bool { told["inpaints"] != nil }

    /// Latents of pictures that the model looks at.
    var references: [Latent] {
        (0..<(told["references"]?.array?.count ?? 0)).map { Latent(samples: golden["reference.\($0)"]) }
    }

    /// A prompt; FLUX.2's encoder gives 512 tokens or more, which ComfyUI's model adds before fewer.
    func prompt(_ key: String) -> Conditioning {
        let tokens = golden[golden.keys.contains(key) ? key : "context"]
        let padding = Tensor.zeros([1, 512 - tokens.shape[1], tokens.shape[2]], on: golden.device)
        return Conditioning([
            TextContext(
                tokens: isKlein ? .concatenated([padding, tokens], axis: 1) : tokens,
                pooled: golden.keys.contains("pooled") ? golden["pooled"] : nil)
        ])
    }

    /// What is denoised where no node makes it; cells of FLUX.2's latents are 16 pixels wide.
    var latent: Latent {
        var latent = Latent(
            samples: golden.keys.contains("latent")
                ? golden["latent"] : .zeros(latentShape, on: golden.device))
        latent.cell = isKlein ? 16 : 8
        if told["masked"] != nil { latent.noiseMask = Mask(coverage: golden["mask"]) }
        return latent
    }

    /// Squares of 8 pixels, [1, H, W, 3].
    var picture: ImageBatch {
        let squares = golden["squares"]
        let (height, width) = (squares.shape[1], squares.shape[2])
        return ImageBatch(
            pixels: squares.reshaped(1, height, 1, width, 1, 3).repeated(8, axis: 2).repeated(8, axis: 4)
                .reshaped(1, 8 * height, 8 * width, 3))
    }
}

extension Fixture {
    /// An entry of the metadata.
    fileprivate func data(_ key: String) throws -> [UInt8] { Array(try #require(metadata[key]).utf8) }
}

/// A network that notes what it is shown, the first of each batch, and when.
struct ObservedNetwork: DiffusionModel {
    let inner: any DiffusionModel
    private let log = Log()

    private final class Log: Sendable {
        let calls = Mutex<[(latent: Tensor, time: Float)]>([])
    }

    init(_ inner: any DiffusionModel) { self.inner = inner }

    /// Calls at different times, in order.
    var calls: [(latent: Tensor, time: Float)] {
        log.calls.withLock { calls in
            calls.indices.filter { $0 == 0 || calls[$0].time != calls[$0 - 1].time }.map { calls[$0] }
        }
    }

    var latentChannels: Int { inner.latentChannels }
    var latentCell: Int { inner.latentCell }
    var blockGroups: [BlockGroup] { inner.blockGroups }

    func check(latent: Shape, context: TextContext) throws {
        try inner.check(latent: latent, context: context)
    }

    func concatenated(_ inpainting: InpaintingInput?, for shape: Shape, on device: Device) throws -> Tensor? {
        try inner.concatenated(inpainting, for: shape, on: device)
    }

    func callAsFunction(
        _ latent: Tensor, timestep: Tensor, context: TextContext, through runner: BlockRunner
    ) throws -> Tensor {
        let first = latent.narrowed(axis: 0, 0..<1)
        log.calls.withLock { $0.append((first, timestep.floats()[0])) }
        return try inner(latent, timestep: timestep, context: context, through: runner)
    }
}
