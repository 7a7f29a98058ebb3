import DioramaGraph

extension SourceNode {
    /// The node where a value of a type comes from, through those that take one of the same type and change it.
    ///
    /// - Parameter type: such as `Model.portType`.
    /// - Returns: the node itself where it takes none.
    func origin(ofType type: PortType) -> SourceNode {
        var origin = self
        while let next = origin.source(ofType: type) { origin = next }
        return origin
    }
}
