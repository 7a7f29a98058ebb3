#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// The folders that an `extra_model_paths.yaml` names, as ComfyUI reads it.
///
///     comfyui:
///         base_path: ~/comfyui
///         is_default: true
///         checkpoints: models/checkpoints
///         loras: |
///             models/loras
///             models/lycoris
///
/// Each section has kinds of models, with one folder or several, which count from `base_path` where there is one, and from the
/// file's own folder where there is none or it is relative.
public struct ExtraModelPaths: Sendable, Hashable {
    /// The folders, in the order of the file.
    public let folders: [ModelFolder]

    /// Reads the text of a file.
    ///
    /// - Parameters:
    ///   - yaml: the text: two levels of names, with plain or quoted values and blocks of lines (`|`).
    ///   - folder: the folder the file lies in, from which relative paths count.
    ///   - environment: values for `$NAME` and `${NAME}` in `base_path`; unknown ones stay as they are. `HOME` stands for `~`.
    /// - Throws: `ExtraModelPathsError` with the line.
    public init(
        _ yaml: String, in folder: URL, environment: [String: String] = [:]
    ) throws(ExtraModelPathsError) {
        var folders: [ModelFolder] = []
        for section in try YAMLSections(yaml).sections {
            var base = folder
            var isDefault = false
            for entry in section.entries {
                if entry.key == "base_path" {
                    guard !entry.value.isEmpty else {
                        throw entry.problem("base_path is empty, expected a folder")
                    }
                    base = Self.place(Self.expanded(entry.value, environment), in: folder)
                } else if entry.key == "is_default" {
                    isDefault = try Self.flag(entry)
                }
            }
            for entry in section.entries where entry.key != "base_path" && entry.key != "is_default" {
                let paths = entry.value.split(separator: "\n")
                guard !paths.isEmpty else {
                    throw entry.problem("\(entry.key) has no path, expected one or more")
                }
                folders += paths.map {
                    ModelFolder(kind: entry.key, url: Self.place(String($0), in: base), isDefault: isDefault)
                }
            }
        }
        self.folders = folders
    }

    private static func place(_ path: String, in folder: URL) -> URL {
        let url =
            path.hasPrefix("/")
            ? URL(filePath: path, directoryHint: .isDirectory)
            : folder.appending(path: path, directoryHint: .isDirectory)
        return url.standardizedFileURL
    }

    private static func flag(_ entry: YAMLSections.Entry) throws(ExtraModelPathsError) -> Bool {
        switch entry.value.lowercased() {
        case "true", "yes", "on": return true
        case "false", "no", "off": return false
        default: throw entry.problem("is_default is '\(entry.value)', expected true or false")
        }
    }

    /// `path` with `~` at its beginning and names of the environment replaced.
    private static func expanded(_ path: String, _ environment: [String: String]) -> String {
        var rest = path[...]
        var result = ""
        if let home = environment["HOME"], path == "~" || path.hasPrefix("~/") {
            result = home
            rest = rest.dropFirst()
        }
        while let dollar = rest.firstIndex(of: "$") {
            result += rest[..<dollar]
            let after = rest[dollar...].dropFirst()
            let isBraced = after.first == "{"
            let name = after.dropFirst(isBraced ? 1 : 0).prefix {
                isBraced ? $0 != "}" : $0 == "_" || $0.isASCII && ($0.isLetter || $0.isNumber)
            }
            let behind = after[name.endIndex...]
            let isClosed = !isBraced || behind.first == "}"
            rest = behind.dropFirst(isBraced && isClosed ? 1 : 0)
            if isClosed, let value = environment[String(name)] {
                result += value
            } else {
                result += path[dollar..<rest.startIndex]
            }
        }
        return result + rest
    }
}

/// A line of an `extra_model_paths.yaml` that cannot be used.
public struct ExtraModelPathsError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The line, from 1.
    public let line: Int
    /// What is wrong with it, and what was expected.
    public let problem: String

    /// `line 3: …`.
    public var description: String { "line \(line): \(problem)" }
}
