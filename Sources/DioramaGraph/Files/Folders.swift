#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// Where models, inputs and outputs are, and the only way from a name in a graph to a file.
///
/// A name is a relative path that stays inside its folder: `..`, absolute paths, NUL, over-long names and symbolic
/// links that lead outside are refused.
public struct Folders: Sendable, Hashable {
    /// Folders that hold models, searched in order; each may have ComfyUI's subfolders such as `checkpoints`.
    public var models: [URL]
    /// Folders with models of one kind besides: the default ones are searched before the models folders, others after them.
    public var extraModels: [ModelFolder]
    /// What graphs read.
    public var input: URL
    /// What graphs write.
    public var output: URL
    /// What may be deleted after the run, such as previews.
    public var temp: URL

    /// Names the folders; none needs to exist yet.
    ///
    /// - Parameters:
    ///   - models: folders that hold models, searched in order.
    ///   - extraModels: folders with models of one kind besides.
    ///   - input: what graphs read.
    ///   - output: what graphs write.
    ///   - temp: what may be deleted after the run.
    public init(models: [URL], extraModels: [ModelFolder] = [], input: URL, output: URL, temp: URL) {
        self.models = models
        self.extraModels = extraModels
        self.input = input
        self.output = output
        self.temp = temp
    }

    /// The file in the input folder that a graph names.
    ///
    /// - Parameter name: a relative path; a trailing ` [input]`, ` [output]` or ` [temp]` chooses another folder, as in
    ///   ComfyUI.
    /// - Returns: where it is, symbolic links resolved.
    /// - Throws: `FolderError` when the name is refused, nothing is there, or it is no file (a folder, a pipe).
    public func inputFile(_ name: String) throws(FolderError) -> URL {
        for (mark, folder) in [(" [input]", input), (" [output]", output), (" [temp]", temp)]
        where name.hasSuffix(mark) {
            return try existingFile(String(name.dropLast(mark.count)), in: folder)
        }
        return try existingFile(name, in: input)
    }

    /// The model file or folder that a graph names.
    ///
    /// - Parameters:
    ///   - name: a path relative to one of the folders; `\` counts as `/` if nothing has the name as it is, for graphs
    ///     from Windows.
    ///   - kinds: subfolders of each models folder, such as `["checkpoints"]`, and kinds of the extra folders.
    ///   - includingRoots: whether it may also lie in a models folder itself.
    /// - Returns: where it is, symbolic links resolved.
    /// - Throws: `FolderError` when the name is refused, or nothing is there: it says where it looked.
    public func model(
        _ name: String, in kinds: [String], includingRoots: Bool = false
    ) throws(FolderError) -> URL {
        let places = modelFolders(kinds, includingRoots: includingRoots)
        do {
            return try existing(name, in: places, as: "model")
        } catch {
            guard case .missing = error, name.contains("\\") else { throw error }
            return try existing(String(name.map { $0 == "\\" ? "/" : $0 }), in: places, as: "model")
        }
    }

    /// The models of some kinds, as graphs name them.
    ///
    /// - Parameters:
    ///   - kinds: subfolders of each models folder, and kinds of the extra folders, searched to the bottom.
    ///   - includingRoots: whether to look directly in each models folder too, not below.
    ///   - isModel: tells whether a file or folder is a model; a folder that is one is not searched further.
    /// - Returns: relative paths, sorted, each once.
    public func models(
        in kinds: [String], includingRoots: Bool = false, where isModel: (URL) -> Bool
    ) -> [String] {
        var names: Set<String> = []
        for place in modelFolders(kinds, includingRoots: false) {
            names.formUnion(Self.names(in: place, depth: FolderListing.deepest, where: isModel))
        }
        if includingRoots {
            for root in models { names.formUnion(Self.names(in: root, depth: 0, where: isModel)) }
        }
        return names.sorted()
    }

    /// The files of the input folder, as graphs name them.
    ///
    /// - Parameter isWanted: tells whether a file is wanted; folders are searched unless wanted themselves.
    /// - Returns: relative paths, sorted.
    public func inputs(where isWanted: (URL) -> Bool) -> [String] {
        Self.names(in: input, depth: FolderListing.deepest, where: isWanted).sorted()
    }

    /// The files of the output folder, as graphs name them to read: with the folder's mark behind.
    ///
    /// - Parameter isWanted: tells whether a file is wanted; folders are searched unless wanted themselves.
    /// - Returns: relative paths and ` [output]`, sorted.
    public func outputs(where isWanted: (URL) -> Bool) -> [String] {
        Self.names(in: output, depth: FolderListing.deepest, where: isWanted).sorted().map {
            $0 + " [output]"
        }
    }

    /// The names that can also be looked up: a link that leads outside the folder is no choice.
    private static func names(in folder: URL, depth: Int, where isWanted: (URL) -> Bool) -> [String] {
        FolderListing(of: folder, depth: depth, where: isWanted).names.filter { name in
            (try? SafeName(name).resolved(in: folder)) != nil
        }
    }

    /// The folders of some kinds in the order in which they are searched, each once.
    private func modelFolders(_ kinds: [String], includingRoots: Bool) -> [URL] {
        let wanted = Set(kinds.map(ModelFolder.current))
        let extra = extraModels.filter { wanted.contains($0.kind) }
        let own = models.flatMap { root in
            kinds.map { root.appending(path: $0, directoryHint: .isDirectory) }
                + (includingRoots ? [root] : [])
        }
        // ComfyUI puts each default folder before all that it knows.
        let all =
            extra.filter(\.isDefault).map(\.url).reversed() + own + extra.filter { !$0.isDefault }.map(\.url)
        var seen: Set<String> = []
        return all.filter { seen.insert($0.standardizedFileURL.path).inserted }
    }

    private func existingFile(_ name: String, in folder: URL) throws(FolderError) -> URL {
        let file = try existing(name, in: [folder], as: "file")
        // A pipe would be waited for without end.
        guard FileStatus(file.path(percentEncoded: false))?.isFile == true else {
            throw .refused(name: name, reason: "is no file but a folder or a device")
        }
        return file
    }

    private func existing(_ name: String, in folders: [URL], as what: String) throws(FolderError) -> URL {
        for folder in folders {
            if let found = try SafeName(name).resolved(in: folder) { return found }
        }
        _ = try SafeName(name)
        throw .missing(what: what, name: name, folders: folders.map { $0.path(percentEncoded: false) })
    }
}

/// Why a name in a graph does not lead to a file.
public enum FolderError: Error, Hashable, CustomStringConvertible {
    /// The name itself is not allowed; the reason follows its quotation.
    case refused(name: String, reason: String)
    /// Nothing has the name in any of the folders.
    case missing(what: String, name: String, folders: [String])
    /// The system refused.
    case system(path: String, reason: String)

    /// One sentence.
    public var description: String {
        switch self {
        case .refused(let name, let reason): "the name \(quoted(name)) \(reason)"
        case .missing(let what, let name, let folders):
            folders.isEmpty
                ? "there is no \(what) \(quoted(name)): no folder to look in was given"
                : "there is no \(what) \(quoted(name)); looked in \(folders.joined(separator: ", "))"
        case .system(let path, let reason): "\(path): \(reason)"
        }
    }
}
