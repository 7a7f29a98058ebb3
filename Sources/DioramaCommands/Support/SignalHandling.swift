import Dispatch
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A signal ended the work early.
package struct Interruption: Error, Sendable, Equatable {
    /// SIGINT or SIGTERM.
    package let signal: Int32

    /// What the process returns: 128 plus the signal, as shells say it.
    package var status: CommandStatus { signal == SIGTERM ? .terminated : .interrupted }
}

/// Ends the process at once on SIGINT or SIGTERM, with the status that says so, while nothing is at work that
/// ``stoppingOnSignals(onSignal:_:)`` could stop.
func endOnSignals() {
    for number in [SIGINT, SIGTERM] { signal(number) { _exit(128 + $0) } }
}

/// Runs `work` in a task that SIGINT or SIGTERM cancels; a second signal ends the process at once.
///
/// - Parameters:
///   - onSignal: told of the first signal, on a queue of its own.
///   - work: what to run; it is expected to throw soon after its task is cancelled.
/// - Returns: what `work` returned, also when a signal came too late to stop it.
/// - Throws: ``Interruption`` when a signal stopped `work`, else what `work` threw.
package func stoppingOnSignals<Result: Sendable>(
    onSignal: @escaping @Sendable () -> Void,
    _ work: @escaping @Sendable () async throws -> Result
) async throws -> Result {
    let task = Task(operation: work)
    let received = FirstSignal()
    let queue = DispatchQueue(label: "diorama.signals")
    let handled = [SIGINT, SIGTERM]
    // A dispatch source only sees a signal whose own action is off.
    let actions = handled.map { signal($0, SIG_IGN) }
    let sources = handled.map { number in
        let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
        source.setEventHandler {
            guard received.note(number) else { _exit(128 + number) }
            task.cancel()
            onSignal()
        }
        source.resume()
        return source
    }
    defer {
        sources.forEach { $0.cancel() }
        for (number, action) in zip(handled, actions) { signal(number, action) }
    }
    do {
        return try await task.value
    } catch {
        if let number = received.number { throw Interruption(signal: number) }
        throw error
    }
}

/// The signal that came first, if one did.
private final class FirstSignal: Sendable {
    private let value = Mutex<Int32?>(nil)

    var number: Int32? { value.withLock { $0 } }

    /// Keeps the first signal; false when there was one before.
    func note(_ number: Int32) -> Bool {
        value.withLock { value in
            guard value == nil else { return false }
            value = number
            return true
        }
    }
}
