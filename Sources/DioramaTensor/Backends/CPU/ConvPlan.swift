import CKernels

/// How a convolution that keeps an image's extents, or doubles them, is divided: rectangles of the image for threads, and vectors of
/// neighbouring places within them for panels.
///
/// Each result is computed by one sequence of operations however the image is divided, so results do not depend on the number of threads.
struct ConvPlan {
    /// Rows and columns of the input that one rectangle's results stand for.
    let rows: Int, columns: Int
    /// Rectangles of an image.
    let down: Int, across: Int
    /// The squares of results that are computed by Winograd's transforms; nil where there are none.
    let squares: dk_squares?
    /// What products are rounded to.
    let precision: dk_precision
    /// Matrices of filters: positions of a transformed square, or phases of an image doubled by repetition.
    let matrices: Int
    /// Terms of a matrix's row, and units that hold them; and units of one place.
    let depth: Int, units: Int, placeUnits: Int
    /// Where the taps of each phase are, from the first unit of a plane of what is cut out.
    let taps: [[Int]]
    /// Places of the input around a rectangle that it sees.
    let margin: Int
    /// Units from one row of what is cut out to the next, and from one plane to the next.
    let rowUnits: Int, planeUnits: Int
    /// Panels that meet a matrix of filters in turn.
    let group: Int
    /// Rows of filters that meet the panels of a group while they are in the cache.
    let rowBlock: Int

    private let problem: SameConvProblem
    private let lanes: Int, panelVectors: Int
    /// Places of the input that one lane of a vector stands for, each way.
    private let step: Int

    /// Results that a rectangle is wide, about, and high at most.
    private static let wide = 128, high = 32
    /// Bytes of panels that are held at a time, of gathered ones and of transformed squares, and of filters that meet them; the more panels,
    /// the less often filters come from far.
    private static let panelBytes = 2 << 20, squareBytes = 12 << 20, filterBytes = 512 << 10

    /// - Parameters:
    ///   - p: the convolution.
    ///   - kernels: the processor's.
    ///   - threads: how many there are.
    init(_ p: SameConvProblem, _ kernels: dk_kernels, threads: Int) {
        problem = p
        lanes = kernels.lanes
        panelVectors = kernels.panel_columns / kernels.lanes
        let doubled = p.upsampling == 2
        squares = Self.squares(p, kernels)
        precision = squares == nil ? p.precision.real.kernelPrecision : DK_SINGLE
        step = squares == DK_SQUARES_WIDE ? 4 : squares == DK_SQUARES_PAIR ? 2 : 1
        margin = p.kernel / 2
        let terms = precision == DK_HALF ? 2 : 1
        placeUnits = (p.channels + terms - 1) / terms

        let width = Self.wide / p.upsampling / (lanes * step) * (lanes * step)
        columns = Swift.min(
            Swift.max(width, lanes * step), (p.width + lanes * step - 1) / (lanes * step) * (lanes * step))
        across = (p.width + columns - 1) / columns
        rows = Self.rows(
            p, step: step, across: columns / (lanes * step), panelVectors: panelVectors, rectangles: across,
            threads: threads)
        down = (p.height + rows - 1) / rows
        rowUnits = (columns + 2 * margin + lanes - 1) / lanes * lanes
        // Planes whose distance is a power of two would share few sets of the cache.
        planeUnits =
            (rows + 2 * margin) * rowUnits
            + (((rows + 2 * margin) * rowUnits).isMultiple(of: 256) ? lanes : 0)

        let rowUnits = rowUnits
        if let squares {
            matrices = squares == DK_SQUARES_WIDE ? 36 : doubled ? 9 : 16
            taps = []
            (depth, units) = (p.channels, p.channels)
        } else {
            let side = doubled ? 2 : p.kernel
            matrices = doubled ? 4 : 1
            taps = (0..<matrices).map { phase in
                (0..<side * side).map { (phase / 2 + $0 / side) * rowUnits + phase % 2 + $0 % side }
            }
            depth = side * side * placeUnits * terms
            units = kernels.panel_units(precision, depth)
        }
        let panel = units * kernels.panel_columns * 4 * (squares == nil ? 1 : matrices)
        let panelBytes = squares != nil ? Self.squareBytes : Self.panelBytes
        let vectors = (rows + step - 1) / step * ((columns + lanes * step - 1) / (lanes * step))
        group = Swift.min(
            Swift.max(panelBytes / Swift.max(panel, 1), 1), 8, (vectors + panelVectors - 1) / panelVectors)
        let height = kernels.panel_rows
        rowBlock =
            squares != nil
            ? p.outputs : Swift.max(Self.filterBytes / Swift.max(4 * units * height, 1), 1) * height
    }

