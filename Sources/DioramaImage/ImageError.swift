/// Why an image cannot be read or written, in one sentence for the user.
public struct ImageError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of problem, for code that wants to tell them apart.
    public enum Code: String, Hashable, Sendable {
        /// The bytes are not in a format this module knows.
        case unknownFormat
        /// The format is known, but not this variant of it.
        case unsupported
        /// The bytes contradict the format, or a checksum is wrong.
        case corrupt
        /// The bytes end before the image does.
        case truncated
        /// A size is beyond `ImageLimits`, or beyond what the format can hold.
        case tooLarge
        /// An allocation failed.
        case outOfMemory
        /// A value given by the caller cannot be written: quality 0, a pixel count that does not fit the size.
        case invalidArgument
    }

    /// The kind of problem.
    public let code: Code
    /// Where, what was expected, what was found and what to do.
    public let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
