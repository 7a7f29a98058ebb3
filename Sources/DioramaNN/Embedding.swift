public import DioramaTensor
public import DioramaWeights

/// A table of vectors, looked up by number; one that is stored in blocks stays so, and only the rows asked for are unpacked.
public struct Embedding: Sendable {
    private let table: Table

    private enum Table: Sendable {
        case stored(Tensor)
        case encoded(EncodedWeight)
    }

    /// Takes `weight` [count, width].
    public init(_ w: Weights, count: Int, width: Int) throws {
        if let encoded = try w.encoded("weight", [count, width]), encoded.deltas.isEmpty {
            table = .encoded(encoded.stored)
        } else {
            table = .stored(try w.tensor("weight", [count, width]))
        }
    }

    /// [count, width]; unpacked anew for a table that is stored in blocks.
    public var weight: Tensor {
        switch table {
        case .stored(let weight): weight
        case .encoded(let weight): weight.dequantized
        }
    }

    /// Whole numbers in 0..<count, of any shape, to vectors: [...] to [..., width].
    public func callAsFunction(_ ids: Tensor) -> Tensor {
        switch table {
        case .stored(let weight): embedding(ids, table: weight)
        case .encoded(let weight): embedding(ids, table: weight)
        }
    }
}
