public import DioramaGraph

/// The values that one setting takes in turn, for every line.
public struct GridAxis: Sendable, Hashable {
    /// A setting, or `node.input`.
    public let name: String
    /// What it takes in turn.
    public let values: [Assignment.Value]

    /// An axis.
    ///
    /// - Parameters:
    ///   - name: a setting, or `node.input`.
    ///   - values: what it takes in turn, at least one.
    public init(_ name: String, _ values: [Assignment.Value]) {
        self.name = name
        self.values = values
    }

    /// Reads `steps=10,20,40`; values that hold commas are written as a JSON list, `prompt=["a, b", "c"]`.
    ///
    /// - Parameter text: what a user wrote; nil comes back when it has not this form.
    public init?(_ text: String) {
        guard let equals = text.firstIndex(of: "="), equals != text.startIndex else { return nil }
        let list = text[text.index(after: equals)...]
        guard !list.isEmpty else { return nil }
        let values: [Assignment.Value]
        if list.hasPrefix("["), case .array(let elements)? = try? JSON(parsing: list.utf8), !elements.isEmpty
        {
            values = elements.map(Assignment.Value.json)
        } else {
            values = list.split(separator: ",", omittingEmptySubsequences: false).map { .text($0.trimmed) }
        }
        self.init(text[..<equals].trimmed, values)
    }
}

/// Every combination of the values of some axes; without axes one combination that says nothing.
struct Grid {
    private struct Axis {
        let name: String
        let places: [GraphSettings.Place]
        let values: [JSON]
    }

    private let axes: [Axis]
    /// How many combinations there are.
    let count: Int

    /// The most combinations, far above what anyone looks at.
    private static let most = 1_000_000

    /// - Throws: `SettingError` for a name that the graph has no one place for.
    init(_ axes: [GridAxis], meanings: inout FieldMeanings) throws(SettingError) {
        var found: [Axis] = []
        var count = 1
        for axis in axes {
            let (places, values) = try Self.read(axis, &meanings)
            found.append(Axis(name: axis.name, places: places, values: values))
            count *= max(1, values.count)
            guard count <= Self.most else {
                throw SettingError.grid(axis.name, "the grid has more than \(Self.most) combinations")
            }
        }
        self.axes = found
        self.count = count
    }

    private static func read(
        _ axis: GridAxis, _ meanings: inout FieldMeanings
    ) throws(SettingError) -> ([GraphSettings.Place], [JSON]) {
        switch meanings.meaning(of: axis.name) {
        case .setting(let setting, let places):
            let isText = setting == .prompt || setting == .negative
            let values = axis.values.map { value in
                switch value {
                case .json(let json): json
                case .text(let text):
                    isText ? .string(text) : (try? JSON(parsing: text.utf8)) ?? .string(text)
                }
            }
            return (places, values)
        case .input(let target): return ([target.place], axis.values.map(target.json))
        case .wrong(let error): throw error
        case .itemName: throw .grid(axis.name, "a name cannot be an axis of the grid")
        case .unknown(let suggestion):
            let guess = suggestion.map { "; did you mean '\($0)'?" } ?? ""
            throw .grid(
                axis.name,
                "there is no such setting\(guess) The settings are "
                    + Setting.allCases.map(\.rawValue).joined(separator: ", ") + ", or node.input")
        }
    }

    /// What a combination says: name, value, and where it is written; the last axis changes fastest.
    func cell(_ index: Int) -> [(name: String, value: JSON, places: [GraphSettings.Place])] {
        var rest = index
        return axes.reversed().map { axis in
            defer { rest /= axis.values.count }
            return (axis.name, axis.values[rest % axis.values.count], axis.places)
        }
        .reversed()
    }
}

extension SettingError {
    fileprivate static func grid(_ name: String, _ problem: String) -> SettingError {
        SettingError(.input(name), problem)
    }
}
