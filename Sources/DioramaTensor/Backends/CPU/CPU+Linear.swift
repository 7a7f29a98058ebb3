import CKernels

// Fully connected layers. The rows of x are packed once for all outputs; the weights are packed panel by panel, in whatever type they
// are stored, by the thread that then multiplies all rows with them: into memory that is kept for the next product (`PackedWeight`), or where
// there is none into scratch, once a pass.
extension CPUBackend {
    /// Rows up to which weights are read once by dot products, rather than packed.
    private static let dotRows = 8

    /// Bytes of packed rows that are worth keeping at a time; rows beyond go in another pass over the weights.
    static let packedRows = 64 << 20

    /// The most rows that pass by a panel while it is in the cache.
    private static let rowBlock = 256

    /// Bytes of panels that a thread packs before rows pass by them: the more there are, the less often rows are fetched.
    private static let panelGroupBytes = 4 << 20

    /// Rows up to which a thread packs two panels at a time instead, which stay in its second cache until they are multiplied.
    private static let fewRows = 1024

    /// Bytes of packed rows that stay in a second cache while a few panels pass by them.
    static let rowBlockBytes = 1 << 19

    /// Rows up to which it pays to keep a packed weight: beyond one block of them, packing is a few percent of the product.
    private static let keptRows = 256

    /// The same of a small weight, with which threads divide rows.
    private static let keptShortRows = 1024

    package func linears(_ outs: [MutableFloats], _ x: Floats, _ problems: [LinearProblem]) {
        var waiting: [Layer] = []
        waiting.reserveCapacity(problems.count)
        for (out, problem) in zip(outs, problems) where problem.rows > 0 && problem.outputs > 0 {
            if isRead(inPlace: problem) {
                dotLinear(out, x, problem)
            } else {
                waiting.append(Layer(out: out, problem: problem))
            }
        }
        for steps in [1, 2] where waiting.contains(where: { strassenSteps($0.problem) == steps }) {
            strassenLinears(waiting.filter { strassenSteps($0.problem) == steps }, x, steps: steps)
            waiting.removeAll { strassenSteps($0.problem) == steps }
        }
        while let first = waiting.first?.problem {
            let isAlike = { (layer: Layer) in layer.problem.packsRows(as: first) }
            if waiting.allSatisfy(isAlike) { return packedLinears(waiting, x, first) }
            packedLinears(waiting.filter(isAlike), x, first)
            waiting.removeAll(where: isAlike)
        }
    }

    /// A layer, and where its result goes.
    struct Layer {
        let out: MutableFloats
        let problem: LinearProblem
    }

    /// Whether a weight is read once, by dot products in singles, because there are few rows.
    private func isRead(inPlace problem: LinearProblem) -> Bool {
        guard problem.rows <= Self.dotRows else { return false }
        if case .stored(_, .bf16) = problem.weight { return problem.precision != .int8 }
        return problem.precision == .f32
    }

    /// Whether a layer's weight is read where it is stored, not found packed.
    func readsWeight(_ problem: LinearProblem) -> Bool {
        guard keepsWeight(problem), !isRead(inPlace: problem), strassenSteps(problem) == 0 else {
            return true
        }
        return problem.packed?.panels(problem.precision) == nil
    }

    /// Whether there are so few rows that a layer's weight is kept packed.
    private func keepsWeight(_ problem: LinearProblem) -> Bool {
        problem.rows <= Self.keptRows
            || problem.rows <= Self.keptShortRows && packedBytes(problem) <= Self.shortWeight
    }

    /// Panels of a layer's weight.
    func panelCount(_ problem: LinearProblem) -> Int {
        (problem.outputs + kernels.panel_columns - 1) / kernels.panel_columns
    }

    /// Bytes of all panels of a layer's weight.
    func packedBytes(_ problem: LinearProblem) -> Int {
        let units = kernels.panel_units(problem.precision.kernelPrecision, problem.inputs)
        return panelCount(problem) * (units + 2) * kernels.panel_columns * DType.f32.size
    }

