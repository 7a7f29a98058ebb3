import DioramaFiles

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The bytes of a list, in pieces as they come.
final class ByteSource {
    private enum Origin {
        case bytes([UInt8])
        case descriptor(CInt, closes: Bool)
    }

    private var origin: Origin
    private let path: String
    private let isCancelled: @Sendable () -> Bool
    private var piece: [UInt8] = []

    /// Bytes that are there already.
    init(_ bytes: [UInt8]) {
        origin = .bytes(bytes)
        path = ""
        isCancelled = { false }
    }

    /// The bytes of an open file, which the source does not close.
    ///
    /// - Parameters:
    ///   - descriptor: a file, pipe or terminal.
    ///   - isCancelled: asked while waiting; once it says so, reading throws.
    init(descriptor: CInt, isCancelled: @escaping @Sendable () -> Bool) {
        origin = .descriptor(descriptor, closes: false)
        path = "standard input"
        self.isCancelled = isCancelled
    }

    /// The bytes of a file.
    init(path: String, isCancelled: @escaping @Sendable () -> Bool) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError(reading: path, errno) }
        self.path = path
        origin = .descriptor(descriptor, closes: true)
        self.isCancelled = isCancelled
    }

    deinit {
        if case .descriptor(let descriptor, closes: true) = origin { close(descriptor) }
    }

    /// Whether something can be read a second time.
    static func isRegularFile(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    /// The next bytes, as many as there are; none at the end.
    ///
    /// - Throws: `FileError`, or `CancellationError` when the wait was given up.
    func next() throws -> [UInt8] {
        switch origin {
        case .bytes(let bytes):
            origin = .bytes([])
            return bytes
        case .descriptor(let descriptor, _): return try piece(of: descriptor)
        }
    }

    private func piece(of descriptor: CInt) throws -> [UInt8] {
        if piece.isEmpty { piece = Array(repeating: 0, count: 1 << 16) }
        var events = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while poll(&events, 1, 100) <= 0 {
            if isCancelled() { throw CancellationError() }
        }
        if isCancelled() { throw CancellationError() }
        let count = readSome(descriptor, into: &piece)
        guard count >= 0 else { throw FileError(reading: path, Int32(-count)) }
        return Array(piece[..<count])
    }
}
