import DioramaWeights

extension Weights {
    /// A note on the tensors that a model did not take; none where it took all.
    var noteOfUnused: [String] {
        let unused = unusedKeys
        return unused.first.map {
            ["\(unused.count) tensor\(unused.count == 1 ? " is" : "s are") not used, such as \($0)"]
        } ?? []
    }
}