    /// Layers whose rows are packed in one way, that of `shape`.
    private func packedLinears(_ layers: [Layer], _ x: Floats, _ shape: LinearProblem) {
        if keepsWeight(shape), let panels = shortPanels(layers) {
            return shortLinears(layers, panels, x, shape)
        }
        let units = kernels.panel_units(shape.precision.kernelPrecision, shape.inputs)
        let fitting = Swift.min(Self.rowBlock, Self.rowBlockBytes / Swift.max(4 * units, 1))
        let block = Swift.max(fitting / kernels.panel_rows, 1) * kernels.panel_rows
        let most = Swift.max(Self.packedRows / Swift.max(4 * units, 1) / block, 1) * block
        for first in stride(from: 0, to: shape.rows, by: most) {
            let rows = first..<Swift.min(first + most, shape.rows)
            withPackedRows(x + rows.lowerBound * shape.inputs, rows.count, shape) { tiles, scales in
                for layer in layers {
                    multiply(layer.out, tiles, scales, rows: rows, block: block, layer.problem)
                }
            }
        }
    }

    /// Packs rows of x, several threads at a time, and gives them to `body` with their scales.
    private func withPackedRows(
        _ x: Floats, _ rows: Int, _ problem: LinearProblem,
        _ body: (UnsafeMutablePointer<Float>, MutableFloats) -> Void
    ) {
        let (precision, height) = (problem.precision.kernelPrecision, kernels.panel_rows)
        let units = kernels.panel_units(precision, problem.inputs)
        let tiles = (rows + height - 1) / height
        let room = 8 * units + problem.inputs
        withScratch(tiles * height * (units + 1)) { packed in
            let scales = packed + tiles * height * units
            withScratch(workers(dividing: tiles, cost: height * problem.inputs) * room) { scratch in
                divide(tiles, cost: height * problem.inputs) { part, worker in
                    for tile in part {
                        let first = tile * height
                        kernels.pack_tile(
                            packed + first * units, scales + first, precision, x + first * problem.inputs,
                            problem.inputs, Swift.min(height, rows - first), problem.inputs, problem.rotation,
                            scratch + worker * room)
                    }
                }
            }
            body(packed, scales)
        }
    }

    /// Multiplies packed rows with all panels: a part packs a few panels, and takes all rows past them block by block.
    private func multiply(
        _ out: MutableFloats, _ tiles: Floats, _ rowScales: Floats, rows: Range<Int>, block: Int,
        _ problem: LinearProblem
    ) {
        let width = kernels.panel_columns
        let units = kernels.panel_units(problem.precision.kernelPrecision, problem.inputs)
        let panels = panelCount(problem)
        let panelRoom = (units + 2) * width
        let fitting =
            rows.count <= Self.fewRows
            ? 2 : Swift.min(Swift.max(Self.panelGroupBytes / (4 * panelRoom), 4), 16)
        // As many parts as all threads have alike, none of which is larger than another by more than a panel.
        let most = Swift.max(Swift.min(panels / (4 * pool.threads), fitting), 1)
        let rounds = ((panels + most - 1) / most + pool.threads - 1) / pool.threads
        let parts = Swift.min(rounds * pool.threads, panels)
        let group = (panels + parts - 1) / parts
        // The first part and the last have half as many: one thread packs while another multiplies, and memory serves them in turn.
        let halves = parts > pool.threads && group > 1 ? 1 : 0
        func start(_ part: Int) -> Int {
            halves == 0
                ? part * panels / parts
                : Swift.min(Swift.max(2 * part - 1, 0), 2 * parts) * panels / (2 * parts)
        }
        let packed = keepsWeight(problem) ? problem.packed : nil
        let kept = packed?.claim(problem.precision, byteCount: packedBytes(problem), in: memory.packed)
        // Weights are unpacked where sums will be.
        let sumsRoom = Swift.max((block + kernels.panel_rows) * width, unpackedRoom(problem))
        let ownRoom = kept == nil ? group * panelRoom : 0
        withScratch(pool.workers(parts) * (ownRoom + sumsRoom)) { scratch in
            pool.run(parts + halves) { part, worker in
                let sums = scratch + worker * (ownRoom + sumsRoom)
                let mine = start(part)..<start(part + 1)
                let own = kept.map { $0.start + mine.lowerBound * panelRoom } ?? sums + sumsRoom
                for panel in mine where kept?.isEmpty ?? true {
                    pack(
                        own + (panel - mine.lowerBound) * panelRoom, panel: panel, units: units, problem,
                        scratch: sums)
                }
                for first in stride(from: 0, to: rows.count, by: block) {
                    for panel in mine {
                        let packed = own + (panel - mine.lowerBound) * panelRoom
                        var product = product(
                            problem, panel: panel, width: width, packed, units: units, out,
                            row: rows.lowerBound + first)
                        product.rows = Swift.min(block, rows.count - first)
                        product.left = UnsafeRawPointer(tiles + first * units)
                        product.row_scales = rowScales + first
                        kernels.multiply_panel(&product, sums)
                    }
                }
            }
        }
        if let kept { packed?.finish(kept, problem.precision) }
    }

