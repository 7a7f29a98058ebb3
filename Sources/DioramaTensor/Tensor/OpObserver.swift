/// Receives one event for each op a device runs; for traces and profiles.
public protocol OpObserver: Sendable {
    /// Called after each op, on the thread that ran it.
    func record(_ event: OpEvent)
}

/// One op that a device ran.
public struct OpEvent: Sendable {
    /// The name of the function, for example `linear`.
    public let name: String

    /// The shapes and element types of the operands, for example `f32 [2, 64, 192], f16 [768, 192]`.
    public let shapes: String

    /// When the op began.
    public let start: ContinuousClock.Instant

    /// How long the op took.
    public let duration: Duration

    /// Bytes of tensor memory the op allocated.
    public let bytesAllocated: Int
}
