import CKernels

// Fully connected layers of small weights that are kept packed. Threads divide the rows, as ops around a layer do, so that what a thread reads
// is mostly what it wrote, and each reads the whole weight; where there are so few rows that this is more than what they would read of one
// another's rows, they divide the panels.
extension CPUBackend {
    /// Bytes of packed weight up to which threads divide rows.
    static let shortWeight = PackedMemory.small

    /// What layers' products take, where all of them are small and packed; nil otherwise.
    func shortPanels(_ layers: [Layer]) -> [Panels]? {
        var panels: [Panels] = []
        panels.reserveCapacity(layers.count)
        for layer in layers {
            guard packedBytes(layer.problem) <= Self.shortWeight,
                let packed = layer.problem.packed?.panels(layer.problem.precision)
            else { return nil }
            panels.append(packed)
        }
        return panels
    }

    /// Multiplies rows with all panels of layers.
    ///
    /// A part is a share of the rows by a few panels. A thread packs a share's rows when it comes to the first of its parts, and all of
    /// them pass by a panel while it is in the first caches.
    ///
    /// - Parameters:
    ///   - layers: layers whose rows are packed in one way, that of `shape`.
    ///   - panels: the panels of each.
    ///   - x: the rows.
    ///   - shape: the first layer's problem.
    func shortLinears(_ layers: [Layer], _ panels: [Panels], _ x: Floats, _ shape: LinearProblem) {
        let (height, width) = (kernels.panel_rows, kernels.panel_columns)
        let (rows, inputs, rotation) = (shape.rows, shape.inputs, shape.rotation)
        let precision = shape.precision.kernelPrecision
        let units = kernels.panel_units(precision, inputs)
        let panelRoom = (units + 2) * width
        let weights = zip(layers, panels).map { layer, panels in
            var problem = layer.problem
            // The object that keeps the panels, whose references threads would count in turn.
            problem.packed = nil
            return (
                problem: problem, out: layer.out, panels: panels.bytes.assumingMemoryBound(to: Float.self),
                count: panelCount(problem)
            )
        }
        let plan = ShortPlan(
            rows: rows, inputs: inputs, outputs: layers.reduce(0) { $0 + $1.problem.outputs },
            tiles: (rows + height - 1) / height, tileBytes: height * units * DType.f32.size,
            panels: weights.reduce(0) { $0 + $1.count }, threads: pool.threads)
        // Of each thread: which share's rows it has; sums, whose place packing a tile takes before; tiles; their scales.
        let sumsRoom = (Swift.max((plan.most + 1) * height * width, 8 * units + inputs) + 15) / 16 * 16
        let room = 16 + sumsRoom + (plan.most * height * (units + 1) + 15) / 16 * 16
        let workers = pool.workers(plan.parts)
        withScratch(workers * room) { scratch in
            for worker in 0..<workers { scratch[worker * room] = -1 }
            weights.withUnsafeBufferPointer { weights in
                pool.run(plan.parts) { part, worker in
                    let (share, some) = plan.part(part)
                    let tiles = plan.tiles(ofShare: share)
                    let has = scratch + worker * room
                    let sums = has + 16
                    let packed = sums + sumsRoom
                    let scales = packed + plan.most * height * units
                    if has[0] != Float(share) {
                        for tile in tiles {
                            let (row, at) = (tile * height, (tile - tiles.lowerBound) * height)
                            kernels.pack_tile(
                                packed + at * units, scales + at, precision, x + row * inputs, inputs,
                                Swift.min(height, rows - row), inputs, rotation, sums)
                        }
                        has[0] = Float(share)
                    }
                    let row = tiles.lowerBound * height
                    var before = 0
                    for (number, weight) in weights.enumerated() {
                        let following = number + 1 < weights.count ? weights[number + 1].panels : nil
                        let own = some.clamped(to: before..<before + weight.count)
                        for panel in own {
                            let panel = panel - before
                            let next =
                                panel + 1 < weight.count ? weight.panels + (panel + 1) * panelRoom : following
                            var product = product(
                                weight.problem, panel: panel, width: width, weight.panels + panel * panelRoom,
                                units: units, weight.out, row: row)
                            product.rows = Swift.min(tiles.upperBound * height, rows) - row
                            product.ahead = UnsafeRawPointer(next)
                            product.left = UnsafeRawPointer(packed)
                            product.row_scales = UnsafePointer(scales)
                            kernels.multiply_panel(&product, sums)
                        }
                        before += weight.count
                    }
                }
            }
        }
    }
}

/// How threads divide the products of a small weight.
private struct ShortPlan {
    /// The least parts of a thread, where there are as many: one that was held up is helped.
    private static let leastParts = 8

    /// Tiles of rows, and panels of all layers.
    let tiles: Int, panels: Int
    /// Whether threads divide the panels, and each packs all rows.
    let byPanels: Bool
    /// Runs of tiles, and runs of panels.
    let shares: Int, pieces: Int

    init(rows: Int, inputs: Int, outputs: Int, tiles: Int, tileBytes: Int, panels: Int, threads: Int) {
        (self.tiles, self.panels) = (tiles, panels)
        // What crosses from one thread to another, against what each reads again.
        byPanels = panels >= threads && 4 * rows * (inputs + outputs) <= 3 * inputs * outputs
        pieces = Swift.min(panels, Swift.max(Self.leastParts, threads))
        let fitting = Swift.max(CPUBackend.rowBlockBytes / Swift.max(tileBytes, 1), 1)
        if byPanels {
            shares = (tiles + fitting - 1) / fitting
        } else {
            let own = (tiles + threads - 1) / threads
            let rounds = Swift.max((own + fitting - 1) / fitting, Swift.max(Self.leastParts / pieces, 1))
            shares = Swift.min(rounds * threads, tiles)
        }
    }

    /// Parts, each a share by a piece.
    var parts: Int { shares * pieces }

    /// The most tiles of a share.
    var most: Int { (tiles + shares - 1) / shares }

    /// The share and the panels of a part; those of a thread lie one behind the other.
    func part(_ part: Int) -> (share: Int, panels: Range<Int>) {
        let (share, piece) =
            byPanels ? (part % shares, part / shares) : part.quotientAndRemainder(dividingBy: pieces)
        return (share, panels * piece / pieces..<panels * (piece + 1) / pieces)
    }

    /// The tiles of a share.
    func tiles(ofShare share: Int) -> Range<Int> { tiles * share / shares..<tiles * (share + 1) / shares }
}
