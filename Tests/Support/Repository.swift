public import FoundationEssentials

/// Places in this repository, found from the path of this source file.
public enum Repository {
    /// The folder that holds Package.swift.
    public static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// A file or folder by its path from the root: `Repository.url("samples/models/diorama-tiny")`.
    public static func url(_ path: String) -> URL { root.appending(path: path) }
}

/// Reference files under Tests/Golden, each written by a script of tools/golden.
public enum Golden {
    /// A reference file by its path from Tests/Golden.
    public static func url(_ path: String) -> URL { Repository.url("Tests/Golden/" + path) }

    /// The bytes of a reference file.
    public static func data(_ path: String) throws -> Data { try Data(contentsOf: url(path)) }
}
