/// What a run made.
public struct RunResult: Sendable {
    /// The outputs of each node the run was for, by node id, in the order of declaration.
    public internal(set) var values: [String: [any PortValue]] = [:]
    /// The files written, in the order in which they were finished.
    public internal(set) var artefacts: [Artefact] = []
    /// How many nodes ran; the others needed were known already or equal to one that ran.
    public internal(set) var nodesRun = 0

    /// One output of a node the run was for.
    ///
    /// - Parameters:
    ///   - nodeID: the node.
    ///   - output: the position of its output.
    ///   - type: the value's type.
    /// - Returns: the value, nil when the run has none of this type there.
    public func value<Value: PortValue>(_ nodeID: String, output: Int = 0, as type: Value.Type) -> Value? {
        guard let values = values[nodeID], values.indices.contains(output) else { return nil }
        return converted(values[output], to: type)
    }
}
