import DioramaTensor

/// Under which names a file has the tensors of a model: a table beside the family.
///
/// Models know their tensors by one spelling, that of diffusers or transformers. Files of the original implementations, and those made
/// from them (ComfyUI's, GGUF), spell them otherwise, and often have several layers in one: `aliases` tells of those. Nothing is
/// copied for it: rows that are neighbours are used in place.
public struct TensorNames: Sendable {
    /// Another name of a layer or a tensor, and which rows of it the model's is, where the file's is several in one.
    public typealias Alias = AdapterNames.Alias

    /// What stands before all names: `model.diffusion_model.` in a file that has other models too; empty for none.
    public let prefix: String
    private let transposed: Set<String>
    private let aliases: @Sendable (String) -> [Alias]

    /// Every tensor has the model's own name.
    public static let own = TensorNames()

    /// - Parameters:
    ///   - prefix: stands before all names, with its dot.
    ///   - transposed: those of the aliases whose matrices files have transposed, [in, out]; these are copied.
    ///   - aliases: other names of a layer (`blocks.0.attn.to_q`) or of a tensor (`blocks.0.table`), besides its own.
    public init(
        prefix: String = "", transposed: Set<String> = [],
        aliases: @escaping @Sendable (String) -> [Alias] = { _ in [] }
    ) {
        self.prefix = prefix
        self.transposed = transposed
        self.aliases = aliases
    }

    /// Where a file may have the tensor `name`: its own name first, then its aliases, then those of its layer.
    func places(of name: String) -> [TensorPlace] {
        var places = [TensorPlace(key: prefix + name, rows: nil)]
        places += aliases(name).map {
            TensorPlace(key: prefix + $0.name, rows: $0.rows, isTransposed: transposed.contains($0.name))
        }
        guard let dot = name.lastIndex(of: ".") else { return places }
        let parameter = name[dot...]
        return places
            + aliases(String(name[..<dot])).map {
                TensorPlace(key: prefix + $0.name + parameter, rows: $0.rows)
            }
    }
}

/// A tensor of a file, some of its rows, or its transpose.
struct TensorPlace {
    let key: String
    let rows: RowSelection?
    var isTransposed = false

    /// The shape of the selected rows of a tensor of `shape`; nil where it cannot be cut so.
    func shape(of shape: Shape) -> Shape? {
        if isTransposed { return shape.rank == 2 ? [shape[1], shape[0]] : nil }
        guard let rows else { return shape }
        guard shape.rank >= 1, shape[0].isMultiple(of: rows.parts) else { return nil }
        return shape.replacing(0, with: shape[0] / rows.parts * rows.taken.count)
    }

    /// The selected rows; in place where they are neighbours in their order.
    func cut(_ tensor: Tensor) -> Tensor {
        if isTransposed { return tensor.transposed(0, 1) }
        guard let rows else { return tensor }
        let height = tensor.shape[0] / rows.parts
        let first = rows.taken[0]
        if rows.taken == Array(first..<first + rows.taken.count) {
            return tensor[first * height..<(first + rows.taken.count) * height]
        }
        return .concatenated(rows.taken.map { tensor[$0 * height..<($0 + 1) * height] }, axis: 0)
    }
}
