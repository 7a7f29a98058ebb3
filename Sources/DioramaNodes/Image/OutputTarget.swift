import Synchronization

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// One path for what a render writes, in place of the names that the graph gives.
///
/// The first picture goes to the path itself, further ones beside it: `fox.png`, `fox-2.png`, `fox-3.png`. Files that
/// are there are replaced. Put it into the engine's resources to redirect the save nodes.
public final class OutputTarget: Sendable {
    private let path: URL
    private let taken = Mutex(0)

    /// Redirects pictures to a path whose folder exists.
    public init(_ path: URL) { self.path = path }

    /// Starts again with the path itself, before another render.
    public func reset() { taken.withLock { $0 = 0 } }

    /// The path of the next picture.
    func next() -> URL {
        let number = taken.withLock { count in
            count += 1
            return count
        }
        guard number > 1 else { return path }
        let name = path.deletingPathExtension().lastPathComponent
        return path.deletingLastPathComponent().appending(path: "\(name)-\(number).\(path.pathExtension)")
    }
}
