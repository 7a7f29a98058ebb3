import CKernels

// Large products in singles by steps of Strassen's scheme (strassen.h): seven products of halves in place of eight, or 49 of quarters
// in place of 64. It is for singles alone, because sums of two bf16 or of two bytes would have to be rounded once more.
//
// Rows are taken in blocks. A block goes the plain way where a row is so much larger than one it is added to that its rounding
// would show there, a group of panels where a column is, and both where a sum is not finite: results are then those of plain products.
extension CPUBackend {
    /// The least rows, and the least inputs and outputs, at which the multiplications that a step saves are worth its sums.
    private static let strassenRows = 512, strassenExtent = 1024

    /// The same for a second step, and the most inputs: the operands of more would not stay in a near cache.
    private static let secondRows = 2048, secondExtents = 1536...2048

    /// The most bytes of operands that are kept at a time.
    private static let strassenOperands = packedRows / 4 * 7

    /// How many steps a layer's product is made by; none for a plain one.
    func strassenSteps(_ problem: LinearProblem) -> Int {
        let (rows, inputs) = (problem.rows, problem.inputs)
        guard problem.precision == .f32, rows >= Self.strassenRows, inputs % (2 * kernels.lanes) == 0,
            Swift.min(inputs, problem.outputs) >= Self.strassenExtent
        else { return 0 }
        let isTwice =
            rows >= Self.secondRows && inputs % (4 * kernels.lanes) == 0
            && Self.secondExtents.contains(inputs) && problem.outputs >= Self.secondExtents.lowerBound
        return isTwice ? 2 : 1
    }

    /// The most rows that pass by a product's panel while it is in the cache.
    private static let strassenBlock = 128

    /// Layers that read the same rows of x, by the same steps.
    func strassenLinears(_ layers: [Layer], _ x: Floats, steps: Int) {
        guard let (count, inputs) = layers.first.map({ ($0.problem.rows, $0.problem.inputs) }) else { return }
        let height = kernels.panel_rows << steps
        let block = Self.strassenBlock / height * height
        let blocks = (count + block - 1) / block
        let bytes = blocks * GroupedRows.room(block * inputs, steps: steps) * DType.f32.size
        let passes = Swift.min((bytes + Self.strassenOperands - 1) / Self.strassenOperands, blocks)
        for pass in 0..<passes {
            let mine = pass * blocks / passes..<(pass + 1) * blocks / passes
            let rows = mine.lowerBound * block..<Swift.min(mine.upperBound * block, count)
            withPackedGroups(GroupedRows(x: x, inputs: inputs, rows: rows, block: block, steps: steps)) {
                grouped in
                for layer in layers { multiply(layer.out, grouped, layer.problem) }
            }
        }
    }

    /// Rows of x, in blocks of whole groups of tiles.
    private struct GroupedRows {
        let x: Floats, inputs: Int
        let rows: Range<Int>, block: Int
        let steps: Int

        /// Where they are packed: as left operands of the products, or as plain tiles.
        var packed: MutableFloats?
        /// The blocks that are plain.
        var plain: [Bool] = []

        var blocks: Range<Int> { 0..<(rows.count + block - 1) / block }

        /// Singles of a packed block.
        var room: Int { Self.room(block * inputs, steps: steps) }

        /// Singles of all operands that so many become.
        static func room(_ count: Int, steps: Int) -> Int { steps == 1 ? count / 4 * 7 : count / 16 * 49 }

        func rows(of number: Int) -> Range<Int> {
            let first = rows.lowerBound + number * block
            return first..<Swift.min(first + block, rows.upperBound)
        }
    }

