import CKernels

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The processor: vector kernels written in C, chosen for this machine, whose parts several threads share.
///
/// Each element of an op's result is computed by one sequence of operations, however many parts the op is divided into, so that results do not
/// depend on the number of threads.
package struct CPUBackend: Backend {
    package let name = "cpu"

    /// The instructions its kernels use.
    package let instructions: Instructions

    let pool: ThreadPool

    let openBLAS = OpenBLAS()

    /// Where the scratch of ops comes from, and packed weights are kept.
    let memory: Memory

    // A table of functions, constant for the life of the process.
    let kernels: dk_kernels

    /// Makes the backend.
    ///
    /// - Parameters:
    ///   - threads: how many threads work on an op, in 1...`Device.mostThreads` (other numbers become the nearest of these); nil for one a processor.
    ///   - limit: the best instructions to use, if the machine has them.
    ///   - memory: where the scratch of ops comes from.
    ///   - isIdle: whether ops take their scratch and compute nothing.
    package init(
        threads: Int? = nil, instructions limit: Instructions = .best, memory: Memory = Memory(),
        isIdle: Bool = false
    ) {
        let level = dk_level(limit.rawValue)
        instructions = Instructions(rawValue: level) ?? .baseline
        kernels = dk_kernels_at(level).pointee
        self.memory = memory
        let wanted = threads ?? Self.processors(in: ControlGroups())
        pool = ThreadPool(threads: Swift.min(Swift.max(wanted, 1), Device.mostThreads), isIdle: isIdle)
    }

    package var threads: Int { pool.threads }

    /// The processors that this process may run on, no more of them than its container or job has the time of.
    package static func processors(in groups: ControlGroups) -> Int {
        let processors = Int(dk_processor_count())
        return groups.processors.map { Swift.min(processors, Int($0.rounded(.up))) } ?? processors
    }

    /// Bytes that a term of a packed operand takes: more than it has where the processor multiplies none so small.
    package func packedSize(_ precision: Precision) -> Int {
        switch precision {
        case .f32: 4
        case .bf16: 4 / kernels.half_terms
        case .int8: 4 / kernels.byte_terms
        }
    }

    /// Elements of cheap work that are worth a part of their own.
    static let grain = 16_384

    /// Calls `body` for consecutive ranges of `0..<count`, on several threads where there is enough to do.
    ///
    /// - Parameters:
    ///   - count: how many items.
    ///   - cost: elements of work in one item.
    ///   - body: given a range of items.
    func divide(_ count: Int, cost: Int = 1, _ body: (Range<Int>) -> Void) {
        divide(count, cost: cost) { range, _ in body(range) }
    }

    /// As above; `body` is also given the number of the thread that it runs on, below ``workers(dividing:cost:)``.
    func divide(_ count: Int, cost: Int = 1, _ body: (Range<Int>, _ worker: Int) -> Void) {
        let parts = Self.parts(count, cost: cost)
        pool.run(parts) { part, worker in
            body(count * part / parts..<count * (part + 1) / parts, worker)
        }
    }

    /// As above for rows each of which is computed by itself: threads have as many parts each, so that all ops divide rows alike, and a thread
    /// reads what it wrote.
    func divide(rows: Int, cost: Int, _ body: (Range<Int>) -> Void) {
        let least = Self.parts(rows, cost: cost)
        let alike = (least + pool.threads - 1) / pool.threads * pool.threads
        let parts = least > 1 ? Swift.min(alike, rows) : least
        pool.run(parts) { part, _ in body(rows * part / parts..<rows * (part + 1) / parts) }
    }

    /// The most threads that share what `divide` divides.
    func workers(dividing count: Int, cost: Int) -> Int {
        pool.workers(Self.parts(count, cost: cost))
    }

    /// Parts, as even as whole items allow, of at most a grain or an item.
    private static func parts(_ count: Int, cost: Int) -> Int {
        let length = Swift.max(grain / Swift.max(cost, 1), 1)
        return (count + length - 1) / length
    }

    /// Gives `body` a run of singles of undefined content, aligned for vectors.
    func withScratch<R>(_ count: Int, _ body: (UnsafeMutablePointer<Float>) -> R) -> R {
        let byteCount = count * DType.f32.size
        let bytes = memory.borrow(byteCount)
        defer { memory.giveBack(borrowed: bytes, byteCount) }
        return body(bytes.assumingMemoryBound(to: Float.self))
    }
}

extension Instructions {
    /// The best there is.
    package static let best = Instructions.neonDot

    /// Those that this machine can run, lowest first.
    package static var runnable: [Instructions] {
        allCases.filter { dk_level($0.rawValue) == $0.rawValue }
    }
}
