import CKernels

// The rectangles of a plan: what each cuts out of an image, its squares, and where their results go.
extension ConvPlan {
    /// A rectangle: its image, its number in it, and how many squares those before it have.
    struct Rectangle {
        let image: Int, index: Int, firstSquare: Int
    }

    /// All of them.
    var rectangles: [Rectangle] {
        var first = 0
        return (0..<problem.batch * down * across).map {
            let (image, index) = $0.quotientAndRemainder(dividingBy: down * across)
            defer { first += run(rectangle: index).count }
            return Rectangle(image: image, index: index, firstSquare: first)
        }
    }

    /// Places of a row of what is cut out, and of a column.
    private var cutColumns: Int { (columns - 1) * step + seen }
    private var cutRows: Int { (rows - 1) * step + seen }

    /// Units of what is cut out for a rectangle.
    var cutUnits: Int { cutRows * cutColumns * placeUnits }

    /// The first place of a rectangle's results, counted from the first of all images.
    func firstPlace(rectangle: Int) -> Int {
        let (image, own) = rectangle.quotientAndRemainder(dividingBy: down * across)
        return image * problem.area.height * problem.area.width + own * columns
    }

    /// What is cut out for a rectangle of an image.
    func cut(_ x: UnsafeRawPointer, image: Int, rectangle: Int) -> dk_cut {
        let (height, width) = problem.extents
        return dk_cut(
            x: x + image * problem.channels * height * width * problem.type.size,
            type: problem.type.kernelType, planar: problem.layout == .channelsFirst,
            channels: problem.channels, height: height, width: width,
            scale: problem.affine.map { $0 + image * 2 * problem.channels },
            shift: problem.affine.map { $0 + (image * 2 + 1) * problem.channels }, silu: problem.silu,
            top: rectangle / across * rows * step - margin,
            left: rectangle % across * columns * step - margin,
            rows: cutRows, columns: cutColumns, place_units: placeUnits)
    }

    /// All squares of a rectangle, as one run.
    func run(rectangle: Int) -> dk_run {
        let (row, column) = (rectangle / across * rows, rectangle % across * columns)
        let (height, width) = problem.area
        let across = Swift.min(columns, (width + side - 1) / side - column)
        let down = Swift.min(rows, (height + side - 1) / side - row)
        return dk_run(first: 0, count: down * across, across: across, step: step)
    }

    /// Where the results of a rectangle of an image go, of some of the outputs.
    func spread(_ out: UnsafeMutableRawPointer, image: Int, rectangle: Int, outputs: Range<Int>) -> dk_spread
    {
        let (height, width) = problem.area
        let isPlanar = problem.layout == .channelsFirst
        let first =
            image * problem.outputs * height * width
            + outputs.lowerBound * (isPlanar ? height * width : 1)
        return dk_spread(
            out: out + first * problem.outType.size, type: problem.outType.kernelType, planar: isPlanar,
            residual: problem.residual.map { $0 + first * problem.residualType.size },
            residual_type: problem.residualType.kernelType,
            bias: problem.bias.map { $0 + outputs.lowerBound }, channels: outputs.count,
            stride: problem.outputs, height: height, width: width, top: rectangle / across * rows * side,
            left: rectangle % across * columns * side)
    }
}
