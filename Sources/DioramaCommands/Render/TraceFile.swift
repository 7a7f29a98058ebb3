import DioramaFiles
import FoundationEssentials

/// The file of `--trace` and what is collected for it.
struct TraceFile {
    let recorder = TraceRecorder()
    private let path: String

    /// Checks, before anything is computed, that the file can be written.
    ///
    /// - Throws: ``CommandError`` of status `failed` when it cannot.
    init(_ argument: String, workingFolder: URL) throws {
        let url = fileURL(argument, in: workingFolder)
        try checkWritable(url.deletingLastPathComponent(), for: argument)
        try checkReplaceable(url, for: argument)
        path = url.path
    }

    /// Writes what was collected so far; an existing file is replaced.
    ///
    /// - Throws: `FileError` when it cannot be written.
    func write() throws { try AtomicFile.write(Array(recorder.json().utf8), to: path, existing: .replace) }
}
