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
        tokens(latent) + positions(rows: latent.shape[2] / patch, columns: latent.shape[3] / patch)
    }

    /// The same without positions.
    func tokens(_ latent: Tensor) -> Tensor { projection.patchTokens(latent) }

    /// The middle of the table, [rows * columns, D].
    private func positions(rows: Int, columns: Int) -> Tensor {
        let top = (side - rows) / 2
        let left = (side - columns) / 2
        return table[top..<top + rows].narrowed(axis: 1, left..<left + columns)
            .reshaped(rows * columns, table.shape[2]).asType(.f32)
    }
}

extension Conv2d {
    /// [B, C, H, W] to [B, N, D], for a convolution whose stride is its kernel: patches row by row.
    func patchTokens(_ latent: Tensor) -> Tensor {
        let patches = self(latent)
        return patches.reshaped(patches.shape[0], patches.shape[1], patches.shape[2] * patches.shape[3])
            .transposed(1, 2)
    }
}
