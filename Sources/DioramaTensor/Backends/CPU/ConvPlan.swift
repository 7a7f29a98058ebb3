import CKernels

/// How a convolution that keeps an image's extents, halves or doubles them, is divided: rectangles of the image for threads, and runs of
/// squares of results within them for products.
///
/// Each result is computed by one sequence of operations however the image is divided, so results do not depend on the number of threads.
struct ConvPlan {
    /// The squares of results that are computed at a time.
    let squares: dk_squares
    /// Squares of a rectangle, at most.
    let rows: Int, columns: Int
    /// Rectangles of an image.
    let down: Int, across: Int
    /// What products are rounded to.
    let precision: dk_precision
    /// Matrices of filters: positions of a transformed square, or phases of an image doubled by repetition.
    let matrices: Int
    /// Terms of a matrix's row, units that hold them, and units from one row of a product's left side to the next.
    let depth: Int, units: Int, rowUnits: Int
    /// Units of one place that products read, and that it has in what is cut out.
    let readUnits: Int, placeUnits: Int
    /// For each phase, which places of the cut are its taps, counted from the first that a square sees; empty for transformed squares.
    let taps: [[Int]]
    /// Singles from one row of sums to the next.
    let sumUnits: Int
    /// Squares that meet a matrix of filters in turn; all, in whole tiles, where the plan is by outputs.
    let group: Int
    /// Squares of all images.
    let squareCount: Int
    /// Whether threads divide the outputs, not the rectangles.
    let isByOutputs: Bool
    /// The outputs of each part, at most a panel's, where the plan is by outputs.
    let outputParts: [Range<Int>]
    /// Singles that arranging a panel of filters takes.
    let filterRoom: Int

    let problem: SameConvProblem
    /// Places of the input that squares are apart, and of the result that one has, each way.
    let step: Int, side: Int
    /// Places that a square sees each way.
    let seen: Int
    /// Places of the image before a rectangle that it sees.
    let margin: Int

    /// Results that a rectangle is wide and high at most.
    private static let wide = 128, high = 32
    /// Places of a rectangle where the kernel is 1, at most.
    private static let mostPoints = 512
    /// Bytes of gathered rows that are held at a time; the more there are, the less often filters come from far.
    private static let gatheredBytes = 2 << 20
    /// Squares that are held at a time, at most.
    private static let mostSquares = 128
    /// Squares of all images where the plan is by outputs, at most: a thread holds the sums of all.
    private static let mostSquaresByOutputs = 256

    /// - Parameters:
    ///   - p: the convolution.
    ///   - kernels: the processor's.
    ///   - threads: how many there are.
    init(_ p: SameConvProblem, _ kernels: dk_kernels, threads: Int) {
        problem = p
        let lanes = kernels.lanes
        func whole(_ count: Int, _ unit: Int) -> Int { (count + unit - 1) / unit * unit }
        squares = Self.squares(p, kernels)
        let isGathered = squares == DK_SQUARES_PLAIN || squares == DK_SQUARES_PHASES
        precision = isGathered ? p.precision.real.kernelPrecision : DK_SINGLE
        let terms = precision == DK_HALF ? kernels.half_terms : 1
        readUnits = (p.channels + terms - 1) / terms
        placeUnits = whole(readUnits, lanes)
        sumUnits = whole(p.outputs, lanes)
        margin = p.stride == 1 ? p.kernel / 2 : 0
        switch squares {
        case DK_SQUARES_WIDE: (matrices, step, side, seen) = (36, 4, 4, 6)
        case DK_SQUARES_PAIR: (matrices, step, side, seen) = (16, 2, 2, 4)
        case DK_SQUARES_DOUBLED: (matrices, step, side, seen) = (9, 1, 2, 3)
        case DK_SQUARES_PHASES: (matrices, step, side, seen) = (4, 1, 2, 3)
        default: (matrices, step, side, seen) = (1, p.stride, 1, p.kernel)
        }

        let (high, wide) = (p.area.height + side - 1, p.area.width + side - 1)
        let allRows = high / side
        if p.kernel == 1 {
            // An image is one long row, of which each thread has several parts.
            let share = wide * p.batch / (4 * threads)
            columns = Swift.min(whole(Swift.max(share, 1), kernels.panel_rows), Self.mostPoints)
        } else {
            columns = Swift.min(Self.wide, wide) / side
        }
        across = (wide / side + columns - 1) / columns
        rows = Self.rows(
            allRows, most: Self.high / side, columns: columns, beside: across * p.batch,
            tile: kernels.panel_rows, threads: threads)
        down = (allRows + rows - 1) / rows

        if isGathered {
            let (kernel, columns) = (squares == DK_SQUARES_PHASES ? 2 : p.kernel, (columns - 1) * step + seen)
            taps = (0..<matrices).map { phase in
                (0..<kernel * kernel).map {
                    (phase / 2 + $0 / kernel) * columns + phase % 2 + $0 % kernel
                }
            }
            depth = kernel * kernel * readUnits * terms
            units = kernels.panel_units(precision, depth)
            rowUnits = whole(units, lanes)
        } else {
            taps = []
            // Rows whose distance is a power of two would share few sets of the cache.
            (depth, units, rowUnits) = (p.channels, p.channels, placeUnits + lanes)
        }
        squareCount = p.batch * allRows * (wide / side)
        isByOutputs = taps.isEmpty && squareCount <= Self.mostSquaresByOutputs && p.outputs >= 2 * squareCount
        if isByOutputs {
            group = whole(squareCount, kernels.panel_rows)
        } else {
            // The rows of one position stay in a second cache while filters pass by; processors of wide vectors have larger ones.
            let bytes = isGathered ? Self.gatheredBytes / matrices : Swift.max(lanes, 8) * 24 << 10
            let fitting = Swift.min(bytes / (4 * rowUnits), Self.mostSquares)
            group = Swift.min(
                Swift.max(fitting / kernels.panel_rows, 1) * kernels.panel_rows,
                whole(rows * columns, kernels.panel_rows))
        }
        outputParts =
            isByOutputs
            ? Self.outputParts(p.outputs, most: kernels.panel_columns, vector: lanes, threads: threads) : []
        filterRoom = isGathered ? matrices * kernels.panel_columns * depth : 0
    }

