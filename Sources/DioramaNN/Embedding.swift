public import DioramaTensor
public import DioramaWeights

/// A table of vectors, looked up by number.
public struct Embedding: Sendable {
    /// [count, width].
    public let weight: Tensor

    /// Takes `weight` [count, width].
    public init(_ w: Weights, count: Int, width: Int) throws {
        weight = try w.tensor("weight", [count, width])
    }

    /// Whole numbers in 0..<count, of any shape, to vectors: [...] to [..., width].
    public func callAsFunction(_ ids: Tensor) -> Tensor { embedding(ids, table: weight) }
}
