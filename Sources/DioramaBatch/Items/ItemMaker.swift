import DioramaGraph

/// Makes the items of lines.
struct ItemMaker {
    private var meanings: FieldMeanings
    private let count: Int
    private let grid: Grid
    private let wildcards: Wildcards
    /// Where the seed is written, if the graph has one place for it.
    private let seedPlace: GraphSettings.Place?
    private let textPlaces: [(setting: Setting, places: [GraphSettings.Place])]
    private let numberPlaces: [(setting: Setting, place: GraphSettings.Place)]
    /// The names that were passed over, each with the first line that has it.
    private(set) var unknownNames: [(name: String, line: Int, suggestion: String?)] = []

    /// - Parameters:
    ///   - graph: what all items share, with everything that holds for the whole batch filled in.
    ///   - catalog: the nodes.
    ///   - options: how many items a line has.
    /// - Throws: `SettingError` when there is no place for the seeds or for the grid.
    init(_ graph: GraphFile, catalog: NodeCatalog, options: BatchOptions) throws {
        var meanings = FieldMeanings(graph, catalog: catalog)
        let settings = meanings.settings
        count = options.count
        wildcards = options.wildcards
        grid = try Grid(options.grid, meanings: &meanings)
        if options.count > 1 {
            seedPlace = try settings.decisivePlaces(of: .seed).first
        } else {
            seedPlace = (try? settings.decisivePlaces(of: .seed))?.first
        }
        textPlaces = [Setting.prompt, .negative].compactMap { setting in
            guard let places = try? settings.decisivePlaces(of: setting) else { return nil }
            return (setting, places)
        }
        numberPlaces = [Setting.steps, .cfg, .width, .height].compactMap { setting in
            let places = settings.places(of: setting)
            guard places.count == 1, let place = places.first else { return nil }
            return (setting, place)
        }
        self.meanings = meanings
    }

    /// How many items each line has.
    var itemsPerLine: Int { count * grid.count }

    /// How many cells the grid has.
    var cellsPerLine: Int { grid.count }

    /// The items of a line, made one by one.
    ///
    /// - Throws: `ListProblem` when a name leads nowhere or a value has the wrong form.
    mutating func items(of record: ListRecord) throws(ListProblem) -> LineItems {
        var graph = meanings.graph
        var name: String?
        var given: JSON.Object = [:]
        for field in record.fields {
            switch meanings.meaning(of: field.name) {
            case .setting(let setting, let places):
                let value = try Self.value(field, of: setting, line: record.line)
                for place in places { graph.write(value, to: place) }
            case .input(let target):
                let value = target.json(field.value)
                graph.write(value, to: target.place)
                given[field.name] = value
            case .itemName: name = try Self.name(field, line: record.line)
            case .unknown(let suggestion):
                if !unknownNames.contains(where: { $0.name == field.name }), unknownNames.count < 100 {
                    unknownNames.append((field.name, record.line, suggestion))
                }
            case .wrong(let error): throw ListProblem(line: record.line, error.inList)
            }
        }
        return LineItems(
            line: record.line, name: name, graph: graph, given: given, seeds: count, grid: grid,
            wildcards: wildcards, seedPlace: seedPlace, textPlaces: textPlaces, numberPlaces: numberPlaces)
    }

    private static func value(
        _ field: ListField, of setting: Setting, line: Int
    ) throws(ListProblem) -> JSON {
        let value: JSON
        switch field.value {
        case .json(let json): value = json
        case .text(let text):
            let isText = setting == .prompt || setting == .negative
            value = isText ? .string(text) : (try? JSON(parsing: text.utf8)) ?? .string(text)
        }
        switch (setting, value) {
        case (.seed, .integer(0...)), (.seed, .unsigned): return value
        case (.seed, _):
            throw ListProblem(
                line: line,
                "seed: expected a whole number from 0 to \(UInt64.max), found \(value.text())")
        case (.prompt, .string), (.negative, .string): return value
        case (.prompt, _), (.negative, _):
            throw ListProblem(line: line, "\(setting.rawValue): expected a text, found \(value.kind)")
        default: return value
        }
    }

    private static func name(_ field: ListField, line: Int) throws(ListProblem) -> String {
        switch field.value {
        case .text(let text), .json(.string(let text)): return text
        case .json(.integer(let number)): return "\(number)"
        case .json(let value): throw ListProblem(line: line, "name: expected a text, found \(value.kind)")
        }
    }
}

extension GraphFile {
    /// Writes an input of a node that the file is known to have.
    mutating func write(_ value: JSON, to place: GraphSettings.Place) {
        // The place was found in this file, so the node is there.
        try? set(place.input, of: place.nodeID, to: InputValue(value))
    }
}
