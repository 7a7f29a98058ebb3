import DioramaNN
import DioramaTensor
import DioramaWeights

/// Cuts a latent into patches, one token each, and adds where each patch is.
///
/// Positions are rows of a table that the checkpoint stores for its largest picture; smaller ones take the middle of it.
struct PatchEmbedding: Sendable {
    private let projection: Conv2d
    /// [side, side, D].
    private let table: Tensor
    private let patch: Int
    private let side: Int

    init(_ w: Weights, _ c: SD3Config) throws {
        projection = try Conv2d(w["proj"], from: c.channels, to: c.width, kernel: c.patch, stride: c.patch)
        table = try w.tensor("pos_embed", [1, c.positions * c.positions, c.width])
            .reshaped(c.positions, c.positions, c.width)
        patch = c.patch
        side = c.positions
    }

    /// The largest height and width of a latent.
    var largest: Int { side * patch }

    /// [B, C, H, W], sides multiples of the patch, to [B, N, D]: patches row by row.
    func callAsFunction(_ latent: Tensor) -> Tensor {
        let patches = projection(latent)
        let (batch, width) = (patches.shape[0], patches.shape[1])
        let (rows, columns) = (patches.shape[2], patches.shape[3])
        let tokens = patches.reshaped(batch, width, rows * columns).transposed(1, 2)
        return tokens + positions(rows: rows, columns: columns)
    }

    /// The middle of the table, [rows * columns, D].
    private func positions(rows: Int, columns: Int) -> Tensor {
        let top = (side - rows) / 2
        let left = (side - columns) / 2
        return table[top..<top + rows].narrowed(axis: 1, left..<left + columns)
            .reshaped(rows * columns, table.shape[2]).asType(.f32)
    }
}
