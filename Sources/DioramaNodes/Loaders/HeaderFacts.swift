import DioramaGraph
import DioramaWeights
import Synchronization

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What the headers of files tell, kept for the next graph.
final class HeaderFacts<Fact: Sendable>: Sendable {
    private let known = Mutex<[String: Fact?]>([:])

    /// What `read` says of a file; nil where it cannot be read: then its loader tells why.
    ///
    /// - Parameters:
    ///   - role: what is asked: others may ask other things of the same file.
    ///   - url: the file.
    ///   - read: looks at the header.
    /// - Returns: what was found now, or before in a file that is still the same.
    func fact(_ role: String, of url: URL, _ read: (any TensorSource) throws -> Fact?) -> Fact? {
        guard let identity = try? FileIdentity(of: url).description else { return nil }
        let key = "\(role) \(identity)"
        if let known = known.withLock({ $0[key] }) { return known }
        let found = try? read(WeightsFile(url).open())
        known.withLock { $0[key] = .some(found) }
        return found
    }
}
