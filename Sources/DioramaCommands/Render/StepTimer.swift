/// How long the steps of one node take.
package struct StepTimer: Sendable, Equatable {
    /// The last step done and how many there are.
    package private(set) var step = 0, total = 0
    private let start: ContinuousClock.Instant
    private var last: ContinuousClock.Instant

    /// A timer that starts with the node.
    package init(start: ContinuousClock.Instant) {
        self.start = start
        last = start
    }

    /// Takes note that `step` steps were done at `time`.
    package mutating func note(step: Int, total: Int, at time: ContinuousClock.Instant) {
        self.step = step
        self.total = total
        last = time
    }

    /// Seconds since the last step ended, or since the node began.
    package func secondsSinceStep(at time: ContinuousClock.Instant) -> Double { seconds(time - last) }

    /// Whether steps take so long, a second, that parts of one are worth telling of.
    package func isSlow(at time: ContinuousClock.Instant) -> Bool {
        max(secondsSinceStep(at: time), secondsPerStep ?? 0) >= 1
    }

    /// The mean time of the steps done; nil before the first.
    package var secondsPerStep: Double? {
        step > 0 ? seconds(last - start) / Double(step) : nil
    }
}

/// `duration` in seconds.
func seconds(_ duration: Duration) -> Double { duration / .seconds(1) }
