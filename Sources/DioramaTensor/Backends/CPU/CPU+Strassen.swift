import CKernels

// Large products in singles by one step of Strassen's scheme (strassen.h): seven products of halves in place of eight. It is
// for singles alone, because sums of two bf16 or of two bytes would have to be rounded once more.
//
// Rows are taken in blocks. A block goes the plain way where a row is so much larger than the one it is added to that its rounding
// would show there, a pair of panels where a column is, and both where a sum is not finite: results are then those of plain products.
extension CPUBackend {
    /// The least rows, and the least inputs and outputs, at which the multiplications that are saved are worth the sums.
    private static let strassenRows = 512, strassenExtent = 1024

    /// The most rows that pass by a product's panel while it is in the cache.
    private static let strassenBlock = 128

    /// Whether a layer's product is made of seven.
    func isStrassen(_ problem: LinearProblem) -> Bool {
        guard problem.precision == .f32, problem.rows >= Self.strassenRows else { return false }
        return Swift.min(problem.inputs, problem.outputs) >= Self.strassenExtent
            && problem.inputs % (2 * kernels.lanes) == 0
    }

    /// Layers that read the same rows of x.
    func strassenLinears(_ layers: [Layer], _ x: Floats, rows count: Int, inputs: Int) {
        let block = Self.strassenBlock / kernels.pair_rows * kernels.pair_rows
        let blocks = (count + block - 1) / block
        let bytes = blocks * block * inputs * DType.f32.size
        let passes = Swift.min((bytes + Self.packedRows - 1) / Self.packedRows, blocks)
        for pass in 0..<passes {
            let mine = pass * blocks / passes..<(pass + 1) * blocks / passes
            let rows = mine.lowerBound * block..<Swift.min(mine.upperBound * block, count)
            withPackedPairs(PairedRows(x: x, inputs: inputs, rows: rows, block: block)) { paired in
                for layer in layers { multiply(layer.out, paired, layer.problem) }
            }
        }
    }

    /// Rows of x, in blocks of whole pairs of tiles.
    private struct PairedRows {
        let x: Floats, inputs: Int
        let rows: Range<Int>, block: Int

        /// Where they are packed: as left operands of the seven products, or as plain tiles.
        var packed: MutableFloats?
        /// The blocks that are plain.
        var plain: [Bool] = []

        var blocks: Range<Int> { 0..<(rows.count + block - 1) / block }

        /// Singles of a packed block.
        var room: Int { block * inputs / 4 * 7 }

        func rows(of number: Int) -> Range<Int> {
            let first = rows.lowerBound + number * block
            return first..<Swift.min(first + block, rows.upperBound)
        }
    }

    private func withPackedPairs(_ rows: PairedRows, _ body: (PairedRows) -> Void) {
        let blocks = rows.blocks.count
        let scratchRoom = kernels.pair_rows * rows.inputs
        withScratch(blocks * rows.room + blocks) { packed in
            let isPlain = packed + blocks * rows.room
            withScratch(pool.workers(blocks) * scratchRoom) { scratch in
                pool.run(blocks) { number, worker in
                    let (own, part) = (packed + number * rows.room, rows.rows(of: number))
                    let isAlike = packPairs(
                        own, rows.x, part, rows.inputs, scratch: scratch + worker * scratchRoom)
                    if !isAlike { packPlain(own, rows.x, part, rows.inputs) }
                    isPlain[number] = isAlike ? 0 : 1
                }
            }
            var rows = rows
            rows.packed = packed
            rows.plain = pool.isIdle ? [] : rows.blocks.map { isPlain[$0] != 0 }
            body(rows)
        }
    }

    /// Packs a block for the seven products; false where its rows are not alike.
    private func packPairs(
        _ tiles: MutableFloats, _ x: Floats, _ rows: Range<Int>, _ inputs: Int, scratch: MutableFloats
    ) -> Bool {
        let height = kernels.pair_rows
        let operand = (rows.count + height - 1) / height * height * inputs / 4
        return stride(from: 0, to: rows.count, by: height).allSatisfy { first in
            kernels.pack_pair_rows(
                tiles + first * inputs / 4, operand, x + (rows.lowerBound + first) * inputs, inputs,
                Swift.min(height, rows.count - first), inputs, scratch)
        }
    }

