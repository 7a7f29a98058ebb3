/// Puts the nodes that targets need in an order in which each comes after those it depends on.
struct ExecutionOrder {
    /// Positions of nodes.
    private(set) var positions: [Int] = []

    /// Orders a graph's nodes by ComfyUI's preferences (`ExecutionList.ux_friendly_pick_node`).
    ///
    /// - Parameters:
    ///   - graph: a valid graph.
    ///   - targets: positions of the nodes to run for.
    init(_ graph: Graph, targets: [Int]) {
        let met = Self.met(graph, targets: targets)
        var rank = [Int](repeating: .max, count: graph.nodes.count)
        for (place, position) in met.enumerated() { rank[position] = place }

        var takers: [Int: [Int]] = [:]
        var missing = [Int](repeating: 0, count: graph.nodes.count)
        for position in met {
            let sources = Self.sources(graph, position)
            missing[position] = sources.count
            for source in sources { takers[source, default: []].append(position) }
        }

        /// 0 for an output node, 1 for one that feeds it, 2 for one that feeds that, 3 for the rest.
        var distance = [Int](repeating: 3, count: graph.nodes.count)
        for position in met where graph.nodes[position].schema.spec.isOutput { distance[position] = 0 }
        for near in 0..<2 {
            for position in met where distance[position] == near {
                for source in Self.sources(graph, position) {
                    distance[source] = min(distance[source], near + 1)
                }
            }
        }

        var ready = Heap<Candidate>()
        for position in met where missing[position] == 0 {
            ready.insert(Candidate(distance: distance[position], rank: rank[position], position: position))
        }
        while let next = ready.popLeast()?.position {
            positions.append(next)
            for taker in takers[next] ?? [] {
                missing[taker] -= 1
                if missing[taker] == 0 {
                    ready.insert(Candidate(distance: distance[taker], rank: rank[taker], position: taker))
                }
            }
        }
    }

    private struct Candidate: Comparable {
        let distance: Int
        let rank: Int
        let position: Int

        static func < (a: Self, b: Self) -> Bool { (a.distance, a.rank) < (b.distance, b.rank) }
    }

    /// The nodes in the order in which ComfyUI meets them on the way up, each target in turn.
    private static func met(_ graph: Graph, targets: [Int]) -> [Int] {
        var seen = [Bool](repeating: false, count: graph.nodes.count)
        var order: [Int] = []
        for target in targets {
            var open = [target]
            while let position = open.popLast() {
                if seen[position] { continue }
                seen[position] = true
                order.append(position)
                open += linked(graph, position)
            }
        }
        return order
    }

    /// The nodes that a node takes values from, each once.
    private static func sources(_ graph: Graph, _ position: Int) -> Set<Int> { Set(linked(graph, position)) }

    private static func linked(_ graph: Graph, _ position: Int) -> [Int] {
        graph.nodes[position].bindings.compactMap { binding in
            if case .link(let source, _) = binding { source } else { nil }
        }
    }
}
