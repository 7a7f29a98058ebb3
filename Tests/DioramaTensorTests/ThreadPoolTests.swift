import DioramaTensor
import Synchronization
import Testing

/// Parts of jobs, dealt out to threads.
@Suite struct ThreadPoolTests {
    /// What was done of a job, each part by the worker that did it.
    private func done(_ parts: Int, by pool: ThreadPool, _ body: @Sendable (Int) -> Void = { _ in }) -> [(
        part: Int, worker: Int
    )] {
        let seen = Mutex<[(Int, Int)]>([])
        pool.run(parts) { part, worker in
            body(part)
            seen.withLock { $0.append((part, worker)) }
        }
        return seen.withLock { $0 }
    }

    @Test(
        "each part is done once, by a worker that there is", arguments: [1, 2, 3, 7],
        [0, 1, 2, 3, 5, 8, 64, 1001])
    func once(threads: Int, parts: Int) {
        let pool = ThreadPool(threads: threads)
        for _ in 0..<20 {
            let done = done(parts, by: pool)
            #expect(done.map(\.part).sorted() == Array(0..<parts))
            #expect(done.allSatisfy { (0..<pool.workers(parts)).contains($0.worker) })
        }
    }

    @Test("a thread that is held up leaves its parts to others")
    func heldUp() {
        let pool = ThreadPool(threads: 2)
        let others = Atomic<Int>(0)
        // Whoever does part 0 waits for all others but the one that the other thread is at.
        let done = done(100, by: pool) { part in
            if part > 0 {
                others.add(1, ordering: .relaxed)
            } else {
                let deadline = ContinuousClock.now + .seconds(120)
                while others.load(ordering: .relaxed) < 99, ContinuousClock.now < deadline {}
            }
        }
        #expect(done.map(\.part).sorted() == Array(0..<100))
        let waiting = done.first { $0.part == 0 }?.worker
        #expect(done.count { $0.worker == waiting } == 1)
    }

    @Test("jobs of several callers at a time are all done")
    func callers() async {
        let pool = ThreadPool(threads: 3)
        let sums = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<50 {
                group.addTask {
                    let sum = Atomic<Int>(0)
                    pool.run(37) { part, _ in sum.add(part, ordering: .relaxed) }
                    return sum.load(ordering: .relaxed)
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(sums == [Int](repeating: 36 * 37 / 2, count: 50))
    }
}
