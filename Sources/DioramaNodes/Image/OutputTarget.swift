import DioramaGraph
import Synchronization

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// Where a render's pictures go, in place of the names that the graph gives.
///
/// Files that are there are replaced. It is one of the engine's resources, for a single run.
public final class OutputTarget: Sendable {
    /// A picture that is about to be written.
    public struct Picture: Hashable, Sendable {
        /// The id of the node that saves it.
        public let nodeID: String
        /// Its place among the pictures that the node saves, from 0.
        public let index: Int
        /// How many pictures the node saves.
        public let count: Int
        /// `png` or `jpg`.
        public let fileExtension: String

        /// Names a picture.
        ///
        /// - Parameters:
        ///   - nodeID: the id of the node that saves it.
        ///   - index: its place among the node's pictures, from 0.
        ///   - count: how many the node saves.
        ///   - fileExtension: without a dot.
        public init(nodeID: String, index: Int, count: Int, fileExtension: String) {
            self.nodeID = nodeID
            self.index = index
            self.count = count
            self.fileExtension = fileExtension
        }
    }

    private let place: @Sendable (Picture) throws -> URL

    /// Sends each picture to a place of its own.
    ///
    /// - Parameter place: the file for a picture, in a folder that exists; called from any thread.
    public init(_ place: @escaping @Sendable (Picture) throws -> URL) { self.place = place }

    /// Sends the first picture to a path whose folder exists, further ones beside it: `fox.png`, `fox-2.png`,
    /// `fox-3.png`.
    ///
    /// - Parameter path: with an ending, which all pictures get.
    public convenience init(_ path: URL) {
        let taken = Counter()
        self.init { _ in
            let number = taken.next()
            guard number > 1 else { return path }
            let name = path.deletingPathExtension().lastPathComponent
            return path.deletingLastPathComponent().appending(path: "\(name)-\(number).\(path.pathExtension)")
        }
    }

    /// The file for a picture.
    func file(for picture: Picture) throws -> URL { try place(picture) }
}

/// Counts from 1, from any thread.
private final class Counter: Sendable {
    private let last = Mutex(0)

    func next() -> Int {
        last.withLock { last in
            last += 1
            return last
        }
    }
}
