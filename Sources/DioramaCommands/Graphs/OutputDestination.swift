package import DioramaImage
package import DioramaNodes
package import FoundationEssentials

/// Where `--output` sends the pictures.
package enum OutputDestination: Sendable, Equatable {
    /// The graph's own names, in this folder.
    case folder(URL)
    /// The first picture to this file, in this format.
    case file(URL, ImageFormat)

    /// Reads `--output` and checks, before anything is computed, that it can be written.
    ///
    /// - Parameters:
    ///   - argument: a path that ends in `.png`, `.jpg` or `.jpeg`, or a folder; nil for `output/` in the working folder.
    ///   - workingFolder: where relative paths count from.
    /// - Throws: ``CommandError`` of status `usage` for another ending, `failed` where nothing can be written.
    package init(_ argument: String?, workingFolder: URL) throws {
        let argument = argument ?? "output/"
        let url = fileURL(argument, in: workingFolder)
        if argument.hasSuffix("/") || isFolder(url) {
            // The folders that are not there yet are made when the first picture is written.
            try checkWritable(nearestExisting(url), for: argument)
            self = .folder(url)
            return
        }
        let ending = url.pathExtension
        guard ["png", "jpg", "jpeg"].contains(ending.lowercased()),
            let format = ImageFormat(fileExtension: ending)
        else {
            throw CommandError.usage(
                "--output '\(argument)': expected a name that ends in .png, .jpg or .jpeg, or a folder (end it with /)"
            )
        }
        guard url.lastPathComponent.utf8.count <= 255 else {
            throw CommandError.usage("--output: the file's name has more than 255 bytes")
        }
        try checkWritable(url.deletingLastPathComponent(), for: argument)
        try checkReplaceable(url, for: argument)
        self = .file(url, format)
    }

    /// The format the graph's save nodes must have; nil when it does not matter.
    package var format: ImageFormat? {
        if case .file(_, let format) = self { format } else { nil }
    }

    /// What sends the pictures of one render there; nil where they go by the graph's own names.
    package var target: OutputTarget? {
        if case .file(let path, _) = self { OutputTarget(path) } else { nil }
    }
}
