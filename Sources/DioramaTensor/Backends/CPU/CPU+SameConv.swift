import CKernels

// Convolutions that keep an image's extents, halve or double them. A thread cuts a rectangle out of the image, with its margin and through
// whatever precedes the convolution, makes rows of what its squares of results see, and multiplies the filters with them; so no other copy
// of the image exists, neither normalised nor doubled, and scratch does not grow with it.
//
// The result may be written over the residual, or over an image with channels last where the kernel is 1. Rectangles share no place of the
// image, and squares none of the result. So an element of the residual is read by the one thread that then writes its sum there. With a
// kernel of 1 rectangles have no margin: a thread cuts its own out of all channels before it writes. With as many channels as before, it
// writes at the same places. With fewer, results lie over what rectangles before read, which must be done by then (`phases`).
extension CPUBackend {
    package func sameConv(
        _ out: UnsafeMutableRawPointer, _ x: UnsafeRawPointer, _ weight: UnsafeRawPointer,
        _ weightType: DType,
        _ problem: SameConvProblem
    ) {
        guard problem.outputs > 0, problem.batch * problem.outHeight * problem.outWidth > 0 else { return }
        let plan = ConvPlan(problem, kernels, threads: threads)
        let panels = (problem.outputs + kernels.panel_columns - 1) / kernels.panel_columns
        let filterUnits = panels * kernels.panel_columns * plan.units
        let rows = plan.matrices * plan.spacing(plan.group, plan.rowUnits) + kernels.lanes
        let results = plan.matrices * plan.spacing(plan.group, plan.sumUnits)
        let room = plan.cutUnits + rows + results + (plan.group + kernels.panel_rows) * kernels.panel_columns
        let rectangles = problem.batch * plan.down * plan.across
        let phases = UnsafeRawPointer(out) == x ? phases(problem, plan, rectangles) : [0..<rectangles]
        withScratch(plan.matrices * filterUnits) { filters in
            packFilters(filters, weight, weightType, plan, problem)
            withScratch(pool.workers(rectangles) * room) { scratch in
                for phase in phases {
                    pool.run(phase.count) { part, worker in
                        let own = scratch + worker * room
                        let memory = ConvScratch(
                            cut: own, rows: own + plan.cutUnits, results: own + plan.cutUnits + rows,
                            sums: own + plan.cutUnits + rows + results)
                        let (image, rectangle) = (phase.lowerBound + part).quotientAndRemainder(
                            dividingBy: plan.down * plan.across)
                        convolve(out, x, filters, memory, plan, problem, image, rectangle)
                    }
                }
            }
        }
    }

    /// Rectangles whose results may be written at the same time over an image of more channels than they have.
    ///
    /// They lie behind what all rectangles before read, and before what they read themselves. Of n channels that become n / 2 each phase
    /// has as many rectangles as all before it.
    private func phases(_ problem: SameConvProblem, _ plan: ConvPlan, _ rectangles: Int) -> [Range<Int>] {
        guard problem.outputs < problem.channels else { return [0..<rectangles] }
        let (read, written) = (problem.channels * problem.type.size, problem.outputs * problem.outType.size)
        var phases: [Range<Int>] = []
        var first = 0
        while first < rectangles {
            var end = first + 1
            while end < rectangles,
                plan.firstPlace(rectangle: end + 1) * written <= plan.firstPlace(rectangle: first) * read
            { end += 1 }
            phases.append(first..<end)
            first = end
        }
        return phases
    }

    /// Where a thread keeps what it works on.
    private struct ConvScratch {
        let cut: MutableFloats, rows: MutableFloats, results: MutableFloats, sums: MutableFloats
    }

    /// Channels whose transformed filters stay in a second cache until they are packed.
    private static let filterChannels = 128

