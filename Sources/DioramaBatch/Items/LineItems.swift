import DioramaGraph

/// The items of one line, each made when it is asked for.
struct LineItems {
    /// Where the line begins, from 1.
    let line: Int
    /// What the list calls them.
    let name: String?
    /// The graph with what the line says.
    let graph: GraphFile
    /// Inputs that the line names itself.
    let given: JSON.Object
    let seeds: Int
    let grid: Grid
    let wildcards: Wildcards
    let seedPlace: GraphSettings.Place?
    let textPlaces: [(setting: Setting, places: [GraphSettings.Place])]
    let numberPlaces: [(setting: Setting, place: GraphSettings.Place)]

    /// How many items the line has.
    var count: Int { seeds * grid.count }

    /// One item.
    ///
    /// - Parameters:
    ///   - index: from 0 to `count - 1`; the grid's cells of one seed follow each other.
    ///   - ordinal: its place among all items of the list.
    /// - Returns: the item, its graph not yet validated.
    func item(_ index: Int, ordinal: Int) -> BatchItem {
        var graph = graph
        var decided = given
        for (name, value, places) in grid.cell(index % grid.count) {
            for place in places { graph.write(value, to: place) }
            decided[name] = value
        }
        let seed = write(seedNumber: index / grid.count, into: &graph)
        var texts: [Setting: String] = [:]
        var problem: String?
        for (setting, places) in textPlaces {
            for place in places {
                guard case .literal(.string(let text))? = graph[place.nodeID]?.value(of: place.input) else {
                    continue
                }
                let (expanded, wrong) = wildcards.expansion(
                    of: text, seed: seed ?? UInt64(index), as: setting.rawValue)
                problem = problem ?? wrong.map { "\(setting.rawValue): \($0)" }
                if expanded != text { graph.write(.string(expanded), to: place) }
                texts[setting] = texts[setting] ?? expanded
            }
        }
        var all: JSON.Object = [:]
        for (setting, place) in numberPlaces {
            guard case .literal(let value)? = graph[place.nodeID]?.value(of: place.input) else { continue }
            all[setting.rawValue] = value
        }
        for (name, value) in decided { all[name] = value }
        return BatchItem(
            ordinal: ordinal, line: line, index: index, name: name, prompt: texts[.prompt],
            negative: texts[.negative], seed: seed, settings: all, graph: graph, problem: problem)
    }

    /// Counts the seed on from the line's own; one that is not counted stays as it is written.
    private func write(seedNumber: Int, into graph: inout GraphFile) -> UInt64? {
        guard let seedPlace else { return nil }
        let first: UInt64
        switch graph[seedPlace.nodeID]?.value(of: seedPlace.input) {
        case nil: first = 0
        case .literal(.integer(let value)): first = UInt64(bitPattern: Int64(value))
        case .literal(.unsigned(let value)): first = value
        default: return nil
        }
        let seed = first &+ UInt64(seedNumber)
        if seeds > 1 { graph.write(JSON(seed), to: seedPlace) }
        return seed
    }
}
