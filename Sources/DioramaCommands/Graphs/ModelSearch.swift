import DioramaFiles
package import DioramaGraph
package import FoundationEssentials

/// Where graphs find models and pictures when nobody says.
///
/// Models: every `--models` folder; else the folders of `DIORAMA_MODELS` (separated by colons); else every `models/` and
/// `samples/models/` in the graph's folder, the working folder, or any parent of either, the nearest first.
/// Pictures: `--input`; else the first `input/` or `samples/input/` found the same way; else the graph's own folder.
package struct ModelSearch: Sendable {
    /// Where the graph file lies; nil for standard input.
    package var graphFolder: URL?
    /// Where the command was started.
    package var workingFolder: URL
    /// The process's environment.
    package var environment: [String: String]

    /// A search that starts at these places.
    package init(graphFolder: URL?, workingFolder: URL, environment: [String: String]) {
        self.graphFolder = graphFolder
        self.workingFolder = workingFolder
        self.environment = environment
    }

    /// The model folders, in the order they are searched.
    ///
    /// - Parameter given: the `--models` options; relative ones count from the working folder.
    /// - Returns: folders that exist; none when nothing was given and none found.
    /// - Throws: ``CommandError`` of status `usage` for a given folder (or one of `DIORAMA_MODELS`) that does not exist.
    package func modelFolders(given: [String]) throws -> [URL] {
        if !given.isEmpty { return try given.map { try folder($0, from: "--models") } }
        let listed = (environment["DIORAMA_MODELS"] ?? "").split(separator: ":").map(String.init)
        if !listed.isEmpty { return try listed.map { try folder($0, from: "DIORAMA_MODELS") } }
        return nearest(["models", "samples/models"])
    }

    /// The folders that files like ComfyUI's `extra_model_paths.yaml` name.
    ///
    /// - Parameter given: the `--extra-model-paths` options; relative ones count from the working folder. Where there are none, the files
    ///   of `DIORAMA_EXTRA_MODEL_PATHS` count, separated by colons.
    /// - Returns: folders, which need not exist, in the order of the files.
    /// - Throws: ``CommandError`` of status `usage` for a file that does not exist, `wrongData` for one that cannot be read.
    package func extraModelFolders(given: [String]) throws -> [ModelFolder] {
        let name = "DIORAMA_EXTRA_MODEL_PATHS"
        let listed = (environment[name] ?? "").split(separator: ":").map(String.init)
        let option = given.isEmpty ? name : "--extra-model-paths"
        return try (given.isEmpty ? listed : given).flatMap { path in
            let url = fileURL(path, in: workingFolder)
            guard FileManager.default.fileExists(atPath: url.path), !isFolder(url) else {
                throw CommandError.usage("\(option): there is no file '\(path)'")
            }
            let bytes = try InputFile.read(url.path, limit: 1 << 20)
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw CommandError.data("\(path): the text is not UTF-8")
            }
            do {
                return try ExtraModelPaths(
                    text, in: url.deletingLastPathComponent(), environment: environment
                ).folders
            } catch {
                throw CommandError.data("\(path): \(error)")
            }
        }
    }

    /// The folder input pictures are read from.
    ///
    /// - Parameter given: the `--input` option; a relative one counts from the working folder.
    /// - Returns: one folder.
    /// - Throws: ``CommandError`` of status `usage` when `given` does not exist.
    package func inputFolder(given: String?) throws -> URL {
        if let given { return try folder(given, from: "--input") }
        return nearest(["input", "samples/input"]).first ?? graphFolder ?? workingFolder
    }

    /// Every existing folder of these names at the starting points and above, the nearest first, none twice.
    private func nearest(_ names: [String]) -> [URL] {
        var seen: Set<String> = []
        var found: [URL] = []
        for start in [graphFolder, workingFolder].compactMap(\.self) {
            for place in ancestors(start) {
                for name in names {
                    let candidate = place.appending(path: name, directoryHint: .isDirectory)
                    if seen.insert(candidate.path).inserted, isFolder(candidate) { found.append(candidate) }
                }
            }
        }
        return found
    }

    /// `start`, its parent, and so on up to the root.
    private func ancestors(_ start: URL) -> [URL] {
        var places = [start.standardizedFileURL]
        while let last = places.last, last.path != "/", places.count < 256 {
            places.append(last.deletingLastPathComponent().standardizedFileURL)
        }
        return places
    }

    private func folder(_ path: String, from option: String) throws -> URL {
        let url = fileURL(path, in: workingFolder)
        guard isFolder(url) else { throw CommandError.usage("\(option): there is no folder '\(path)'") }
        return url
    }
}