    /// The squares that pay: of 4 by 4 results where maps are rounded to bf16 anyway, none where bf16 products are fast.
    private static func squares(_ p: SameConvProblem, _ kernels: dk_kernels) -> dk_squares? {
        let isHalf = p.precision.real == .bf16
        guard p.kernel == 3, !(isHalf && kernels.half_speed > 2) else { return nil }
        /// Vectors of squares may be mostly empty in small pictures.
        func fits(_ side: Int) -> Bool {
            let vector = side * kernels.lanes
            return 2 * ((p.width + vector - 1) / vector * vector) <= 3 * p.width
        }
        if p.upsampling == 2 { return fits(1) ? DK_SQUARES_DOUBLED : nil }
        if isHalf, fits(4) { return DK_SQUARES_WIDE }
        return fits(2) ? DK_SQUARES_PAIR : nil
    }

    /// As many rows of a rectangle as keep all threads busy with full panels, and few enough for the caches.
    ///
    /// A vector's lanes are `step` places wide and high; a rectangle is `across` vectors wide, and an image so many `rectangles`.
    private static func rows(
        _ p: SameConvProblem, step: Int, across: Int, panelVectors: Int, rectangles: Int, threads: Int
    ) -> Int {
        /// How long the thread with the most rectangles takes: for the products of whole panels, for what is cut out with
        /// its margin, and for fetching filters, which costs about as much as a third of a panel.
        func cost(_ rows: Int) -> Int {
            let parts = (p.height + rows - 1) / rows * rectangles * p.batch
            let panels = (rows / step * across + panelVectors - 1) / panelVectors
            let products = 10 * panels * panelVectors + 3 * panelVectors
            return (parts + threads - 1) / threads * (products + (rows + p.kernel - 1) * across / step)
        }
        let most = Swift.min(Self.high / p.upsampling, p.height + step - 1) / step
        return (1...Swift.max(most, 1)).map { $0 * step }.min { cost($0) < cost($1) } ?? step
    }

    /// Elements from one matrix's panels to the next's, where a panel has `room`: not a multiple of 4 KiB, which would make all matrices
    /// share few sets of the cache.
    func spacing(panels: Int, _ room: Int) -> Int { panels * room + 16 }

    /// Units of what is cut out for a rectangle; vectors may read a little beyond its last row.
    var cutUnits: Int { (placeUnits * planeUnits + 2 * lanes + 15) / 16 * 16 }

    /// What is cut out for a rectangle of an image.
    func cut(_ x: UnsafeRawPointer, image: Int, rectangle: Int) -> dk_cut {
        let area = problem.height * problem.width
        return dk_cut(
            x: x + image * problem.channels * area * problem.type.size, type: problem.type.kernelType,
            channels: problem.channels, height: problem.height, width: problem.width,
            scale: problem.affine.map { $0 + image * 2 * problem.channels },
            shift: problem.affine.map { $0 + (image * 2 + 1) * problem.channels }, silu: problem.silu,
            top: rectangle / across * rows - margin, left: rectangle % across * columns - margin,
            rows: rows + 2 * margin, columns: columns + 2 * margin, row_units: rowUnits,
            plane_units: planeUnits)
    }

    /// The vectors of a rectangle: where each begins in a plane of what is cut out, and in the result.
    ///
    /// Whole panels, the last one filled up with vectors that go nowhere.
    func vectors(rectangle: Int) -> (offsets: [Int], places: [dk_place]) {
        let (top, left) = (rectangle / across * rows, rectangle % across * columns)
        var offsets: [Int] = []
        var places: [dk_place] = []
        for y in stride(from: 0, to: Swift.min(rows, problem.height - top), by: step) {
            for x in stride(from: 0, to: Swift.min(columns, problem.width - left), by: lanes * step) {
                offsets.append(y * rowUnits + x)
                places.append(
                    dk_place(y: (top + y) * problem.upsampling, x: (left + x) * problem.upsampling))
            }
        }
        while !offsets.count.isMultiple(of: panelVectors) {
            offsets.append(0)
            places.append(dk_place(y: Int(UInt32.max), x: 0))
        }
        return (offsets, places)
    }
}
