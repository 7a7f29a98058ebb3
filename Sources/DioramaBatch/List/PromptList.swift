#if canImport(FoundationEssentials)
import DioramaFiles
public import FoundationEssentials
#else
public import Foundation
#endif

/// A prompt list: what to make, a line for each.
///
/// | format | a line |
/// |---|---|
/// | txt | a prompt; lines that begin with `#` are comments, `\#` begins a prompt with `#` |
/// | csv, tsv | cells below a header of names: `prompt`, `negative`, `seed`, `steps`, `cfg`, `width`, `height`, `name`, or `node.input`; an empty cell leaves the graph's value |
/// | jsonl | an object with the same names, `{"prompt": "a fox", "sampler": {"steps": 8}}`, or only a text |
///
/// Text is UTF-8. Blank lines are passed over; lines count from 1.
public struct PromptList: Sendable {
    private enum Source {
        case bytes([UInt8])
        case file(String)
        case descriptor(Int32)
    }

    /// What messages call the list.
    public let name: String
    /// Whether it can be read only once, so that its lines are checked as they come.
    public let isStream: Bool
    private let source: Source
    private let format: ListFormat?

    /// A list in a file; also a named pipe.
    ///
    /// - Parameters:
    ///   - file: where it is.
    ///   - format: how it is written; nil to go by the ending, or else by the first line.
    public init(contentsOf file: URL, format: ListFormat? = nil) {
        let path = file.path(percentEncoded: false)
        name = file.lastPathComponent
        source = .file(path)
        isStream = !ByteSource.isRegularFile(path)
        self.format = format ?? ListFormat(fileExtension: file.pathExtension)
    }

    /// A list in memory.
    ///
    /// - Parameters:
    ///   - text: its lines.
    ///   - format: how they are written; nil to go by the first line.
    ///   - name: what messages call it.
    public init(_ text: String, format: ListFormat? = nil, name: String = "the list") {
        self.init(Array(text.utf8), format: format, name: name)
    }

    /// A list in memory.
    ///
    /// - Parameters:
    ///   - bytes: its lines.
    ///   - format: how they are written; nil to go by the first line.
    ///   - name: what messages call it.
    public init(_ bytes: [UInt8], format: ListFormat? = nil, name: String = "the list") {
        self.name = name
        source = .bytes(bytes)
        isStream = false
        self.format = format
    }

    /// A list that is read from an open file as it comes.
    ///
    /// - Parameters:
    ///   - descriptor: a pipe, terminal or file; it is not closed.
    ///   - format: how it is written; nil to go by the first line.
    ///   - name: what messages call it.
    public init(descriptor: Int32, format: ListFormat? = nil, name: String = "standard input") {
        self.name = name
        source = .descriptor(descriptor)
        isStream = true
        self.format = format
    }

    /// A reader at the list's beginning.
    ///
    /// - Parameter isCancelled: asked while waiting for bytes.
    /// - Returns: a reader that nothing else uses.
    /// - Throws: `ListError` when the list cannot be opened.
    func reader(isCancelled: @escaping @Sendable () -> Bool = { false }) throws -> ListReader {
        let bytes: ByteSource
        switch source {
        case .bytes(let all): bytes = ByteSource(all)
        case .descriptor(let number): bytes = ByteSource(descriptor: number, isCancelled: isCancelled)
        case .file(let path):
            do {
                bytes = try ByteSource(path: path, isCancelled: isCancelled)
            } catch let error as FileError {
                throw ListError(name, error.reason)
            }
        }
        return ListReader(bytes, format: format, name: name)
    }

    /// Calls a function with each line, in order.
    ///
    /// - Parameter body: takes a line, or what is wrong with it.
    /// - Throws: `ListError` when the list as a whole cannot be used, and what `body` throws.
    public func forEach(_ body: (ListEntry) throws -> Void) throws {
        let reader = try reader()
        while let entry = try reader.next() { try body(entry) }
    }
}
