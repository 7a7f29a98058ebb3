import DioramaFiles
import DioramaGraph
import DioramaImage
import DioramaTensor

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Writes the pictures of a batch, each as soon as it is encoded, whole or not at all.
struct PictureWriter {
    private let context: RunContext
    private let folder: URL
    private let target: OutputTarget?

    /// A writer of pictures that are kept: to the render's own path when one was given, else below the output folder.
    static func results(_ context: RunContext) -> PictureWriter {
        PictureWriter(
            context: context, folder: context.folders.output,
            target: context.environment.resources[OutputTarget.self])
    }

    /// A writer of pictures to look at, below the temporary folder.
    static func previews(_ context: RunContext) -> PictureWriter {
        PictureWriter(context: context, folder: context.folders.temp, target: nil)
    }

    /// What is wrong with a prefix that is written in the graph, before hours are spent on the picture.
    ///
    /// - Parameters:
    ///   - input: the node's input.
    ///   - environment: where the graph shall run; a target of its own makes prefixes meaningless.
    /// - Returns: one problem, or none.
    static func problems(with input: InputReference<String>, in environment: RunEnvironment) -> [InputProblem]
    {
        guard environment.resources[OutputTarget.self] == nil, let prefix = input.literal else { return [] }
        do {
            try OutputName.check(prefix: prefix)
            return []
        } catch {
            return [input.problem("\(error)")]
        }
    }

    /// Encodes and writes every picture of a batch, and reports the files.
    ///
    /// Where memory is only planned, nothing is made or written: what it would take is noted.
    ///
    /// - Parameters:
    ///   - images: the pictures.
    ///   - prefix: how file names begin, see `OutputName`.
    ///   - fileExtension: without a dot.
    ///   - mark: what stands between a file's number and its extension.
    ///   - valueBytes: bytes of a value in a bitmap.
    ///   - bitmap: makes the pixels of one picture.
    ///   - encode: makes the bytes of a file.
    /// - Throws: `FolderError` and `FileError` where a file cannot be written; what `encode` throws.
    func write(
        _ images: ImageBatch, prefix: String, extension fileExtension: String, mark: String = "_",
        valueBytes: Int = 1,
        bitmap: (ImageBatch, Int) throws -> Bitmap = { try $0.bitmap($1) },
        encode: (Bitmap) throws -> [UInt8]
    ) throws {
        if let plan = context.environment.resources[Device.self]?.memoryPlan {
            let pixels = images.width * images.height * images.channels * valueBytes
            // The bitmap, and the file twice: as it grows and as it is written. It has about two thirds of the pixels' bytes.
            return plan.hold(pixels + 2 * pixels * 2 / 3)
        }
        for index in 0..<images.count {
            try context.checkCancellation()
            let bytes = try encode(bitmap(images, index))
            if let target {
                let file = try target.file(
                    for: .init(
                        nodeID: context.nodeID, index: index, count: images.count,
                        fileExtension: fileExtension))
                try AtomicFile.write(bytes, to: file.path(percentEncoded: false), existing: .replace)
                context.report(file: file)
            } else {
                let name = try OutputName(
                    prefix: prefix, in: folder, words: .init(width: images.width, height: images.height))
                context.report(
                    file: try name.create(extension: fileExtension, batch: index, mark: mark) {
                        try create($0, bytes)
                    })
            }
        }
    }

    /// Whether the name was free and now holds the bytes.
    private func create(_ file: URL, _ bytes: [UInt8]) throws -> Bool {
        do {
            try AtomicFile.write(bytes, to: file.path(percentEncoded: false))
            return true
        } catch  where error.isExisting {
            return false
        }
    }
}
