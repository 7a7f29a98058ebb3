import Synchronization

/// Which results are being made, so that of several runs that need the same one only the first makes it.
final class ResultClaims: Sendable {
    /// Who waits for each result that is being made.
    private let waiting = Mutex<[CacheKey: [CheckedContinuation<Void, Never>]]>([:])

    /// Asks to make a result; if another run is at it, waits for its end.
    ///
    /// - Parameters:
    ///   - key: the result's key.
    ///   - pauses: told of the wait.
    /// - Returns: whether it is the caller's to make, who must then ``release(_:)`` it; else it is worth looking again
    ///   whether the result is kept.
    func claim(_ key: CacheKey, _ pauses: RunPauses?) async -> Bool {
        if takes(key) { return true }
        pauses?.onPause()
        defer { pauses?.onResume() }
        await withCheckedContinuation { continuation in
            let isFree = waiting.withLock { waiting in
                guard waiting[key] != nil else { return true }
                waiting[key]?.append(continuation)
                return false
            }
            if isFree { continuation.resume() }
        }
        return false
    }

    /// Tells that a claimed result is made, or will not be.
    func release(_ key: CacheKey) {
        for waiter in waiting.withLock({ $0.removeValue(forKey: key) }) ?? [] { waiter.resume() }
    }

    private func takes(_ key: CacheKey) -> Bool {
        waiting.withLock { waiting in
            guard waiting[key] == nil else { return false }
            waiting[key] = []
            return true
        }
    }
}
