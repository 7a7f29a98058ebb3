/// Merges waiting to be applied, in a binary heap: the lowest rank first, of equal ranks the leftmost.
struct MergeQueue {
    struct Candidate {
        let merge: Merge
        let place: Int

        static func < (a: Candidate, b: Candidate) -> Bool {
            a.merge.rank == b.merge.rank ? a.place < b.place : a.merge.rank < b.merge.rank
        }
    }

    private var heap: [Candidate] = []

    mutating func insert(_ candidate: Candidate) {
        heap.append(candidate)
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child] < heap[parent] else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    mutating func popFirst() -> Candidate? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        guard !heap.isEmpty else { return first }
        heap[0] = last
        var parent = 0
        while true {
            var least = 2 * parent + 1
            guard least < heap.count else { return first }
            if least + 1 < heap.count, heap[least + 1] < heap[least] { least += 1 }
            guard heap[least] < heap[parent] else { return first }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
