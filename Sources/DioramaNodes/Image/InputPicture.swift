import DioramaFiles
import DioramaGraph
public import DioramaImage

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A picture file that a node reads by a name in the graph: in the input folder, or in another that the name says.
enum InputPicture {
    /// The picture files of the input folder, as graphs name them.
    static func names(in environment: RunEnvironment) -> [String] {
        environment.folders.inputs(where: isPicture)
    }

    /// The picture files of the output folder, as graphs name them.
    static func outputNames(in environment: RunEnvironment) -> [String] {
        environment.folders.outputs(where: isPicture)
    }

    /// What is in the file, upright as its EXIF orientation says.
    ///
    /// - Throws: `FolderError` for a name that leads to no file, `UnreadablePicture` for a file that is no picture.
    static func read(_ name: String, _ context: RunContext) throws -> Bitmap {
        let file = try context.folders.inputFile(name)
        let bytes = try InputFile.read(file.path(percentEncoded: false))
        do {
            return try ImageFile.decode(bytes)
        } catch {
            throw UnreadablePicture(name: name, reason: error)
        }
    }

    /// What is wrong with a name that is written in the graph.
    static func problems(with input: InputReference<String>, in environment: RunEnvironment) -> [InputProblem]
    {
        guard let name = input.literal else { return [] }
        do {
            _ = try environment.folders.inputFile(name)
            return []
        } catch {
            return [input.problem("\(error)")]
        }
    }

    /// What tells the file from another of its name; nil for a name that comes by a link.
    static func fingerprint(_ input: InputReference<String>, in environment: RunEnvironment) throws -> String?
    {
        guard let name = input.literal else { return nil }
        return try FileIdentity(of: environment.folders.inputFile(name)).description
    }

    private static func isPicture(_ file: URL) -> Bool {
        ["png", "jpg", "jpeg"].contains(file.pathExtension.lowercased())
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
