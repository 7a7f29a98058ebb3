import DioramaFiles
import DioramaGraph
import DioramaImage

/// What looking at every file of a folder found.
public struct BatchVerification: Sendable {
    /// Something that is not as it was recorded.
    public struct Finding: Sendable, Hashable, CustomStringConvertible {
        /// The file, as a path from the folder.
        public let path: String
        /// What is wrong with it.
        public let problem: String

        /// `a-fox.png: it is not there`.
        public var description: String { "\(path): \(problem)" }
    }

    /// Items that were made.
    public internal(set) var items = 0
    /// Items that failed when they were last tried; they have no files.
    public internal(set) var failed = 0
    /// Files that the manifests name, and their bytes as they were recorded.
    public internal(set) var files = 0, bytes = 0
    /// How many things are wrong.
    public internal(set) var findingCount = 0
    /// The first 1000 of them.
    public internal(set) var findings: [Finding] = []

    /// Whether every file is there and whole.
    public var isWhole: Bool { findingCount == 0 }

    mutating func note(_ path: String, _ problem: String) {
        findingCount += 1
        if findings.count < 1000 { findings.append(Finding(path: path, problem: problem)) }
    }
}

extension BatchFolder {
    /// Looks whether every file of the manifests is there, has the bytes that were recorded, and can be decoded.
    ///
    /// - Parameter onFile: told after each file how many there were.
    /// - Returns: what is wrong.
    /// - Throws: `ListError` when there is no manifest, or one cannot be read.
    public func verify(onFile: (Int) -> Void = { _ in }) throws -> BatchVerification {
        try requireManifest()
        var result = BatchVerification()
        let words = try LastWords(in: self)
        for line in words.unreadable {
            result.note(
                line.manifest.lastPathComponent,
                "line \(line.line) is no entry: a crash tore it, or it was changed")
        }
        result.findingCount = words.unreadableCount
        try words.forEach { entry, _ in
            guard entry.isDone else {
                result.failed += 1
                return
            }
            result.items += 1
            for file in entry.files {
                if let problem = problem(with: file) { result.note(file.path, problem) }
                result.files += 1
                result.bytes += file.bytes
                onFile(result.files)
            }
        }
        return result
    }

    /// What is wrong with a file; nil when it is as it was recorded.
    private func problem(with file: ManifestEntry.File) -> String? {
        guard (try? SafeName(file.path)) != nil else { return "this path leads out of the folder" }
        let path = self.file(file.path).path(percentEncoded: false)
        guard let status = FileStatus(path) else { return "it is not there" }
        guard status.isFile else { return "it is no file" }
        guard status.byteCount == file.bytes else {
            return "it has \(status.byteCount) bytes, expected \(file.bytes)"
        }
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try InputFile.read(path)
        } catch {
            return "it cannot be read: \(error.reason)"
        }
        guard ManifestEntry.File.hash(of: bytes) == file.hash else {
            return "its bytes are not those that were written"
        }
        // Files of other kinds, which nodes of one's own may save, are compared only.
        guard ImageFormat(detecting: bytes) != nil || Self.namesPicture(file.path) else { return nil }
        do throws(ImageError) {
            _ = try ImageFile.decode(bytes)
        } catch {
            return "it cannot be decoded: \(error)"
        }
        return nil
    }
}
