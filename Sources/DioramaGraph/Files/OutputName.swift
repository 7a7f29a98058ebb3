#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Names for the files that a node saves: `<prefix>_00001_.png`, `<prefix>_00002_.png`, as ComfyUI counts them.
///
/// The prefix may hold folders (`fox/red` saves in `fox`), which stay inside the output folder and are made when
/// missing, and the words `%width%`, `%height%`, `%year%`, `%month%`, `%day%`, `%hour%`, `%minute%`, `%second%` (local
/// time) and `%batch_num%`.
public struct OutputName: Sendable {
    /// What the words in a prefix stand for.
    public struct Words: Sendable, Hashable {
        /// Pixels.
        public var width: Int
        /// Pixels.
        public var height: Int
        /// When; shown in local time.
        public var date: Date

        /// What the words stand for.
        ///
        /// - Parameters:
        ///   - width: pixels.
        ///   - height: pixels.
        ///   - date: when.
        public init(width: Int, height: Int, date: Date = Date()) {
            self.width = width
            self.height = height
            self.date = date
        }
    }

    /// The folder that the files go to; it exists.
    public let folder: URL
    /// The last part of the prefix; `%batch_num%` still stands in it.
    private let base: String

    /// Leaves room in 255 bytes for batch number, counter and extension.
    private static let longestBase = 200
    /// How many taken names are passed over before giving up.
    private static let mostTries = 10_000

    /// Prepares names in a folder.
    ///
    /// - Parameters:
    ///   - prefix: what the graph says.
    ///   - output: the folder that all results stay in, `folders.output` or `folders.temp`; made when missing.
    ///   - words: what the words in the prefix stand for.
    /// - Throws: `FolderError` when the prefix leads outside the folder, has no name, or a folder cannot be made.
    public init(prefix: String, in output: URL, words: Words) throws(FolderError) {
        // The form of the whole is checked before any folder is made.
        let (above, base) = try Self.parts(of: words.expand(prefix))
        self.base = base
        if above.isEmpty {
            try makeFolder(output)
            folder = output
        } else {
            folder = try SafeName(above).createdFolder(in: output)
        }
    }

    /// Checks the form of a prefix, for validation before anything runs; what is on the disk is not looked at.
    ///
    /// - Parameter prefix: what the graph says.
    /// - Throws: `FolderError.refused` when it has no name, leads outside its folder, or is too long.
    public static func check(prefix: String) throws(FolderError) {
        _ = try parts(of: Words(width: 99_999, height: 99_999).expand(prefix))
    }

    /// The folders and the last part of an expanded prefix.
    private static func parts(of expanded: String) throws(FolderError) -> (above: String, base: String) {
        let parts = try SafeName(expanded).name.split(separator: "/")
        let base = parts.last.map(String.init) ?? expanded
        guard base.utf8.count <= longestBase else {
            throw .refused(name: expanded, reason: "is too long for a file: at most \(longestBase) bytes")
        }
        return (parts.dropLast().joined(separator: "/"), base)
    }

    /// Makes the next file: tries one name after another until `create` accepts one, so that two processes that save at
    /// once never share a name.
    ///
    /// - Parameters:
    ///   - fileExtension: `png` or `jpg`, without a dot.
    ///   - batch: the picture's place in its batch, for `%batch_num%`.
    ///   - mark: what stands between the number and the dot.
    ///   - create: makes a file that is whole and new, never replacing one; returns false when the name is taken.
    /// - Returns: where the file is.
    /// - Throws: what `create` throws, or `FolderError.system` when no name is free.
    public func create(
        extension fileExtension: String, batch: Int = 0, mark: String = "_", _ create: (URL) throws -> Bool
    ) throws -> URL {
        let name = base.replacing("%batch_num%", with: "\(batch)")
        let start = highestCounter(of: name) + 1
        for counter in start..<(start + Self.mostTries) {
            let digits = String(counter)
            let padding = String(repeating: "0", count: max(0, 5 - digits.count))
            let file = folder.appending(path: "\(name)_\(padding)\(digits)\(mark).\(fileExtension)")
            if try create(file) { return file }
        }
        let path = folder.path(percentEncoded: false)
        throw FolderError.system(path: path, reason: "no free name was found after \(name)_\(start)")
    }

    /// The highest N of the files `<name>_N...`, 0 when there is none.
    private func highestCounter(of name: String) -> Int {
        let path = folder.path(percentEncoded: false)
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return entries.reduce(0) { highest, entry in
            guard entry.hasPrefix(name + "_") else { return highest }
            let digits = entry.dropFirst(name.count + 1).prefix { $0.isASCII && $0.isNumber }
            // A number of more than 12 digits is no counter of ours.
            guard digits.count <= 12, let counter = Int(digits) else { return highest }
            return max(highest, counter)
        }
    }
}

extension OutputName.Words {
    /// A prefix with its words replaced, all but `%batch_num%`.
    func expand(_ prefix: String) -> String {
        guard prefix.contains("%") else { return prefix }
        var seconds = time_t(date.timeIntervalSince1970)
        var local = tm()
        localtime_r(&seconds, &local)
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return [
            ("%width%", "\(width)"), ("%height%", "\(height)"), ("%year%", "\(Int(local.tm_year) + 1900)"),
            ("%month%", two(local.tm_mon + 1)), ("%day%", two(local.tm_mday)), ("%hour%", two(local.tm_hour)),
            ("%minute%", two(local.tm_min)), ("%second%", two(local.tm_sec)),
        ].reduce(prefix) { $0.replacing($1.0, with: $1.1) }
    }
}
