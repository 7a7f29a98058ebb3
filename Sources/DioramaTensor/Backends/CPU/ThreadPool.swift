import CKernels

/// Threads that share the parts of an op; they start with the first op that has parts to share.
package final class ThreadPool: Sendable {
    /// How many threads work on an op, the caller included.
    package let threads: Int

    // The pool locks itself, in C; this pointer to it never changes.
    private nonisolated(unsafe) let pool: OpaquePointer?

    /// Whether it leaves all parts undone: ops take their memory and do nothing with it.
    let isIdle: Bool

    package init(threads: Int, isIdle: Bool = false) {
        self.threads = threads
        self.isIdle = isIdle
        pool = dk_pool_create(threads)
    }

    deinit {
        if let pool { dk_pool_destroy(pool) }
    }

    /// The most workers that a job of so many parts has: what each needs is needed so many times.
    package func workers(_ parts: Int) -> Int { Swift.max(Swift.min(threads, parts), 1) }

    /// Calls `body` for each part in `0..<parts`, in any order and on any thread, and returns when all are done.
    ///
    /// Each thread begins with the same share of the parts in every job, in order, and then helps others with their last ones.
    ///
    /// - Parameters:
    ///   - parts: how many; no element of a result may depend on it, so that results never depend on threads.
    ///   - body: given the part and the worker, in `0..<workers(parts)`, which runs one part at a time.
    package func run(_ parts: Int, _ body: (_ part: Int, _ worker: Int) -> Void) {
        if isIdle { return }
        guard let pool, parts > 1 else {
            for part in 0..<parts { body(part, 0) }
            return
        }
        withoutActuallyEscaping(body) { body in
            withUnsafePointer(to: body) { context in
                // A thread looks the closure up once for all its parts: that counts references, which threads would wait for.
                let task: dk_task = { context, share, worker in
                    guard let body = context?.assumingMemoryBound(to: ((Int, Int) -> Void).self).pointee
                    else { return }
                    var part = 0
                    while dk_next_part(share, &part) { body(part, worker) }
                }
                dk_pool_run(pool, parts, task, UnsafeMutableRawPointer(mutating: context))
            }
        }
    }
}
