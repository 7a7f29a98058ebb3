/// Looks for nodes that depend on each other in a circle, without recursion.
struct CycleSearch {
    /// The circles found, at most `mostCycles`; each node depends on the next, the last on the first.
    private(set) var circles: [[NodeLabel]] = []

    /// One issue for each circle.
    var issues: [GraphIssue] { circles.map(Self.issue) }

    private static let mostCycles = 16
    /// How many nodes of a circle a sentence names.
    private static let mostNames = 12

    private enum Mark {
        case new
        case open
        case done
    }

    /// Searches.
    ///
    /// - Parameters:
    ///   - needed: the nodes to look at.
    ///   - sources: the nodes that each node links to, by position.
    ///   - labels: which node each position is.
    init(needed: [Bool], sources: [[Int]], labels: [NodeLabel]) {
        var marks = [Mark](repeating: .new, count: needed.count)
        for start in needed.indices where needed[start] && marks[start] == .new {
            /// The nodes from `start` to the one looked at, each with the links not followed yet.
            var path: [(node: Int, rest: ArraySlice<Int>)] = [(start, sources[start][...])]
            marks[start] = .open
            while let (node, rest) = path.last {
                guard let next = rest.first else {
                    marks[node] = .done
                    path.removeLast()
                    continue
                }
                path[path.count - 1].rest = rest.dropFirst()
                switch marks[next] {
                case .done: break
                case .new:
                    marks[next] = .open
                    path.append((next, sources[next][...]))
                case .open:
                    guard circles.count < Self.mostCycles,
                        let from = path.lastIndex(where: { $0.node == next })
                    else { continue }
                    circles.append(path[from...].map { labels[$0.node] })
                }
            }
        }
    }

    private static func issue(_ circle: [NodeLabel]) -> GraphIssue {
        let names = circle.map { "\(brief($0.id)) (\(brief($0.className)))" }
        var shown = names
        if names.count > mostNames {
            shown =
                Array(names.prefix(mostNames / 2)) + ["… \(names.count - mostNames) more …"]
                + names.suffix(mostNames / 2)
        }
        let path = (shown + names.prefix(1)).joined(separator: " -> ")
        return GraphIssue(
            .dependencyCycle, "the nodes depend on each other in a circle, each on the next: \(path)",
            at: circle.first, found: path,
            comfy: .init(
                message: "Dependency cycle detected", details: path,
                extra: [
                    "node_id": .string(circle.first?.id ?? ""),
                    "cycle_nodes": .array(circle.map { .string($0.id) }),
                ]))
    }
}
