public import DioramaTensor
import FoundationEssentials

/// A run of diffusers' whole pipeline over the sample model in float32, written by `tools/golden/pipeline.py`.
public struct PipelineRun: Sendable {
    /// What the run was asked for.
    public struct Settings: Decodable, Sendable {
        /// What the picture shall show, and what it shall not.
        public let prompt, negativePrompt: String
        /// The seed of the starting noise.
        public let seed: UInt64
        /// How many steps were taken.
        public let steps: Int
        /// Classifier-free guidance; 1 is none.
        public let guidance: Double
        /// Pixels.
        public let width, height: Int
        /// The shift of the model's schedule.
        public let schedulerShift: Double
        /// Of image to image: the picture to change, a file beside the run, and how much to change it.
        public let image: String?, denoise: Double?
        /// Of skip-layer guidance: the blocks left out, how far to go beyond, and the part of the way it holds for.
        public let skipLayers: [Int]?, skipScale, skipStartPercent, skipEndPercent: Double?
    }

    /// The runs from noise alone.
    public static let textToImage = ["boat", "castle", "wide", "plain"]
    /// The run with skip-layer guidance.
    public static let skipLayers = "skip"
    /// All runs without it; the last begins with a picture.
    public static let all = textToImage + ["img2img"]

    /// What the run was asked for.
    public let settings: Settings
    /// What it used and made on the way.
    public let tensors: Fixture

    /// Reads the run `Tests/Golden/pipeline/<name>`.
    public init(_ name: String, on device: Device = .cpu()) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        settings = try decoder.decode(Settings.self, from: Golden.data("pipeline/\(name).json"))
        tensors = try Fixture("pipeline/\(name).safetensors", on: device)
    }
}
