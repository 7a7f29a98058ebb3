/// Results of nodes under their keys; when they are too large together, those unused longest go.
struct ResultCache {
    private struct Entry {
        let result: NodeResult
        let byteCount: Int
        /// When it was last used.
        var tick: Int
    }

    private let budget: Int
    private let mostEntries: Int
    private var entries: [CacheKey: Entry] = [:]
    private(set) var byteCount = 0
    /// Every use, oldest first from `oldest` on; a use that is not its entry's last one is passed over.
    private var uses: [(key: CacheKey, tick: Int)] = []
    private var oldest = 0
    private var tick = 0

    /// An empty cache.
    ///
    /// - Parameters:
    ///   - budget: the most bytes to keep.
    ///   - mostEntries: the most results to keep, however small.
    init(budget: Int, mostEntries: Int = .max) {
        self.budget = max(0, budget)
        self.mostEntries = max(1, mostEntries)
    }

    var count: Int { entries.count }

    /// The result under a key, which counts as a use.
    ///
    /// - Parameter key: the node's key.
    /// - Returns: nil when there is none.
    mutating func result(for key: CacheKey) -> NodeResult? {
        guard entries[key] != nil else { return nil }
        touch(key)
        return entries[key]?.result
    }

    /// Keeps a result if it fits the budget.
    ///
    /// - Parameters:
    ///   - result: what the node made.
    ///   - key: the node's key.
    mutating func keep(_ result: NodeResult, for key: CacheKey) {
        remove(key)
        let size = result.byteCount
        guard size <= budget else { return }
        while byteCount > budget - size || entries.count >= mostEntries, evictOldest() {}
        entries[key] = Entry(result: result, byteCount: size, tick: 0)
        byteCount += size
        touch(key)
    }

    /// Forgets everything.
    mutating func removeAll() { self = ResultCache(budget: budget, mostEntries: mostEntries) }

    private mutating func touch(_ key: CacheKey) {
        tick += 1
        entries[key]?.tick = tick
        uses.append((key, tick))
        if uses.count > 2 * entries.count + 64 {
            uses = uses[oldest...].filter { entries[$0.key]?.tick == $0.tick }
            oldest = 0
        }
    }

    private mutating func evictOldest() -> Bool {
        while oldest < uses.count {
            let use = uses[oldest]
            oldest += 1
            if entries[use.key]?.tick == use.tick {
                remove(use.key)
                return true
            }
        }
        return false
    }

    private mutating func remove(_ key: CacheKey) {
        if let entry = entries.removeValue(forKey: key) { byteCount -= entry.byteCount }
    }
}
