public import DioramaTensor

/// Encoding and decoding by tiles, for pictures whose feature maps would not fit into memory.
///
/// The levels of low resolution and the middle, whose attention sees everything, run in one piece; the levels next to the picture, which
/// hold nearly all of the memory, run tile by tile. A tile is computed with a margin as wide as its convolutions reach, and its norms take
/// the statistics of the whole picture (`SharedStatistics`), so what is kept of it is what the whole would give, up to rounding: no seams,
/// no blending. The price is time: one pass over part of the tiled levels for each of their norms, in all about half as many times the
/// work as there are norms.
extension AutoencoderKL {
    /// Levels next to the picture that run in tiles.
    private var tiledLevels: Int { min(config.channels.count, 3) }

    /// As `decode`, by tiles that keep `tile` latent cells each way; throws `ModelInputError` for another shape.
    public func decodeTiled(_ latent: Tensor, tile: Int) throws -> Tensor {
        try check(latent: latent.shape)
        precondition(tile > 0, "decodeTiled: the tile is empty")
        let first = config.channels.count - tiledLevels
        let x = decoder.start(decoderInput(latent), levels: first)
        let scale = x.shape[1] / latent.shape[2]
        let grid = TileGrid(height: x.shape[1], width: x.shape[2], tile: tile * scale, margin: decoderReach)
        return run(grid, over: x) { try decoder.finish($0, from: first, $1) }.channelsFirst
    }

    /// As `encode`, by tiles that keep `tile` latent cells each way; throws `ModelInputError` for another shape.
    public func encodeTiled(_ image: Tensor, tile: Int) throws -> Posterior {
        try check(image: image.shape, channels: config.inputChannels)
        precondition(tile > 0, "encodeTiled: the tile is empty")
        let grid = TileGrid(
            height: image.shape[2], width: image.shape[3], tile: tile * config.factor,
            margin: (encoderReach + config.factor - 1) / config.factor * config.factor)
        let x = run(grid, over: image.channelsLast) { try encoder.start($0, levels: tiledLevels, $1) }
        return posterior(encoder.finish(x, from: tiledLevels))
    }

    /// Thrown through a tile's computation when the norm that is looked for is reached.
    private struct NormReached: Error {}

    /// Runs `body` on every tile of `x`, [B, H, W, C], and puts together what is kept, after one pass for the statistics of each norm in
    /// `body`.
    private func run(_ grid: TileGrid, over x: Tensor, _ body: (Tensor, Normalize) throws -> Tensor) -> Tensor
    {
        var statistics = SharedStatistics()
        /// One pass; nil where it ended at the norm `wanted`, whose statistics it has gathered.
        func pass(wanted: Int) -> Tensor? {
            var rowsOfTiles: [Tensor] = []
            for rows in grid.rows {
                var tiles: [Tensor] = []
                for columns in grid.columns {
                    var index = 0
                    let tile = x.narrowed(axis: 1, rows.outer).narrowed(axis: 2, columns.outer)
                    let output = try? body(tile) { norm, y in
                        defer { index += 1 }
                        guard index == wanted else { return statistics.affine(y, norm, index) }
                        statistics.gather(y.kept(rows, columns, axis: 1), norm, index)
                        throw NormReached()
                    }
                    if let output { tiles.append(output.kept(rows, columns, axis: 1)) }
                }
                if !tiles.isEmpty { rowsOfTiles.append(.concatenated(tiles, axis: 2)) }
            }
            return rowsOfTiles.isEmpty ? nil : .concatenated(rowsOfTiles, axis: 1)
        }
        var wanted = 0
        while true {
            if let whole = pass(wanted: wanted) { return whole }
            wanted += 1
        }
    }

    /// How far the decoder's tiled levels reach, in cells of their input.
    private var decoderReach: Int {
        var reach = 0.0
        var cell = 1.0
        for level in 0..<tiledLevels {
            reach += Double(ResnetBlock.reach * (config.layersPerLevel + 1)) * cell
            if level < tiledLevels - 1 {
                cell /= 2
                reach += cell
            }
        }
        return Int((reach + cell).rounded(.up))
    }

    /// How far the encoder's tiled levels reach, in pixels.
    private var encoderReach: Int {
        var reach = 1
        var cell = 1
        for level in 0..<tiledLevels {
            reach += ResnetBlock.reach * config.layersPerLevel * cell
            if level < config.channels.count - 1 {
                reach += 2 * cell
                cell *= 2
            }
        }
        return reach
    }
}
