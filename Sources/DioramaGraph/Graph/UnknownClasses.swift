/// Words the sentences about classes that nobody knows.
struct UnknownClasses {
    private let known: [String]
    /// Guesses by class name: a hostile file may hold many unknown ones.
    private var guesses: [String: String?] = [:]
    private static let mostGuesses = 100

    /// - Parameter known: the classes there are.
    init(knowing known: [String]) { self.known = known }

    /// What to say of a node of an unknown class.
    ///
    /// - Parameter label: the node.
    /// - Returns: an error with the nearest known name.
    mutating func issue(at label: NodeLabel) -> GraphIssue {
        let name = label.className
        if guesses[name] == nil {
            guesses[name] =
                guesses.count < Self.mostGuesses ? Spelling.nearest(to: name, in: known) : .some(nil)
        }
        let nearest = guesses[name] ?? nil
        return GraphIssue(
            .missingNodeType, nearest.asked("there is no node class \(quoted(name))"), at: label,
            found: name, suggestion: nearest,
            comfy: .init(
                message: "Node '\(label.title)' not found. The custom node may not be installed.",
                details: "Node ID '#\(label.id)'"))
    }
}
