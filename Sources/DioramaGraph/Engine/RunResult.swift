/// What a run made.
public struct RunResult: Sendable {
    /// The outputs of each node the run was for, by node id, in the order of declaration: for each the values it gave, one
    /// unless lists are about, and none where it was blocked.
    public internal(set) var values: [String: [[any PortValue]]] = [:]
    /// The files written, in the order in which they were finished.
    public internal(set) var artefacts: [Artefact] = []
    /// How many nodes ran; the others needed were known already or equal to one that ran.
    public internal(set) var nodesRun = 0

    /// The result without what stands for values that there are not.
    var withoutBlockers: RunResult {
        var result = self
        result.values = values.mapValues { $0.map { $0.filter { !($0 is Blocker) } } }
        return result
    }

    /// The value of an output of a node the run was for; the first one, where it gave a list.
    ///
    /// - Parameters:
    ///   - nodeID: the node.
    ///   - output: the position of its output.
    ///   - type: the value's type.
    /// - Returns: the value, nil when the run has none of this type there.
    public func value<Value: PortValue>(_ nodeID: String, output: Int = 0, as type: Value.Type) -> Value? {
        guard let values = values[nodeID], values.indices.contains(output), let first = values[output].first
        else { return nil }
        return converted(first, to: type)
    }

    /// All values of an output of a node the run was for.
    ///
    /// - Parameters:
    ///   - nodeID: the node.
    ///   - output: the position of its output.
    ///   - type: the values' type.
    /// - Returns: the values in order; those of another type are left out.
    public func list<Value: PortValue>(_ nodeID: String, output: Int = 0, of type: Value.Type) -> [Value] {
        guard let values = values[nodeID], values.indices.contains(output) else { return [] }
        return values[output].compactMap { converted($0, to: type) }
    }
}