    /// Transforms or arranges the filters of a panel of outputs at a time, a piece of its channels after another, and packs each matrix of
    /// them.
    private func packFilters(
        _ filters: MutableFloats, _ weight: UnsafeRawPointer, _ type: DType, _ plan: ConvPlan,
        _ problem: SameConvProblem
    ) {
        let width = kernels.panel_columns
        let panels = (problem.outputs + width - 1) / width
        // Gathered taps are packed whole, for a unit may hold terms of two.
        let most = Swift.max(
            plan.taps.isEmpty ? Swift.min(Self.filterChannels, plan.depth) : problem.channels, 1)
        let room = plan.matrices * width * (plan.taps.isEmpty ? most : plan.depth)
        let area = problem.kernel * problem.kernel
        withScratch(pool.workers(panels) * room) { scratch in
            pool.run(panels) { panel, worker in
                let own = scratch + worker * room
                let first = panel * width
                let columns = Swift.min(width, problem.outputs - first)
                for channel in stride(from: 0, to: problem.channels, by: most) {
                    let channels = Swift.min(most, problem.channels - channel)
                    let depth = plan.taps.isEmpty ? channels : plan.depth
                    kernels.transform_filters(
                        own, weight + (first * problem.channels + channel) * area * type.size,
                        type.kernelType, columns, problem.channels * area, channels, plan.termsPerTap,
                        problem.kernel, plan.squares)
                    for matrix in 0..<plan.matrices {
                        kernels.pack_panel(
                            filters + ((matrix * panels + panel) * plan.units + channel) * width,
                            plan.precision, own + matrix * columns * depth, DK_F32, depth, columns, depth)
                    }
                }
            }
        }
    }

    /// One rectangle of one image.
    private func convolve(
        _ out: UnsafeMutableRawPointer, _ x: UnsafeRawPointer, _ filters: Floats, _ memory: ConvScratch,
        _ plan: ConvPlan, _ problem: SameConvProblem, _ image: Int, _ rectangle: Int
    ) {
        var cut = plan.cut(x, image: image, rectangle: rectangle)
        kernels.cut_image(memory.cut, plan.precision, &cut)
        var spread = plan.spread(out, image: image, rectangle: rectangle)
        let all = plan.run(rectangle: rectangle)
        for first in stride(from: 0, to: all.count, by: plan.group) {
            var run = all
            (run.first, run.count) = (first, Swift.min(plan.group, all.count - first))
            let position = plan.spacing(plan.group, plan.rowUnits)
            if plan.taps.isEmpty {
                kernels.winograd_input(
                    memory.rows, plan.rowUnits, position, memory.cut, &cut, &run, plan.squares)
            }
            for (phase, taps) in plan.taps.enumerated() {
                kernels.gather_taps(
                    memory.rows + phase * position, plan.rowUnits, plan.readUnits, memory.cut, &cut, taps,
                    taps.count, &run)
            }
            multiply(filters, memory, rows: run.count, plan, problem)
            kernels.spread_results(
                &spread, memory.results, plan.sumUnits, plan.spacing(plan.group, plan.sumUnits), &run,
                plan.squares)
        }
    }

    /// Multiplies the rows of each position with its filters.
    private func multiply(
        _ filters: Floats, _ memory: ConvScratch, rows: Int, _ plan: ConvPlan, _ problem: SameConvProblem
    ) {
        let width = kernels.panel_columns
        let panels = (problem.outputs + width - 1) / width
        var product = dk_panel_product()
        product.precision = plan.precision
        (product.rows, product.units, product.left_stride) = (rows, plan.units, plan.rowUnits)
        product.rows_per_gate = 1
        product.out_stride = plan.sumUnits
        for matrix in 0..<plan.matrices {
            product.left = UnsafeRawPointer(
                memory.rows + matrix * plan.spacing(plan.group, plan.rowUnits))
            for panel in 0..<panels {
                product.columns = Swift.min(width, problem.outputs - panel * width)
                product.panel = UnsafeRawPointer(filters + (matrix * panels + panel) * width * plan.units)
                product.out =
                    memory.results + matrix * plan.spacing(plan.group, plan.sumUnits) + panel * width
                kernels.multiply_panel(&product, memory.sums)
            }
        }
    }

