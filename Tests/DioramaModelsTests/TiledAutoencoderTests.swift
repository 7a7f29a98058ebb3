import DioramaModels
import DioramaTensor
import DioramaTestSupport
import Testing

/// Tiles against the whole, over the sample model's autoencoder and latents of golden runs side by side.
@Suite struct TiledAutoencoderTests {
    let autoencoder: AutoencoderKL
    /// [1, 8, 16, 32].
    let latent: Tensor

    static func sample(on device: Device) throws -> AutoencoderKL {
        try ModelCatalog.builtin.load(Repository.url("samples/models/diorama-tiny"), on: device).autoencoder
    }

    init() throws {
        let device = Device.cpu()
        autoencoder = try Self.sample(on: device)
        let runs = try ["boat", "castle"].map { name in
            let steps = try Fixture("pipeline/\(name).safetensors", on: device)["latents_after_step"]
            return steps[steps.shape[0] - 1..<steps.shape[0]]
        }
        latent = autoencoder.config.latentFormat.toAutoencoder(.concatenated(runs, axis: 3))
    }

    /// Random weights, two pictures, few levels; sides no multiples of the tile.
    @Test("tiny autoencoders by tiles", arguments: AutoencoderKLTests.names)
    func tiny(_ name: String) throws {
        let golden = try GoldenModel(name, on: .cpu())
        let model = try AutoencoderKL(golden.weights, AutoencoderKLConfig(golden.config))
        #expect(
            relativeError(try model.decodeTiled(golden["latent"], tile: 5), golden["decoded"])
                < Tolerance.f32.block)
        let posterior = try model.encodeTiled(golden["image"], tile: 3)
        #expect(relativeError(posterior.mean, golden["mean"]) < Tolerance.f32.block)
        #expect(relativeError(posterior.logVariance, golden["logvar"]) < Tolerance.f32.block)
    }

    /// Of what tiles need, most is the attention of the middle, which sees the whole.
    @Test func aTileNeedsLessMemoryThanTheWhole() throws {
        let large = latent.repeated(3, axis: 2).repeated(2, axis: 3)
        func peak(_ body: (AutoencoderKL, Tensor) throws -> Tensor) throws -> Int {
            let device = Device.cpu()
            _ = try body(Self.sample(on: device), large.to(device))
            return device.memory.peak
        }
        let whole = try peak { try $0.decode($1) }
        let tiled = try peak { try $0.decodeTiled($1, tile: 8) }
        #expect(tiled < whole / 5 * 3, "\(tiled) of \(whole) bytes")
    }

    @Test("decoding by tiles matches the whole", arguments: [5, 8, 12])
    func decodes(tile: Int) throws {
        let whole = try autoencoder.decode(latent)
        let tiled = try autoencoder.decodeTiled(latent, tile: tile)
        let error = relativeError(tiled, whole)
        #expect(error < Tolerance.f32.block, "\(error)")
    }

    @Test("encoding by tiles matches the whole", arguments: [6, 8])
    func encodes(tile: Int) throws {
        let image = try autoencoder.decode(latent)
        let whole = try autoencoder.encode(image)
        let error = relativeError(try autoencoder.encodeTiled(image, tile: tile).mean, whole.mean)
        #expect(error < Tolerance.f32.block, "\(error)")
    }
}