    /// Packs a block as other products have it.
    private func packPlain(_ tiles: MutableFloats, _ x: Floats, _ rows: Range<Int>, _ inputs: Int) {
        let height = kernels.panel_rows
        for first in stride(from: 0, to: rows.count, by: height) {
            kernels.pack_tile(
                tiles + first * inputs, nil, DK_SINGLE, x + (rows.lowerBound + first) * inputs, inputs,
                Swift.min(height, rows.count - first), inputs, 1, nil)
        }
    }

    /// Multiplies packed rows with all panels: a part packs a pair of them, and takes all blocks past it.
    private func multiply(_ out: MutableFloats, _ rows: PairedRows, _ problem: LinearProblem) {
        let (width, units) = (2 * kernels.panel_columns, problem.inputs)
        let pairs = (problem.outputs + width - 1) / width
        let panelRoom = width * units / 4 * 7
        // Sums of a block, four quarters and a product, or a weight's rows that are unpacked.
        let sumsRoom = Swift.max(5 * rows.block * width / 4, unpackedRoom(problem) > 0 ? width * units : 0)
        withScratch(pool.workers(pairs) * (panelRoom + sumsRoom)) { scratch in
            pool.run(pairs) { pair, worker in
                let panels = scratch + worker * (panelRoom + sumsRoom)
                let sums = panels + panelRoom
                let isAlike = packPair(panels, pair, problem, scratch: sums)
                for number in rows.blocks {
                    let part = rows.rows(of: number)
                    var product = product(
                        problem, panel: pair, width: width, panels, units: units, out, row: part.lowerBound)
                    product.rows = part.count
                    product.left = rows.packed.map { UnsafeRawPointer($0 + number * rows.room) }
                    if !isAlike || rows.plain[number] || !kernels.multiply_pair(&product, sums) {
                        multiplyPlain(out, rows, block: number, pair: pair, problem)
                    }
                }
            }
        }
    }

    /// Packs a pair of panels as right operands of the seven products; false where its columns are not alike.
    private func packPair(
        _ panels: MutableFloats, _ pair: Int, _ problem: LinearProblem, scratch: MutableFloats
    ) -> Bool {
        let (width, inputs) = (2 * kernels.panel_columns, problem.inputs)
        let columns = pair * width..<Swift.min((pair + 1) * width, problem.outputs)
        switch problem.weight {
        case .stored(let weight, let type):
            return kernels.pack_pair_panels(
                panels, weight + columns.lowerBound * inputs * type.size, type.kernelType, inputs,
                columns.count, inputs)
        case .encoded(let rows):
            for (line, column) in columns.enumerated() {
                decode(scratch + line * inputs, rows, row: column, 0..<inputs, of: inputs)
            }
            return kernels.pack_pair_panels(panels, scratch, DK_F32, inputs, columns.count, inputs)
        case .quantized: preconditionFailure("linear: bytes in \(problem.precision)")
        }
    }

    /// One block and one pair of panels by plain products.
    private func multiplyPlain(
        _ out: MutableFloats, _ rows: PairedRows, block: Int, pair: Int, _ problem: LinearProblem
    ) {
        let (width, units) = (kernels.panel_columns, problem.inputs)
        let part = rows.rows(of: block)
        let panelRoom = (units + 2) * width
        let sumsRoom = Swift.max((rows.block + kernels.panel_rows) * width, unpackedRoom(problem))
        withScratch(panelRoom + sumsRoom + (rows.plain[block] ? 0 : rows.room)) { own in
            let sums = own + panelRoom
            var tiles = sums + sumsRoom
            if rows.plain[block], let packed = rows.packed {
                tiles = packed + block * rows.room
            } else {
                packPlain(tiles, rows.x, part, units)
            }
            for panel in 2 * pair..<2 * pair + 2 where panel * width < problem.outputs {
                pack(own, panel: panel, units: units, problem, scratch: sums)
                var product = product(
                    problem, panel: panel, width: width, own, units: units, out, row: part.lowerBound)
                product.rows = part.count
                product.left = UnsafeRawPointer(tiles)
                kernels.multiply_panel(&product, sums)
            }
        }
    }
}
