import CKernels

// Fully connected layers of small weights that are kept packed. Threads divide the rows, as ops around a layer do, so that what a thread reads
// is mostly what it wrote; where they divide the outputs, half of what each of two reads comes from the other's cache. Each reads the whole
// weight instead, which is small enough for the second cache.
extension CPUBackend {
    /// Bytes of packed weight up to which threads divide rows.
    static let shortWeight = PackedMemory.small

    /// Parts for each thread: so many that one which was held up is helped, so few that a part takes microseconds.
    private static let shortParts = 4

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
    /// A part is a run of tiles by panels, all panels of a tile before the next tile: it packs the tiles that it has any panel of.
    ///
    /// - Parameters:
    ///   - layers: layers whose rows are packed in one way, that of `shape`.
    ///   - panels: the panels of each.
    ///   - x: the rows.
    ///   - shape: the first layer's problem.
    func shortLinears(_ layers: [Layer], _ panels: [Panels], _ x: Floats, _ shape: LinearProblem) {
        let (height, width) = (kernels.panel_rows, kernels.panel_columns)
        let precision = shape.precision.kernelPrecision
        let units = kernels.panel_units(precision, shape.inputs)
        let tiles = (shape.rows + height - 1) / height
        let across = layers.reduce(0) { $0 + panelCount($1.problem) }
        let parts = Swift.min(Self.shortParts * pool.threads, tiles * across)
        let most = Swift.min((tiles * across + parts - 1) / parts / across + 2, tiles)
        // Of each thread: sums, whose place packing a tile takes before; tiles; their scales.
        let sumsRoom = (Swift.max((most + 1) * height * width, 8 * units + shape.inputs) + 15) / 16 * 16
        let room = sumsRoom + (most * height * (units + 1) + 15) / 16 * 16
        withScratch(pool.workers(parts) * room) { scratch in
            pool.run(parts) { part, worker in
                let (start, end) = (tiles * across * part / parts, tiles * across * (part + 1) / parts)
                let mine = start / across..<(end + across - 1) / across
                let sums = scratch + worker * room
                let packed = sums + sumsRoom
                let scales = packed + most * height * units
                for tile in mine {
                    let (row, at) = (tile * height, (tile - mine.lowerBound) * height)
                    kernels.pack_tile(
                        packed + at * units, scales + at, precision, x + row * shape.inputs, shape.inputs,
                        Swift.min(height, shape.rows - row), shape.inputs, shape.rotation, sums)
                }
                var before = 0
                for (layer, weight) in zip(layers, panels) {
                    let first = weight.bytes.assumingMemoryBound(to: Float.self)
                    for panel in 0..<panelCount(layer.problem) {
                        // The tiles that the part has this panel of.
                        let from = (start - before + across - 1) / across
                        let to = (end - before + across - 1) / across
                        before += 1
                        guard from < to else { continue }
                        let at = (from - mine.lowerBound) * height
                        var product = product(
                            layer.problem, panel: panel, width: width, first + panel * (units + 2) * width,
                            units: units, layer.out, row: from * height)
                        product.rows = Swift.min(to * height, shape.rows) - from * height
                        product.left = UnsafeRawPointer(packed + at * units)
                        product.row_scales = UnsafePointer(scales + at)
                        kernels.multiply_panel(&product, sums)
                    }
                }
            }
        }
    }
}
