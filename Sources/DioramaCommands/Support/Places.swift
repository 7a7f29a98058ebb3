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
