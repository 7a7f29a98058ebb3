import DioramaTensor

/// Latents cut into square patches, one token each, row by row.
enum Patches {
    /// In which order a patch's values stand in its token.
    enum Order {
        /// Channel by channel: Flux.
        case channelsFirst
        /// Cell by cell: Z-Image, Stable Diffusion 3's output.
        case channelsLast
    }

    /// [B, C, H, W], sides multiples of the patch, to [B, N, p p C].
    static func cut(_ x: Tensor, patch: Int, _ order: Order) -> Tensor {
        let (batch, channels) = (x.shape[0], x.shape[1])
        let (rows, columns) = (x.shape[2] / patch, x.shape[3] / patch)
        let cells = x.reshaped(batch, channels, rows, patch, columns, patch)
        let tokens =
            order == .channelsFirst ? cells.permuted(0, 2, 4, 1, 3, 5) : cells.permuted(0, 2, 4, 3, 5, 1)
        return tokens.reshaped(batch, rows * columns, patch * patch * channels)
    }

    /// [B, N, p p C] to [B, C, H, W].
    static func joined(_ tokens: Tensor, height: Int, width: Int, patch: Int, _ order: Order) -> Tensor {
        let (rows, columns) = (height / patch, width / patch)
        let (batch, channels) = (tokens.shape[0], tokens.shape[2] / (patch * patch))
        let cells =
            order == .channelsFirst
            ? tokens.reshaped(batch, rows, columns, channels, patch, patch).permuted(0, 3, 1, 4, 2, 5)
            : tokens.reshaped(batch, rows, columns, patch, patch, channels).permuted(0, 5, 1, 3, 2, 4)
        return cells.reshaped(batch, channels, height, width)
    }
}

extension Tensor {
    /// A latent [B, C, H, W] whose sides are continued from their starts up to multiples of a patch, as in ComfyUI.
    func wrapped(toMultiplesOf patch: Int) -> Tensor {
        wrapped(axis: 2, patch).wrapped(axis: 3, patch)
    }

    /// The first rows and columns of a latent, as many as `shape` has.
    func cropped(to whole: Shape) -> Tensor {
        guard shape[2] != whole[2] || shape[3] != whole[3] else { return self }
        return narrowed(axis: 2, 0..<whole[2]).narrowed(axis: 3, 0..<whole[3])
    }

    private func wrapped(axis: Int, _ patch: Int) -> Tensor {
        let rest = shape[axis] % patch
        guard rest > 0 else { return self }
        var parts = [self]
        var missing = patch - rest
        while missing > 0 {
            let count = Swift.min(missing, shape[axis])
            parts.append(narrowed(axis: axis, 0..<count))
            missing -= count
        }
        return .concatenated(parts, axis: axis)
    }
}
