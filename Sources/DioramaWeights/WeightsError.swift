import DioramaFiles

/// A weights file, folder or configuration that cannot be used, in one sentence.
///
/// The text says where (`place`), what was expected and what was found.
public struct WeightsError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file or folder at fault.
    public let place: String
    /// What is wrong with it, and what to do where that is known.
    public let problem: String
    /// The system's number for the reason, such as ENOMEM; nil where the content is at fault.
    public let code: Int32?

    /// An error at `place`.
    public init(_ place: String, _ problem: String, code: Int32? = nil) {
        self.place = place
        self.problem = problem
        self.code = code
    }

    /// An error of the file system.
    init(_ error: FileError) {
        self.init(error.path, "cannot be \(error.action): \(error.reason)", code: error.code)
    }

    /// `place: problem`.
    public var description: String { "\(place): \(problem)" }
}
