#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// What the system says about a file or folder.
package struct FileStatus {
    /// Whether it is a folder.
    package let isFolder: Bool
    /// Whether it is a regular file: no folder, pipe, socket or device.
    package let isFile: Bool
    /// Its size.
    package let byteCount: Int
    /// When its content last changed, in seconds and nanoseconds since 1970.
    package let modified: (seconds: Int, nanoseconds: Int)

    /// Asks the system, following symbolic links.
    ///
    /// - Parameter path: absolute, or relative to the working folder; nil comes back when nothing is there.
    package init?(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        isFolder = status.st_mode & S_IFMT == S_IFDIR
        isFile = status.st_mode & S_IFMT == S_IFREG
        byteCount = Int(status.st_size)
        #if canImport(Darwin)
        let time = status.st_mtimespec
        #else
        let time = status.st_mtim
        #endif
        modified = (Int(time.tv_sec), Int(time.tv_nsec))
    }
}
