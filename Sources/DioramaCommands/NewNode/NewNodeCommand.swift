import ArgumentParser
import DioramaFiles
import DioramaGraph
import DioramaImage
import FoundationEssentials

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// `diorama new-node`.
struct NewNodeCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "new-node",
        abstract: "Write a Swift package with a node of your own.",
        discussion: """
            The package builds at once: one node with its documentation, a test, a graph that uses it, and a command that is \
            the whole of diorama plus the node. Change the node into your own.

            EXAMPLES
              diorama new-node Vignette
              diorama new-node FilmGrain --in ~/nodes --diorama ~/src/diorama
            """)

    @Argument(help: "The node's class, in UpperCamelCase, as FilmGrain.")
    var name: String

    @Option(
        name: .customLong("in"),
        help: ArgumentHelp(
            "The folder in which the package's folder is made. Default: the working folder.", valueName: "dir"
        ),
        completion: .directory)
    var parent: String?

    @Option(
        help: ArgumentHelp(
            "Where the package finds Diorama: a folder with its sources, or the URL of its repository.",
            discussion: "Default: the sources around the new package, the working folder or this program.",
            valueName: "place"),
        completion: .directory)
    var diorama: String?

    func run(in context: CommandContext) async throws {
        let parent = parent.map { fileURL($0, in: context.workingFolder) } ?? context.workingFolder
        let folder = parent.appending(path: name, directoryHint: .isDirectory)
        let package = try NodePackage(
            name: name, diorama: dependency(of: folder, parent: parent, in: context))
        try create(folder)
        for file in package.files { try write(Array(file.text.utf8), to: folder.appending(path: file.path)) }
        try write(try PNG.encode(.samplePicture), to: folder.appending(path: "input/picture.png"))
        context.output.line(
            """
            \(folder.path)

            Try it:
              cd \(folder.path)
              swift build -c release
              .build/release/\(package.executable) render \(package.graph)

            Then change Sources/\(name)Nodes/\(name).swift into a node of your own.
            """)
    }

    // MARK: Where Diorama is

    private func dependency(of package: URL, parent: URL, in context: CommandContext) throws
        -> NodePackage.Dependency
    {
        if let diorama {
            if diorama.contains("://") || diorama.hasPrefix("git@") { return .repository(diorama) }
            let place = fileURL(diorama, in: context.workingFolder)
            guard Self.isDiorama(place) else {
                throw CommandError.usage("--diorama: \(place.path) does not hold Diorama's sources")
            }
            return .folder(place.path)
        }
        for case let place? in [parent, context.workingFolder, context.executable] {
            if let sources = Self.sources(around: place) {
                return .folder(Self.path(to: sources, from: package))
            }
        }
        throw CommandError.usage(
            "Diorama's sources are not near \(package.path); say where they are with --diorama")
    }

    /// The nearest folder with Diorama's sources, going up.
    private static func sources(around place: URL) -> URL? {
        var folder = place.standardizedFileURL
        while !isDiorama(folder) {
            guard folder.path != "/" else { return nil }
            folder = folder.deletingLastPathComponent().standardizedFileURL
        }
        return folder
    }

    private static func isDiorama(_ folder: URL) -> Bool {
        FileManager.default.fileExists(atPath: folder.appending(path: "Package.swift").path)
            && isFolder(folder.appending(path: "Sources/DioramaCommands"))
    }

    /// `../..` where the package lies among Diorama's own files, so that both can be moved together; else absolute.
    private static func path(to sources: URL, from package: URL) -> String {
        let (inner, outer) = (
            package.standardizedFileURL.pathComponents, sources.pathComponents.filter { $0 != "/" }
        )
        let inside = inner.filter { $0 != "/" }
        guard inside.starts(with: outer) else { return sources.path }
        return Array(repeating: "..", count: inside.count - outer.count).joined(separator: "/")
    }

    // MARK: Writing

    private func create(_ folder: URL) throws {
        guard !FileManager.default.fileExists(atPath: folder.path) else {
            throw CommandError.usage(
                "\(folder.path) is there already; choose another name, or another folder with --in")
        }
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        } catch {
            throw CommandError(
                .failed, "cannot make the folder \(folder.path): \(String(cString: strerror(errno)))")
        }
    }

    private func write(_ bytes: [UInt8], to file: URL) throws {
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try AtomicFile.write(bytes, to: file.path)
    }
}

extension Bitmap {
    /// A soft picture to try a node on, 256 by 192 pixels: a sky from blue to orange over a dark field.
    fileprivate static var samplePicture: Bitmap {
        get throws {
            let (width, height, horizon) = (256, 192, 128)
            var pixels: [UInt8] = []
            for y in 0..<height {
                for x in 0..<width {
                    let (across, down) = (Double(x) / Double(width), Double(y) / Double(horizon))
                    let color =
                        y < horizon
                        ? (70 + 170 * down, 110 + 60 * down, 200 - 90 * down)
                        : (40 + 40 * across, 80 + 50 * across, 40.0)
                    pixels += [UInt8(color.0), UInt8(color.1), UInt8(color.2)]
                }
            }
            return try Bitmap(width: width, height: height, channels: .rgb, pixels: pixels)
        }
    }
}
