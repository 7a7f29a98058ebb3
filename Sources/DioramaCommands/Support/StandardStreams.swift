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

    /// An output that hands each piece of text to `put`.
    package init(_ put: @escaping @Sendable (String) -> Void) { self.put = put }

    /// Writes `text` as it is.
    package func write(_ text: String) { put(text) }

    /// Writes `text` and a newline.
    package func line(_ text: String) { put(text + "\n") }

    /// An unbuffered output to the file descriptor `number`.
    ///
    /// What cannot be written is dropped: there is nowhere left to say so.
    package static func descriptor(_ number: Int32) -> TextOutput {
        TextOutput { text in
            var text = text
            text.withUTF8 { writeAll(UnsafeRawBufferPointer($0), to: number) }
        }
    }
}

/// Writes every byte to descriptor `number`, or stops at the first error.
private func writeAll(_ bytes: UnsafeRawBufferPointer, to number: Int32) {
    var rest = bytes
    while !rest.isEmpty {
        let count = write(number, rest.baseAddress, rest.count)
        if count > 0 {
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        } else if errno != EINTR {
            return
        }
    }
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

/// The largest resident size of this process so far, in bytes.
func peakMemory() -> Int {
    var usage = rusage()
    #if canImport(Glibc)
    let this = __rusage_who_t(RUSAGE_SELF.rawValue)
    #else
    let this = RUSAGE_SELF
    #endif
    guard getrusage(this, &usage) == 0 else { return 0 }
    #if canImport(Darwin)
    return Int(usage.ru_maxrss)
    #else
    return Int(usage.ru_maxrss) * 1024
    #endif
}
