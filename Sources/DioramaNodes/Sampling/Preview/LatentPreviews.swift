import DioramaGraph
import DioramaImage
import DioramaModels
import DioramaNN
import DioramaTensor

/// Whether and how samplers show what they are making: a resource of a run; without it they show nothing.
public struct LatentPreviews: Sendable, Hashable {
    /// How a latent becomes a picture.
    public enum Method: String, Sendable, Hashable, CaseIterable {
        /// By the family's tiny autoencoder where the vae_approx folder has it, else by colors.
        case auto
        /// A color for each cell, which costs next to nothing.
        case rgb
        /// By the family's tiny autoencoder (taesd, taesdxl, taesd3, taef1, taef2).
        case tiny
    }

    /// How pictures are encoded.
    public enum Format: String, Sendable, Hashable, CaseIterable {
        case png, jpeg

        /// Its media type.
        public var mediaType: String { "image/\(rawValue)" }
    }

    /// Steps from one picture to the next, 1 or more; the last step always has one.
    public var interval: Int
    /// How a latent becomes a picture.
    public var method: Method
    /// How pictures are encoded.
    public var format: Format

    /// Previews.
    ///
    /// - Parameters:
    ///   - interval: steps from one picture to the next; less than 1 counts as 1.
    ///   - method: how a latent becomes a picture.
    ///   - format: how pictures are encoded.
    public init(every interval: Int = 1, by method: Method = .auto, as format: Format = .jpeg) {
        self.interval = max(interval, 1)
        self.method = method
        self.format = format
    }

    /// Whether there is a picture after so many steps.
    func isDue(_ step: Int, of total: Int) -> Bool { step.isMultiple(of: interval) || step == total }
}

/// Makes previews of the latents of one model.
struct LatentPreviewer {
    private enum Way {
        case colors(LatentColors)
        case tiny(AutoencoderTiny, LatentFormat)
    }

    private let settings: LatentPreviews
    private let way: Way

    /// Pixels of a preview's longer side, about: cells of colors are made larger up to it.
    private static let side = 512

    /// A previewer; nil where the run wants none, or there is no way to make them, of which `notice` is told.
    init?(_ model: Model, _ environment: RunEnvironment, notice: (String) -> Void) {
        guard let settings = environment.resources[LatentPreviews.self] else { return nil }
        self.settings = settings
        let channels = model.network.latentChannels
        if settings.method != .rgb {
            do {
                if let tiny = try Self.tiny(model, environment) {
                    way = .tiny(tiny, model.latentFormat)
                    return
                }
                if settings.method == .tiny {
                    notice(
                        "previews: the vae_approx folder has no \(Self.name(model) ?? "tiny autoencoder") for these latents; they are shown as colors"
                    )
                }
            } catch {
                notice("previews: \(error); they are shown as colors")
            }
        }
        guard let colors = LatentColors.of(model.latentFormat, channels: channels) else {
            notice("previews: nothing is known of the colors of this model's latents, so there are none")
            return nil
        }
        way = .colors(colors)
    }

    /// What ComfyUI calls the tiny autoencoder of a model's latents.
    private static func name(_ model: Model) -> String? {
        switch (model.network.latentChannels, model.latentFormat.scale) {
        case (4, 0.18215): "taesd"
        case (4, 0.13025): "taesdxl"
        case (16, 1.5305): "taesd3"
        case (16, 0.3611): "taef1"
        case (128, _): "taef2"
        default: nil
        }
    }

    private static func tiny(_ model: Model, _ environment: RunEnvironment) throws -> AutoencoderTiny? {
        guard let name = name(model), let file = try TinyAutoencoders.file(name, environment.folders),
            let device = environment.resources[Device.self]
        else { return nil }
        let tiny = try file.load(on: device, named: name).autoencoder
        guard tiny.latentChannels == model.network.latentChannels else {
            throw ModelInputError(
                "\(name) takes latents of \(tiny.latentChannels) channels, not \(model.network.latentChannels)"
            )
        }
        return tiny
    }

    /// The preview after a step, of the first of the latents; nil where none is due or none can be made.
    ///
    /// - Parameters:
    ///   - latents: what the model sees, as it has it, [B, C, h, w].
    ///   - step: steps done.
    ///   - total: all steps.
    /// - Returns: the encoded picture.
    func preview(_ latents: Tensor, after step: Int, of total: Int) -> Preview? {
        guard settings.isDue(step, of: total), let picture = try? picture(latents[0..<1]) else { return nil }
        guard let bytes = try? encoded(picture) else { return nil }
        return Preview(mediaType: settings.format.mediaType, bytes: bytes)
    }

    func picture(_ latents: Tensor) throws -> ImageBatch {
        switch way {
        case .tiny(let tiny, let format):
            let decoded = try tiny.pictures(of: format.toAutoencoder(latents))
            return ImageBatch(pixels: ((decoded + 1) * 0.5).clamped(0, 1).permuted(0, 2, 3, 1))
        case .colors(let colors):
            let pixels = colors.pictures(latents)
            let times = max(1, min(8, Self.side / max(pixels.width, pixels.height, 1)))
            guard times > 1 else { return pixels }
            let larger = resized(
                pixels.pixels.permuted(0, 3, 1, 2), height: pixels.height * times,
                width: pixels.width * times, by: .bilinear)
            return ImageBatch(pixels: larger.permuted(0, 2, 3, 1))
        }
    }

    private func encoded(_ picture: ImageBatch) throws -> [UInt8] {
        let bitmap = try picture.bitmap(0)
        switch settings.format {
        case .png: return try PNG.encode(bitmap)
        case .jpeg: return try JPEG.encode(bitmap, quality: 90).bytes
        }
    }
}
