import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Where a command writes: the process's own streams, or memory in tests.
package struct TextOutput: Sendable {
    private let put: @Sendable (String) -> Void
    private let problem: @Sendable () -> String?

    /// An output that hands each piece of text to `put`.
    ///
    /// - Parameters:
    ///   - problem: says why a piece could not be written; nil while all were.
    ///   - put: takes a piece.
    package init(
        problem: @escaping @Sendable () -> String? = { nil }, _ put: @escaping @Sendable (String) -> Void
    ) {
        self.put = put
        self.problem = problem
    }

    /// Why something could not be written; nil when all was.
    var failure: String? { problem() }

    /// Writes `text` as it is.
    package func write(_ text: String) { put(text) }

    /// Writes `text` and a newline.
    package func line(_ text: String) { put(text + "\n") }

    /// An unbuffered output to the file descriptor `number`.
    ///
    /// What a closed pipe does not take is dropped: its reader has seen enough, which is no failure.
    package static func descriptor(_ number: Int32) -> TextOutput {
        guard isStream(number) else { return TextOutput { _ in } }
        let first = FirstProblem()
        return TextOutput(problem: { first.text }) { text in
            var text = text
            let code = text.withUTF8 { writeAll(UnsafeRawBufferPointer($0), to: number) }
            if code != 0, code != EPIPE { first.note(code) }
        }
    }
}

/// What the system said about the first piece that could not be written.
private final class FirstProblem: Sendable {
    private let code = Mutex<Int32>(0)

    var text: String? {
        let code = code.withLock { $0 }
        return code == 0 ? nil : code == ENOSPC ? "the disk is full" : String(cString: strerror(code))
    }

    func note(_ number: Int32) {
        code.withLock { if $0 == 0 { $0 = number } }
    }
}

/// Writes every byte to descriptor `number`; returns 0, or the `errno` that stopped it.
private func writeAll(_ bytes: UnsafeRawBufferPointer, to number: Int32) -> Int32 {
    var rest = bytes
    while !rest.isEmpty {
        let count = write(number, rest.baseAddress, rest.count)
        if count > 0 {
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        } else if errno != EINTR {
            return errno
        }
    }
    return 0
}

/// Whether something can be written to descriptor `number`.
///
/// Where a process is started with a closed stream, its runtime may have taken the number for a queue of its own, which is none
/// of the kinds of file.
private func isStream(_ number: Int32) -> Bool {
    var status = stat()
    return fstat(number, &status) == 0 && status.st_mode & S_IFMT != 0
}

/// Makes the process's streams safe to write to, however it was started.
func prepareStreams() {
    // A reader that left, or a limit on the size of files, shall fail one write and not kill the process between files.
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)
    // Where a stream is closed, the next file that is opened would take its number, and get what is printed.
    for number: Int32 in 0...2 where fcntl(number, F_GETFD) < 0 { _ = open("/dev/null", O_RDWR) }
}

/// What is known of the terminal behind a stream.
package struct Terminal: Sendable {
    /// Characters in a line; asked each time, windows change.
    package var columns: @Sendable () -> Int

    /// A terminal with lines of `columns` characters.
    package init(columns: @escaping @Sendable () -> Int) { self.columns = columns }

    /// The terminal behind descriptor `number`; nil where it is a file, a pipe or a terminal that cannot redraw a line.
    package static func behind(_ number: Int32, environment: [String: String]) -> Terminal? {
        guard isatty(number) == 1, environment["TERM"] != "dumb" else { return nil }
        return Terminal {
            var size = winsize()
            let known = ioctl(number, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
            return known ? Int(size.ws_col) : 80
        }
    }
}
