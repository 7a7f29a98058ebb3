#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Writes files so that a name holds a whole file or nothing, also after a crash or a power cut.
///
/// The bytes go to a file without a name, are forced to the disk, and only then get their name; the folder is forced to
/// the disk as well. A write that fails leaves nothing behind, and neither does a process that is killed.
///
/// Where the system has no files without names, a hidden one in the same folder (`.diorama-….tmp`) takes their place,
/// which stays behind when the process is killed in the middle.
public enum AtomicFile {
    /// What to do where the name is taken.
    public enum Existing: Hashable, Sendable {
        /// Leave that file alone and throw a `FileError` whose `isExisting` is true.
        case keep
        /// Put the new file in its place.
        case replace
    }

    /// Writes a file.
    ///
    /// - Throws: `FileError`; with `.keep` also where the name was taken in the same moment by another program.
    public static func write(_ bytes: [UInt8], to path: String, existing: Existing = .keep) throws(FileError)
    {
        guard !path.isEmpty, !path.utf8.contains(0) else { throw FileError(writing: path, EINVAL) }
        let folder = folder(of: path)
        if try !writeUnnamed(bytes, to: path, in: folder, existing) {
            try writeNamed(bytes, to: path, in: folder, existing)
        }
        synchronize(folder: folder)
    }

    /// Writes through a file that has no name until it is whole.
    ///
    /// - Returns: false where the system cannot do this, or says no for a reason that `writeNamed` tells better.
    private static func writeUnnamed(
        _ bytes: [UInt8], to path: String, in folder: String, _ existing: Existing
    ) throws(FileError) -> Bool {
        guard let file = openUnnamed(in: folder) else { return false }
        defer { close(file) }
        let problem = flush(bytes, to: file)
        if problem != 0 { throw FileError(writing: path, problem) }
        return try publish(unnamed: file, as: path, in: folder, existing)
    }

    /// Opens a file without a name, which goes when it is closed; nil where the system cannot do this.
    static func openUnnamed(in folder: String) -> CInt? {
        #if os(Linux)
        // O_TMPFILE, which is not imported: its own bit besides O_DIRECTORY.
        let file = open(folder, O_WRONLY | O_CLOEXEC | O_DIRECTORY | 0o20000000, 0o666)
        return file >= 0 ? file : nil
        #else
        return nil
        #endif
    }

    /// Gives a file without a name one.
    ///
    /// - Returns: false where the system says no for a reason that `writeNamed` tells better.
    static func publish(
        unnamed file: CInt, as path: String, in folder: String, _ existing: Existing
    ) throws(FileError) -> Bool {
        #if os(Linux)
        func link(as name: String) -> CInt {
            linkat(AT_FDCWD, "/proc/self/fd/\(file)", AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0 ? 0 : errno
        }
        switch (link(as: path), existing) {
        case (0, _): return true
        case (EEXIST, .keep): throw FileError(writing: path, EEXIST)
        case (EEXIST, .replace):
            let temporary = temporaryName(in: folder)
            guard link(as: temporary) == 0 else { return false }
            try replace(path, with: temporary)
            return true
        default: return false
        }
        #else
        return false
        #endif
    }

    /// Writes through a hidden file with a name of its own.
    private static func writeNamed(
        _ bytes: [UInt8], to path: String, in folder: String, _ existing: Existing
    ) throws(FileError) {
        let temporary = temporaryName(in: folder)
        let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard file >= 0 else { throw FileError(writing: path, errno) }
        do {
            try fill(file, with: bytes, for: path)
            try name(temporary, as: path, existing)
        } catch {
            unlink(temporary)
            throw error
        }
    }

    static func temporaryName(in folder: String) -> String {
        folder + "/.diorama-" + String(UInt64.random(in: .min ... .max), radix: 16) + ".tmp"
    }

    /// Writes all bytes and forces them to the disk; returns 0, or the `errno` of what failed.
    private static func flush(_ bytes: [UInt8], to file: CInt) -> CInt {
        let problem = writeAll(bytes, to: file)
        return problem == 0 && fsync(file) != 0 ? errno : problem
    }

    /// Puts a file in the place of another; the file goes where that fails.
    private static func replace(_ path: String, with temporary: String) throws(FileError) {
        guard rename(temporary, path) != 0 else { return }
        let problem = errno
        unlink(temporary)
        throw FileError(writing: path, problem)
    }

    /// Gives a file that is whole and on the disk another name, in place of what is there.
    ///
    /// - Parameters:
    ///   - path: what it is called now.
    ///   - name: what it shall be called, in the same folder.
    /// - Throws: `FileError` when it cannot be renamed.
    public static func publish(_ path: String, as name: String) throws(FileError) {
        guard rename(path, name) == 0 else { throw FileError(writing: name, errno) }
        synchronize(folder: folder(of: name))
    }

    /// Writes and closes the temporary file.
    private static func fill(_ file: CInt, with bytes: [UInt8], for path: String) throws(FileError) {
        var problem = flush(bytes, to: file)
        if close(file) != 0, problem == 0 { problem = errno }
        if problem != 0 { throw FileError(writing: path, problem) }
    }

    /// Gives the temporary file its name.
    private static func name(_ temporary: String, as path: String, _ existing: Existing) throws(FileError) {
        switch existing {
        case .replace: try replace(path, with: temporary)
        case .keep:
            // A link fails where the name is taken, which a plain rename does not.
            if link(temporary, path) == 0 {
                unlink(temporary)
                return
            }
            guard [EPERM, ENOTSUP, ENOSYS, EOPNOTSUPP].contains(errno) else {
                throw FileError(writing: path, errno)
            }
            try claimAndRename(temporary, path)
        }
    }

    /// For file systems without links (FAT): takes the name with an empty file, then replaces that.
    private static func claimAndRename(_ temporary: String, _ path: String) throws(FileError) {
        let claim = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard claim >= 0 else { throw FileError(writing: path, errno) }
        close(claim)
        guard rename(temporary, path) == 0 else {
            let problem = errno
            unlink(path)
            throw FileError(writing: path, problem)
        }
    }

    /// Forces a new name to the disk.
    ///
    /// The file is already whole, so a folder that cannot do this is no failure.
    private static func synchronize(folder: String) {
        let directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { return }
        fsync(directory)
        close(directory)
    }

    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