    /// As few parts as panels allow, as many for each thread, and all of about as many vectors.
    ///
    /// - Parameters:
    ///   - outputs: how many there are.
    ///   - most: outputs of a panel.
    ///   - vector: outputs of a vector, whole ones of which a panel has.
    ///   - threads: how many there are.
    /// - Returns: the outputs of each part.
    private static func outputParts(_ outputs: Int, most: Int, vector: Int, threads: Int) -> [Range<Int>] {
        let vectors = (outputs + vector - 1) / vector
        let share = (vectors + threads - 1) / threads * vector
        let count = threads * ((share + most - 1) / most)
        return (0..<count).map {
            vectors * $0 / count * vector..<Swift.min(vectors * ($0 + 1) / count * vector, outputs)
        }.filter { !$0.isEmpty }
    }

    /// The squares that pay: of 4 by 4 results where maps are rounded to bf16 anyway, none where bf16 products are fast.
    private static func squares(_ p: SameConvProblem, _ kernels: dk_kernels) -> dk_squares {
        let isHalf = p.precision.real == .bf16
        let doubled = p.upsampling == 2
        let gathered = doubled ? DK_SQUARES_PHASES : DK_SQUARES_PLAIN
        guard p.kernel == 3, p.stride == 1, !(isHalf && kernels.half_speed > 2) else { return gathered }
        if doubled { return DK_SQUARES_DOUBLED }
        /// Squares may be mostly empty in small pictures.
        func fits(_ side: Int) -> Bool {
            func whole(_ count: Int) -> Int { (count + side - 1) / side * side }
            return 2 * whole(p.width) * whole(p.height) <= 3 * p.width * p.height
        }
        if isHalf, fits(4) { return DK_SQUARES_WIDE }
        return fits(2) ? DK_SQUARES_PAIR : gathered
    }

    /// As many rows of squares in a rectangle as keep all threads busy with full tiles, and few enough for the caches.
    ///
    /// - Parameters:
    ///   - all: rows of squares that an image has.
    ///   - most: rows of a rectangle.
    ///   - columns: squares of a rectangle's row.
    ///   - beside: how many rectangles there are for each that lies below another.
    ///   - tile: rows of a tile of a product.
    ///   - threads: how many there are.
    /// - Returns: rows of squares of a rectangle.
    private static func rows(
        _ all: Int, most: Int, columns: Int, beside: Int, tile: Int, threads: Int
    ) -> Int {
        /// How long the thread with the most rectangles takes: for products of whole tiles, for the margin that is cut out beside each
        /// rectangle, and for fetching filters.
        func cost(_ rows: Int) -> Int {
            let parts = (all + rows - 1) / rows * beside
            let squares = (rows * columns + tile - 1) / tile * tile
            return (parts + threads - 1) / threads * (10 * squares + columns + 4 * tile)
        }
        return (1...Swift.max(Swift.min(most, all), 1)).min { cost($0) < cost($1) } ?? 1
    }

    /// Singles from one matrix's rows to the next's: not a multiple of 4 KiB, which would make all matrices share few sets of the cache.
    func spacing(_ rows: Int, _ rowUnits: Int) -> Int { rows * rowUnits + 16 }

    /// Terms of one tap, and of a transformed place.
    var termsPerTap: Int { depth / Swift.max(taps.first?.count ?? 1, 1) }

    /// A product of this many rows with a panel of filters; rows, panel and results are to be filled in.
    func product(rows: Int) -> dk_panel_product {
        var product = dk_panel_product()
        product.precision = precision
        (product.rows, product.units, product.left_stride) = (rows, units, rowUnits)
        product.rows_per_gate = 1
        return product
    }
}

extension SameConvProblem {
    /// Extents of an image, of which one with a kernel of 1 is one long row.
    var extents: (height: Int, width: Int) {
        kernel == 1 ? (1, height * width) : (height, width)
    }

    /// Extents of its result.
    var area: (height: Int, width: Int) {
        kernel == 1 ? (1, height * width) : (outHeight, outWidth)
    }
}
