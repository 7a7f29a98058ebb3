import DioramaFiles
import DioramaGraph
public import DioramaImage
import DioramaTensor

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Reads a picture from the input folder.
struct LoadImage: Node {
    static let spec = NodeSpec(
        "LoadImage", title: "Load Image", category: "image",
        "Reads a PNG or JPEG from the input folder, upright as its EXIF orientation says.", lane: .io,
        searchAliases: ["open image", "import image", "png", "jpeg"])

    @Input(
        "A file of the input folder.",
        options: { environment in
            environment.folders.inputs { ["png", "jpg", "jpeg"].contains($0.pathExtension.lowercased()) }
        },
        validateOptions: false, attributes: ["image_upload": true])
    var image: String

    @Output("The picture, [1, H, W, 3] in 0...1.") var pixels: ImageBatch
    @Output("How see-through each pixel is (1 - alpha), [1, H, W]; 64x64 zeros without alpha.") var mask: Mask

    func run(_ context: RunContext) async throws {
        let device = try context.resource(Device.self)
        let file = try context.folders.inputFile(image)
        let bitmap = try decoded(file)
        pixels = ImageBatch(bitmap, on: device)
        mask = Mask(transparencyOf: bitmap, on: device)
    }

    private func decoded(_ file: URL) throws -> Bitmap {
        let bytes = try InputFile.read(file.path(percentEncoded: false))
        do {
            return try ImageFile.decode(bytes)
        } catch {
            throw UnreadablePicture(name: image, reason: error)
        }
    }

    func validate(_ environment: RunEnvironment) -> [InputProblem] {
        guard let name = $image.literal else { return [] }
        do {
            _ = try environment.folders.inputFile(name)
            return []
        } catch {
            return [$image.problem("\(error)")]
        }
    }

    func fingerprint(_ environment: RunEnvironment) throws -> String? {
        guard let name = $image.literal else { return nil }
        return try FileIdentity(of: environment.folders.inputFile(name)).description
    }
}

/// A file of the input folder that is no picture, or a broken one.
public struct UnreadablePicture: Error, CustomStringConvertible {
    /// What the graph calls it.
    let name: String
    /// What is wrong with it.
    public let reason: ImageError

    /// The name and the reason.
    public var description: String { "\"\(name)\": \(reason)" }
}