    package func groupAffine(
        _ out: MutableFloats, _ x: UnsafeRawPointer, _ type: DType, weight: Floats?, bias: Floats?,
        _ problem: GroupNormProblem
    ) {
        let channels = problem.groups * problem.channelsPerGroup
        withScratch(4 * problem.batch * channels) { scratch in
            scratch.withMemoryRebound(to: Double.self, capacity: 2 * problem.batch * channels) { moments in
                switch problem.layout {
                case .channelsFirst: planeMoments(moments, x, type, problem)
                case .channelsLast: placeMoments(moments, x, type, problem)
                }
                for group in 0..<(pool.isIdle ? 0 : problem.batch * problem.groups) {
                    let (mean, variance) = problem.merged(moments + 2 * group * problem.channelsPerGroup)
                    let deviation = (variance + Double(problem.eps)).squareRoot()
                    let (image, first) = group.quotientAndRemainder(dividingBy: problem.groups)
                    for channel in first * problem.channelsPerGroup..<(first + 1) * problem.channelsPerGroup {
                        let scale = Double(weight?[channel] ?? 1) / deviation
                        out[image * 2 * channels + channel] = Float(scale)
                        out[(image * 2 + 1) * channels + channel] = Float(
                            Double(bias?[channel] ?? 0) - mean * scale)
                    }
                }
            }
        }
    }
}

extension CPUBackend {
    /// The mean of each channel of each image, and the sum of squares about it, side by side; of planes.
    private func planeMoments(
        _ moments: UnsafeMutablePointer<Double>, _ x: UnsafeRawPointer, _ type: DType,
        _ problem: GroupNormProblem
    ) {
        divide(problem.batch * problem.groups * problem.channelsPerGroup, cost: 2 * problem.area) { range in
            for plane in range {
                kernels.plane_moments(
                    moments + 2 * plane, moments + 2 * plane + 1, x + plane * problem.area * type.size,
                    type.kernelType, problem.area)
            }
        }
    }

    /// Bytes of places whose moments are found at a time: they stay in a second cache while channels pass by, a few at a time.
    private static let momentBytes = 1 << 18

    /// The same where channels are last, from pieces of an image.
    private func placeMoments(
        _ moments: UnsafeMutablePointer<Double>, _ x: UnsafeRawPointer, _ type: DType,
        _ problem: GroupNormProblem
    ) {
        let channels = problem.groups * problem.channelsPerGroup
        let length = Swift.max(Self.momentBytes / Swift.max(channels * type.size, 1), 64)
        let pieces = (problem.area + length - 1) / length
        withScratch(4 * problem.batch * pieces * channels) { scratch in
            scratch.withMemoryRebound(to: Double.self, capacity: 2 * problem.batch * pieces * channels) {
                own in
                pool.run(problem.batch * pieces) { part, _ in
                    let (image, piece) = part.quotientAndRemainder(dividingBy: pieces)
                    let places = piece * length..<Swift.min((piece + 1) * length, problem.area)
                    kernels.place_moments(
                        own + 2 * part * channels, own + (2 * part + 1) * channels,
                        x + (image * problem.area + places.lowerBound) * channels * type.size,
                        type.kernelType, places.count, channels)
                }
                for index in 0..<(pool.isIdle ? 0 : problem.batch * channels) {
                    let (image, channel) = index.quotientAndRemainder(dividingBy: channels)
                    var (count, mean, squares) = (0.0, 0.0, 0.0)
                    for piece in 0..<pieces {
                        let other = Double(Swift.min(length, problem.area - piece * length))
                        let at = own + 2 * (image * pieces + piece) * channels + channel
                        let difference = at[0] - mean
                        squares += at[channels] + difference * difference * count * other / (count + other)
                        mean += difference * other / (count + other)
                        count += other
                    }
                    (moments[2 * index], moments[2 * index + 1]) = (mean, squares)
                }
            }
        }
    }
}

extension GroupNormProblem {
    /// Mean and variance of a group, from the mean and the sum of squares about it of each of its channels.
    fileprivate func merged(_ moments: UnsafePointer<Double>) -> (mean: Double, variance: Double) {
        let mean = (0..<channelsPerGroup).reduce(0) { $0 + moments[2 * $1] } / Double(channelsPerGroup)
        let squares = (0..<channelsPerGroup).reduce(0) {
            let difference = moments[2 * $1] - mean
            return $0 + moments[2 * $1 + 1] + difference * difference * Double(area)
        }
        return (mean, squares / Double(channelsPerGroup * area))
    }
}