    private func withPackedGroups(_ rows: GroupedRows, _ body: (GroupedRows) -> Void) {
        let blocks = rows.blocks.count
        let scratchRoom = kernels.panel_rows << rows.steps * rows.inputs
        withScratch(blocks * rows.room + blocks) { packed in
            let isPlain = packed + blocks * rows.room
            withScratch(pool.workers(blocks) * scratchRoom) { scratch in
                pool.run(blocks) { number, worker in
                    let (own, part) = (packed + number * rows.room, rows.rows(of: number))
                    let isAlike = packGroups(own, rows, part, scratch: scratch + worker * scratchRoom)
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

    /// Packs a block for the products; false where its rows are not alike.
    private func packGroups(
        _ tiles: MutableFloats, _ rows: GroupedRows, _ part: Range<Int>, scratch: MutableFloats
    ) -> Bool {
        let (height, inputs) = (kernels.panel_rows << rows.steps, rows.inputs)
        // A part of the rows by one of the inputs.
        let share = 1 << (2 * rows.steps)
        let operand = (part.count + height - 1) / height * height * inputs / share
        return stride(from: 0, to: part.count, by: height).allSatisfy { first in
            kernels.pack_strassen_rows(
                tiles + first * inputs / share, operand, rows.steps,
                rows.x + (part.lowerBound + first) * inputs, inputs,
                Swift.min(height, part.count - first), inputs, scratch)
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

    /// Multiplies packed rows with all panels: a part packs a group of them, and takes blocks past it, all or, where there would be
    /// fewer parts than keep the threads busy, a share.
    private func multiply(_ out: MutableFloats, _ rows: GroupedRows, _ problem: LinearProblem) {
        let (width, units) = (kernels.panel_columns << rows.steps, problem.inputs)
        let groups = (problem.outputs + width - 1) / width
        let shares = Swift.min(Swift.max(2 * pool.threads / groups, 1), rows.blocks.count)
        let panelRoom = GroupedRows.room(width * units, steps: rows.steps)
        // Sums of a block, the results, a quarter of them after two steps and a product, or a weight's rows that are unpacked.
        let resultRoom = rows.block * width
        let sumsRoom = Swift.max(
            rows.steps == 1 ? resultRoom / 4 * 5 : resultRoom / 16 * 21,
            unpackedRoom(problem) > 0 ? width * units : 0)
        withScratch(pool.workers(groups * shares) * (panelRoom + sumsRoom)) { scratch in
            pool.run(groups * shares) { part, worker in
                let (group, share) = (part / shares, part % shares)
                let panels = scratch + worker * (panelRoom + sumsRoom)
                let sums = panels + panelRoom
                let isAlike = packGroup(panels, group, problem, steps: rows.steps, scratch: sums)
                let blocks = rows.blocks.count
                for number in share * blocks / shares..<(share + 1) * blocks / shares {
                    let part = rows.rows(of: number)
                    var product = product(
                        problem, panel: group, width: width, panels, units: units, out, row: part.lowerBound)
                    product.rows = part.count
                    product.left = rows.packed.map { UnsafeRawPointer($0 + number * rows.room) }
                    if !isAlike || rows.plain[number]
                        || !kernels.multiply_strassen(&product, rows.steps, sums)
                    {
                        multiplyPlain(out, rows, block: number, group: group, problem)
                    }
                }
            }
        }
    }

    /// Packs a group of panels as right operands of the products; false where its columns are not alike.
    private func packGroup(
        _ panels: MutableFloats, _ group: Int, _ problem: LinearProblem, steps: Int, scratch: MutableFloats
    ) -> Bool {
        let (width, inputs) = (kernels.panel_columns << steps, problem.inputs)
        let columns = group * width..<Swift.min((group + 1) * width, problem.outputs)
        switch problem.weight {
        case .stored(let weight, let type):
            return kernels.pack_strassen_panels(
                panels, steps, weight + columns.lowerBound * inputs * type.size, type.kernelType, inputs,
                columns.count, inputs)
        case .encoded(let rows):
            for (line, column) in columns.enumerated() {
                decode(scratch + line * inputs, rows, row: column, 0..<inputs, of: inputs)
            }
            return kernels.pack_strassen_panels(
                panels, steps, scratch, DK_F32, inputs, columns.count, inputs)
        case .quantized: preconditionFailure("linear: bytes in \(problem.precision)")
        }
    }

    /// One block and one group of panels by plain products.
    private func multiplyPlain(
        _ out: MutableFloats, _ rows: GroupedRows, block: Int, group: Int, _ problem: LinearProblem
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
            for panel in group << rows.steps..<(group + 1) << rows.steps where panel * width < problem.outputs
            {
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