    /// Packs a panel's weights, and behind them scales and sums of its columns.
    func pack(
        _ packed: MutableFloats, panel: Int, units: Int, _ problem: LinearProblem, scratch: MutableFloats
    ) {
        let width = kernels.panel_columns
        let columns = panel * width..<Swift.min((panel + 1) * width, problem.outputs)
        switch problem.weight {
        case .stored(let weight, let type):
            kernels.pack_panel(
                packed, problem.precision.kernelPrecision,
                weight + columns.lowerBound * problem.inputs * type.size, type.kernelType, problem.inputs,
                columns.count, problem.inputs)
        case .quantized(let values, let scales, _):
            let columnScales = packed + units * width
            let rows = values.assumingMemoryBound(to: Int8.self) + columns.lowerBound * problem.inputs
            (columnScales + width).withMemoryRebound(to: Int32.self, capacity: width) { sums in
                kernels.pack_panel_int8(packed, sums, rows, problem.inputs, columns.count, problem.inputs)
            }
            columnScales.update(repeating: 0, count: width)
            columnScales.update(from: scales + columns.lowerBound, count: columns.count)
        case .encoded(let rows):
            pack(packed, rows, columns, problem, scratch: scratch)
        }
    }

    func product(
        _ problem: LinearProblem, panel: Int, width: Int, _ packed: MutableFloats, units: Int,
        _ out: MutableFloats, row: Int
    ) -> dk_panel_product {
        let column = panel * width
        let at = row * problem.outputs + column
        var product = dk_panel_product()
        product.precision = problem.precision.kernelPrecision
        product.columns = Swift.min(width, problem.outputs - column)
        product.units = units
        product.panel = UnsafeRawPointer(packed)
        product.column_scales = UnsafePointer(packed + units * width)
        product.column_sums = UnsafeRawPointer(packed + (units + 1) * width).assumingMemoryBound(
            to: Int32.self)
        product.bias = problem.bias.map { $0 + column }
        product.activation = problem.activation.kernelActivation
        product.gate = problem.gate.map { $0 + column }
        (product.gate_stride, product.rows_per_gate) = (problem.outputs, problem.rowsPerGate)
        product.first_row = row
        product.residual = problem.residual.map { $0 + at }
        product.out = out + at
        product.out_stride = problem.outputs
        return product
    }

