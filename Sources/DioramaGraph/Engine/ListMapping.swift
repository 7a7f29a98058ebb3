/// How a node is called on linked values, each of which is a list: once for each place of the longest one.
///
/// A shorter list gives its last value for the places behind its end; when one is empty there is nothing to do. A node that
/// takes lists is called once with all of them. ComfyUI: `execution.py`, `_async_map_node_over_list`.
struct ListMapping {
    /// One list an input; nil where it is not linked or its value has not come.
    let linked: [[any PortValue]?]
    /// How often the node is called.
    let count: Int
    private let takesLists: Bool

    init(_ linked: [[any PortValue]?], takesLists: Bool) {
        self.linked = linked
        self.takesLists = takesLists
        let counts = linked.compactMap { $0?.count }
        count = takesLists ? 1 : counts.contains(0) ? 0 : counts.max() ?? 1
    }

    /// What the inputs get in one call: whole lists, or lists of one value.
    ///
    /// - Parameter call: from 0 to `count` - 1.
    /// - Returns: one an input, nil where none has come.
    func values(at call: Int) -> [[any PortValue]?] {
        guard !takesLists else { return linked }
        return linked.map { values in
            guard let values, !values.isEmpty else { return values }
            return [values[min(call, values.count - 1)]]
        }
    }
}

extension [[any PortValue]?] {
    /// What keeps a call from being made: the first blocked value, preferably one that says why.
    var blocker: Blocker? {
        let all = lazy.compactMap(\.self).joined().compactMap { $0 as? Blocker }
        return all.first { $0.message != nil } ?? all.first
    }
}
