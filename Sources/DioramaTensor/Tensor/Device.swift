/// A place where tensors live and ops run.
///
/// Every tensor knows its device, and an op runs on the device of its operands, which must be one and the same.
/// Two devices are equal only if they are copies of one value.
public struct Device: Sendable, Hashable, CustomStringConvertible {
    private let context: Context

    private final class Context: Sendable {
        let backend: any Backend
        let memory: Memory
        let observer: (any OpObserver)?

        init(_ backend: any Backend, _ memory: Memory, _ observer: (any OpObserver)?) {
            self.backend = backend
            self.memory = memory
            self.observer = observer
        }
    }

    /// Makes a device that runs ops by the given backend, over memory of its own.
    package init(_ backend: any Backend, memory: Memory = Memory(), observer: (any OpObserver)? = nil) {
        context = Context(backend, memory, observer)
    }

    /// The most threads that a device may be asked for.
    public static let mostThreads = 1024

    /// The processor: vector kernels chosen for this machine, run by several threads.
    ///
    /// Results do not depend on the number of threads. Threads start with the first op that needs them.
    ///
    /// - Parameters:
    ///   - threads: how many threads work on an op, in 1...``mostThreads``; nil for one a core, or what a container has the time of.
    ///   - memory: how much memory its tensors may hold, and what to do when that does not do.
    ///   - observer: told of each op.
    /// - Returns: a new device with memory and threads of its own.
    public static func cpu(
        threads: Int? = nil, memory: MemoryLimit = MemoryLimit(), observer: (any OpObserver)? = nil
    ) -> Device {
        cpu(threads: threads, instructions: .best, memory: memory, observer: observer)
    }

    /// The processor without its work: every op takes the memory that ``cpu(threads:memory:observer:)`` takes for it, and computes nothing.
    ///
    /// Results are zeros. What is taken is noted in ``memoryPlan``; large blocks are not touched, so that a run that needs more
    /// memory than there is can be planned.
    ///
    /// - Parameters:
    ///   - threads: how many threads the planned run has, in 1...``mostThreads``; nil for one a core, or what a container has the time of.
    ///   - memory: what to do when the system has no addresses left for the plan.
    /// - Returns: a new device with a plan of its own.
    public static func planning(threads: Int? = nil, memory: MemoryLimit = MemoryLimit()) -> Device {
        planning(threads: threads, memory: memory, countsProcess: true)
    }

    package static func planning(
        threads: Int? = nil, memory limit: MemoryLimit = MemoryLimit(), countsProcess: Bool
    ) -> Device {
        let plan = MemoryPlan(countsProcess: countsProcess)
        let memory = Memory(limit: limit, plan: plan)
        let cpu = CPUBackend(threads: threads, memory: memory, isIdle: true)
        plan.setThreads(cpu.threads)
        return Device(PlanningBackend(cpu: cpu, plan: plan), memory: memory)
    }

    /// Plain loops, one thread: what the other devices are compared with.
    public static func reference() -> Device {
        Device(ReferenceBackend())
    }

    /// One device of each kind that this machine can run.
    public static var available: [Device] { [.cpu(), .reference()] }

    /// The kind of device: `cpu` or `reference`.
    public var name: String { context.backend.name }

    /// How many threads work on an op.
    public var threads: Int { context.backend.threads }

    /// The count of bytes that this device's tensors hold.
    public var memory: MemoryMeter { context.memory.meter }

    /// What a run on this device would take; nil for a device that computes.
    public var memoryPlan: MemoryPlan? { context.memory.plan }

    /// Bytes of weights that are kept packed (``PackedWeight``).
    public var packedBytes: Int { context.memory.packed.byteCount }

    /// Gives memory that waits to be used again back to the system.
    ///
    /// Large results that are no longer needed are kept for those of the next step. Call this when there is no next step for a while.
    public func releaseUnusedMemory() { context.memory.trim() }

    /// The name and the number of threads.
    public var description: String { "\(name) (\(threads) thread\(threads == 1 ? "" : "s"))" }

    /// True if both are copies of one device.
    public static func == (a: Device, b: Device) -> Bool { a.context === b.context }

    /// Hashes the identity of the device.
    public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(context)) }
}

extension Device {
    /// The code that runs this device's ops.
    package var backend: any Backend { context.backend }

    /// Where this device's tensors get their bytes from.
    var heap: Memory { context.memory }

    /// The processor, held to a lower instruction set than it has.
    package static func cpu(
        threads: Int? = nil, instructions: Instructions, memory: MemoryLimit = MemoryLimit(),
        observer: (any OpObserver)? = nil
    ) -> Device {
        let memory = Memory(limit: memory)
        let backend = CPUBackend(threads: threads, instructions: instructions, memory: memory)
        return Device(backend, memory: memory, observer: observer)
    }

    /// Runs `body`, an op over `operands`, keeping them alive and telling the observer.
    func run<R>(_ name: String, _ operands: [Tensor?], _ body: () -> R) -> R {
        for case let operand? in operands { check(name, operand) }
        return withExtendedLifetime(operands) { run(name, reading: { operands }, body) }
    }

    /// The same for an op that keeps its operands alive and has checked them; they are listed for the observer alone.
    func run<R>(_ name: String, reading operands: () -> [Tensor?], _ body: () -> R) -> R {
        if context.observer == nil { return body() }
        return observed(name, operands, body)
    }

    private func observed<R>(_ name: String, _ operands: () -> [Tensor?], _ body: () -> R) -> R {
        let before = memory.total
        let start = ContinuousClock.now
        let result = body()
        let shapes = operands().compactMap { $0.map { "\($0.dtype) \($0.shape)" } }
        context.observer?.record(
            OpEvent(
                name: name, shapes: shapes.joined(separator: ", "), start: start,
                duration: ContinuousClock.now - start, bytesAllocated: memory.total - before))
        return result
    }

    /// Stops where an operand of an op lives elsewhere.
    func check(_ name: String, _ operand: Tensor) {
        precondition(operand.device == self, "\(name): operands live on different devices")
    }
}
