import ArgumentParser
import FoundationEssentials

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Where a path given on the command line leads; a relative one counts from `folder`.
func fileURL(_ path: String, in folder: URL) -> URL {
    (path.hasPrefix("/") ? URL(filePath: path) : folder.appending(path: path)).standardizedFileURL
}

/// Refuses empty paths, which are mostly shell variables that nobody set and would mean the working folder.
///
/// - Parameters:
///   - paths: what was given for the option or argument, if anything.
///   - name: what the user calls it.
/// - Throws: `ValidationError` when a path is empty.
func refuseEmptyPaths(_ paths: [String?], of name: String) throws {
    guard !paths.contains("") else { throw ValidationError("\(name): the path is empty") }
}

/// Whether a folder (not a file) is at `url`.
func isFolder(_ url: URL) -> Bool {
    var folder = false
    return FileManager.default.fileExists(atPath: url.path, isDirectory: &folder) && folder
}

/// `url`, or the nearest of its parents that exists.
func nearestExisting(_ url: URL) -> URL {
    var place = url.standardizedFileURL
    while !FileManager.default.fileExists(atPath: place.path), place.path != "/" {
        place = place.deletingLastPathComponent().standardizedFileURL
    }
    return place
}

/// Makes sure that files can be put into `folder`, before hours are spent on them.
///
/// - Parameters:
///   - folder: where they shall go.
///   - argument: what the user asked to write, for the message.
/// - Throws: ``CommandError`` of status `failed` where they cannot.
func checkWritable(_ folder: URL, for argument: String) throws {
    let reason: String
    if !FileManager.default.fileExists(atPath: folder.path) {
        reason = "the folder \(folder.path) does not exist"
    } else if !isFolder(folder) {
        reason = "\(folder.path) is not a folder"
    } else if access(folder.path, W_OK | X_OK) != 0 {
        reason = errno == EROFS ? "\(folder.path) is read-only" : "no permission to write in \(folder.path)"
    } else {
        return
    }
    throw CommandError(.failed, "cannot write \(argument): \(reason)")
}

/// Makes sure that a file can be put in the place of what is at `url`, if anything is.
///
/// - Parameters:
///   - url: where the file shall go.
///   - argument: what the user asked to write, for the message.
/// - Throws: ``CommandError`` of status `failed` where a folder, a device or a pipe has the name.
func checkReplaceable(_ url: URL, for argument: String) throws {
    var status = stat()
    guard lstat(url.path, &status) == 0 else { return }
    let kind: String
    switch status.st_mode & S_IFMT {
    case S_IFREG, S_IFLNK: return
    case S_IFDIR: kind = "a folder"
    case S_IFIFO: kind = "a pipe"
    default: kind = "a device"
    }
    throw CommandError(.failed, "cannot write \(argument): \(kind) has this name; choose another")
}