    /// A few rows: each weight is read once, in place, and what follows the sums is a pass of its own.
    private func dotLinear(_ out: MutableFloats, _ x: Floats, _ problem: LinearProblem) {
        guard problem.precision == .f32 else {
            let count = problem.rows * problem.inputs
            withScratch(2 * count) { rounded in
                let halves = UnsafeMutableRawPointer(rounded + count).assumingMemoryBound(to: UInt16.self)
                if !pool.isIdle {
                    kernels.f32_to_bf16(halves, x, count)
                    kernels.bf16_to_f32(rounded, halves, count)
                }
                var problem = problem
                problem.precision = .f32
                dotLinear(out, rounded, problem)
            }
            return
        }
        let (rows, inputs, outputs) = (problem.rows, problem.inputs, problem.outputs)
        switch problem.weight {
        case .stored(let weight, let type):
            divide(outputs, cost: inputs * rows) { range in
                let first = range.lowerBound
                kernels.dot_rows(
                    out + first, outputs, x, weight + first * inputs * type.size, type.kernelType,
                    problem.bias.map { $0 + first }, rows, inputs, range.count)
            }
        case .encoded(let weight): dotProducts(out, x, weight, problem)
        case .quantized: preconditionFailure("linear: bytes in \(problem.precision)")
        }
        for row in 0..<(pool.isIdle ? 0 : rows) {
            let line = out + row * outputs
            if let op = problem.activation.unary { kernels.unary(op, line, line, outputs) }
            if let gate = problem.gate {
                let own = gate + row / problem.rowsPerGate * outputs
                kernels.binary(DK_MULTIPLY, line, line, own, 1, 1, outputs)
            }
            if let residual = problem.residual {
                kernels.binary(DK_ADD, line, line, residual + row * outputs, 1, 1, outputs)
            }
        }
    }

    package func quantize(
        _ out: UnsafeMutableRawPointer, scales: MutableFloats, _ x: UnsafeRawPointer, _ type: DType,
        rotation: Int, rows: Int, columns: Int
    ) {
        let values = out.assumingMemoryBound(to: Int8.self)
        withScratch(workers(dividing: rows, cost: columns) * columns) { scratch in
            divide(rows, cost: columns) { part, worker in
                let line = scratch + worker * columns
                for row in part {
                    convert(line, .f32, x + row * columns * type.size, type, count: columns)
                    kernels.rotate_row(line, rotation, columns)
                    scales[row] = kernels.quantize_row(values + row * columns, line, columns)
                }
            }
        }
    }

    package func dequantize(
        _ out: MutableFloats, _ x: UnsafeRawPointer, scales: Floats, rotation: Int, rows: Int, columns: Int
    ) {
        let values = x.assumingMemoryBound(to: Int8.self)
        divide(rows, cost: columns) { part in
            for row in part {
                let line = out + row * columns
                for column in 0..<columns {
                    line[column] = Float(values[row * columns + column]) * scales[row]
                }
                kernels.rotate_row(line, rotation, columns)
            }
        }
    }
}

extension LinearProblem {
    /// Whether the rows of x are packed for both in one way.
    fileprivate func packsRows(as other: LinearProblem) -> Bool {
        precision == other.precision && rotation == other.rotation && inputs == other.inputs
    }

    /// Inputs that are rotated together; 1 for none.
    var rotation: Int {
        switch weight {
        case .stored, .encoded: 1
        case .quantized(_, _, let group): group
        }
    }
}

extension Precision {
    /// The precision as the kernels number it.
    var kernelPrecision: dk_precision {
        switch self {
        case .f32: DK_SINGLE
        case .bf16: DK_HALF
        case .int8: DK_INT8
        }
    }
}

extension LinearEpilogue.Activation {
    /// The function as the kernels number it, in a product.
    var kernelActivation: dk_activation {
        switch self {
        case .none: DK_LINEAR
        case .silu: DK_WITH_SILU
        case .quickGELU: DK_WITH_QUICK_GELU
        case .gelu: DK_WITH_GELU
        case .geluTanh: DK_WITH_GELU_TANH
        }
    }

    /// The function as an op of its own; nil for none.
    var unary: dk_unary_op? {
        switch self {
        case .none: nil
        case .silu: DK_SILU
        case .quickGELU: DK_QUICK_GELU
        case .gelu: DK_GELU
        case .geluTanh: DK_GELU_TANH
        }
    }
}
