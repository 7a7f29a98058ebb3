import DioramaGraph

/// What a name in a list stands for in a graph.
enum FieldMeaning {
    /// A setting, written to these inputs.
    case setting(Setting, [GraphSettings.Place])
    /// One input.
    case input(Assignment.Target)
    /// The name of what is made.
    case itemName
    /// Nothing that the list may say; perhaps something near.
    case unknown(suggestion: String?)
    /// A place that the graph does not have, or has several times.
    case wrong(SettingError)
}

/// Finds out what names mean, each once.
struct FieldMeanings {
    /// The graph in which they are looked up.
    let graph: GraphFile
    let settings: GraphSettings
    private let catalog: NodeCatalog
    private var known: [String: FieldMeaning] = [:]
    /// Names are remembered up to here: a list of objects may have ever new ones.
    private static let most = 1000

    init(_ graph: GraphFile, catalog: NodeCatalog) {
        self.graph = graph
        self.catalog = catalog
        settings = GraphSettings(graph, catalog: catalog)
    }

    /// What a name means.
    mutating func meaning(of name: String) -> FieldMeaning {
        if let meaning = known[name] { return meaning }
        let meaning = search(name)
        if known.count < Self.most { known[name] = meaning }
        return meaning
    }

    private func search(_ name: String) -> FieldMeaning {
        if name == "name" { return .itemName }
        do throws(SettingError) {
            if let setting = Setting(rawValue: name) {
                return .setting(setting, try settings.decisivePlaces(of: setting))
            }
            guard name.contains(".") else {
                return .unknown(suggestion: Spelling.nearest(to: name, in: ListField.names))
            }
            return .input(try Assignment(name, .text("")).target(in: graph, catalog: catalog))
        } catch {
            return .wrong(error)
        }
    }
}

extension SettingError {
    /// The sentence for a list, where inputs are named by columns.
    var inList: String {
        guard let choices else { return "\(subject): \(problem)" }
        let names = choices.isEmpty ? "node.input" : choices.joined(separator: " or ")
        return "\(subject): \(problem); use the name \(names) instead"
    }
}
