import Synchronization

/// A switch that stops a run: once set it stays set.
public final class Cancellation: Sendable {
    private let flag = Atomic(false)

    /// A switch that is not set.
    public init() {}

    /// Whether the run should stop.
    public var isCancelled: Bool { flag.load(ordering: .acquiring) }

    /// Sets the switch; may be called from any thread, also from a signal handler's dispatch source.
    public func cancel() { flag.store(true, ordering: .releasing) }
}
