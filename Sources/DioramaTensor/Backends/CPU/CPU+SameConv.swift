import CKernels

// Convolutions that keep an image's extents, or double them. A thread cuts a rectangle out of the image, with its margin and through
// whatever precedes the convolution, makes panels of it and multiplies the filters with them; so no other copy of the image exists,
// neither normalised nor doubled, and scratch does not grow with it.
//
// The result may be written over the residual, or over the image where the kernel is 1. Rectangles share no place of the image, and the
// vectors of one share none of the result. So an element of the residual is read by the one thread that then writes its sum there. With
// a kernel of 1 rectangles have no margin: a thread cuts its own out of all channels and then writes at the same places, which no other
// thread reads of this image. With fewer channels than before, results of an image lie over those before it, which must be done by then.
extension CPUBackend {
    package func sameConv(
        _ out: UnsafeMutableRawPointer, _ x: UnsafeRawPointer, _ weight: UnsafeRawPointer,
        _ weightType: DType,
        _ problem: SameConvProblem
    ) {
        guard problem.outputs > 0, problem.batch * problem.height * problem.width > 0 else { return }
        let plan = ConvPlan(problem, kernels, threads: threads)
        let (width, height) = (kernels.panel_columns, kernels.panel_rows)
        let tiles = (problem.outputs + height - 1) / height
        let matrix = tiles * height * plan.units
        let panels =
            plan.spacing(panels: plan.group, plan.units * width) * (plan.squares == nil ? 1 : plan.matrices)
        let results = plan.spacing(panels: plan.group, problem.outputs * width) * plan.matrices
        let room = plan.cutUnits + panels + results + (problem.outputs + height) * width
        let rectangles = plan.down * plan.across
        let together = UnsafeRawPointer(out) == x ? 1 : problem.batch
        withScratch(plan.matrices * matrix) { filters in
            packFilters(filters, weight, weightType, plan, problem)
            withScratch(pool.workers(together * rectangles) * room) { scratch in
                for first in stride(from: 0, to: problem.batch, by: together) {
                    pool.run(together * rectangles) { part, worker in
                        let own = scratch + worker * room
                        let memory = ConvScratch(
                            cut: own, panels: own + plan.cutUnits, results: own + plan.cutUnits + panels,
                            sums: own + plan.cutUnits + panels + results)
                        let (image, rectangle) = part.quotientAndRemainder(dividingBy: rectangles)
                        convolve(
                            out, x, filters, matrix: matrix, memory, plan, problem, first + image, rectangle)
                    }
                }
            }
        }
    }

    /// Where a thread keeps what it works on.
    private struct ConvScratch {
        let cut: MutableFloats, panels: MutableFloats, results: MutableFloats, sums: MutableFloats
    }

    /// Transforms or arranges the filters of a few outputs at a time, and packs each matrix of them as tiles.
    private func packFilters(
        _ filters: MutableFloats, _ weight: UnsafeRawPointer, _ type: DType, _ plan: ConvPlan,
        _ problem: SameConvProblem
    ) {
        let height = kernels.panel_rows
        let tiles = (problem.outputs + height - 1) / height
        let taps = problem.kernel * problem.kernel
        let doubled = problem.upsampling == 2
        let arranged = plan.matrices * height * plan.depth
        let room = arranged + 4 * (plan.depth + 64)
        withScratch(pool.workers(tiles) * room) { scratch in
            pool.run(tiles) { tile, worker in
                let own = scratch + worker * room
                let first = tile * height
                let rows = Swift.min(height, problem.outputs - first)
                let from = weight + first * problem.channels * taps * type.size
                if let squares = plan.squares {
                    kernels.winograd_filters(own, from, type.kernelType, rows, problem.channels, squares)
                } else {
                    kernels.arrange_filters(
                        own, from, type.kernelType, rows, problem.channels, plan.depth / (doubled ? 4 : taps),
                        problem.kernel, doubled)
                }
                for matrix in 0..<plan.matrices {
                    kernels.pack_tile(
                        filters + (matrix * tiles + tile) * height * plan.units, nil, plan.precision,
                        own + matrix * rows * plan.depth, plan.depth, rows, plan.depth, 1, own + arranged)
                }
            }
        }
    }

    /// One rectangle of one image.
    private func convolve(
        _ out: UnsafeMutableRawPointer, _ x: UnsafeRawPointer, _ filters: Floats, matrix: Int,
        _ memory: ConvScratch, _ plan: ConvPlan, _ problem: SameConvProblem, _ image: Int, _ rectangle: Int
    ) {
        let perPanel = kernels.panel_columns / kernels.lanes
        var cut = plan.cut(x, image: image, rectangle: rectangle)
        kernels.cut_planes(memory.cut, plan.precision, &cut)
        let (offsets, places) = plan.vectors(rectangle: rectangle)
        var spread = problem.spread(out, image: image)
        offsets.withUnsafeBufferPointer { offsets in
            places.withUnsafeBufferPointer { places in
                guard let vectors = offsets.baseAddress, let place = places.baseAddress else { return }
                for first in stride(from: 0, to: offsets.count / perPanel, by: plan.group) {
                    let count = Swift.min(plan.group, offsets.count / perPanel - first)
                    let at = vectors + first * perPanel
                    if let squares = plan.squares {
                        multiplySquares(
                            squares, filters, matrix: matrix, memory, plan, problem, &cut, at, panels: count)
                    } else {
                        multiplyTaps(filters, matrix: matrix, memory, plan, problem, at, panels: count)
                    }
                    spread.places = place + first * perPanel
                    finish(memory, panels: count, plan, problem, &spread)
                }
            }
        }
    }

    /// Transforms squares and multiplies each position's filters with them.
    private func multiplySquares(
        _ squares: dk_squares, _ filters: Floats, matrix: Int, _ memory: ConvScratch, _ plan: ConvPlan,
        _ problem: SameConvProblem,
        _ cut: inout dk_cut, _ vectors: UnsafePointer<Int>, panels: Int
    ) {
        let width = kernels.panel_columns
        let perPanel = width / kernels.lanes
        let (panelRoom, resultRoom) = (plan.units * width, problem.outputs * width)
        for panel in 0..<panels {
            kernels.winograd_input(
                memory.panels + panel * panelRoom, plan.spacing(panels: panels, panelRoom), memory.cut, &cut,
                vectors + panel * perPanel, squares)
        }
        for position in 0..<plan.matrices {
            for panel in 0..<panels {
                multiply(
                    filters + position * matrix,
                    memory.panels + position * plan.spacing(panels: panels, panelRoom) + panel * panelRoom,
                    memory.results + position * plan.spacing(panels: panels, resultRoom) + panel * resultRoom,
                    rows: problem.outputs, plan, memory)
            }
        }
    }

    /// Gathers what places see, phase by phase, and multiplies filters with it.
    private func multiplyTaps(
        _ filters: Floats, matrix: Int, _ memory: ConvScratch, _ plan: ConvPlan, _ problem: SameConvProblem,
        _ vectors: UnsafePointer<Int>, panels: Int
    ) {
        let width = kernels.panel_columns
        let perPanel = width / kernels.lanes
        let (panelRoom, resultRoom) = (plan.units * width, problem.outputs * width)
        for (phase, taps) in plan.taps.enumerated() {
            let seen = taps.count * plan.placeUnits * width
            for panel in 0..<panels {
                let gathered = memory.panels + panel * panelRoom
                kernels.gather_taps(
                    gathered, memory.cut, plan.planeUnits, plan.placeUnits, taps, taps.count,
                    vectors + panel * perPanel)
                // Products may take whole steps of units.
                (gathered + seen).update(repeating: 0, count: panelRoom - seen)
            }
            for row in stride(from: 0, to: problem.outputs, by: plan.rowBlock) {
                for panel in 0..<panels {
                    multiply(
                        filters + phase * matrix + row * plan.units, memory.panels + panel * panelRoom,
                        memory.results + (panel * plan.matrices + phase) * resultRoom + row * width,
                        rows: Swift.min(plan.rowBlock, problem.outputs - row), plan, memory)
                }
            }
        }
    }

    private func multiply(
        _ filters: Floats, _ panel: Floats, _ out: MutableFloats, rows: Int, _ plan: ConvPlan,
        _ memory: ConvScratch
    ) {
        var product = dk_panel_product()
        product.precision = plan.precision
        (product.rows, product.columns, product.units) = (rows, kernels.panel_columns, plan.units)
        product.left = UnsafeRawPointer(filters)
        product.panel = UnsafeRawPointer(panel)
        product.rows_per_gate = 1
        product.out = out
        product.out_stride = kernels.panel_columns
        kernels.multiply_panel(&product, memory.sums)
    }

    /// Writes the results of panels.
    private func finish(
        _ memory: ConvScratch, panels: Int, _ plan: ConvPlan, _ problem: SameConvProblem,
        _ spread: inout dk_spread
    ) {
        let room = problem.outputs * kernels.panel_columns
        let doubled = problem.upsampling == 2
        if let squares = plan.squares {
            kernels.winograd_output(
                &spread, memory.results, plan.spacing(panels: panels, room), room, panels, problem.outputs,
                squares)
        } else {
            kernels.spread_sums(
                &spread, memory.results, plan.matrices * room, doubled ? room : 0, panels, problem.outputs)
        }
    }

    package func groupAffine(
        _ out: MutableFloats, _ x: UnsafeRawPointer, _ type: DType, weight: Floats?, bias: Floats?,
        _ problem: GroupNormProblem
    ) {
        let channels = problem.groups * problem.channelsPerGroup
        let planes = problem.batch * channels
        withScratch(4 * planes) { scratch in
            scratch.withMemoryRebound(to: Double.self, capacity: 2 * planes) { moments in
                divide(planes, cost: 2 * problem.area) { range in
                    for plane in range {
                        kernels.plane_moments(
                            moments + 2 * plane, moments + 2 * plane + 1,
                            x + plane * problem.area * type.size,
                            type.kernelType, problem.area)
                    }
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

extension SameConvProblem {
    /// Where the results of an image go.
    fileprivate func spread(_ out: UnsafeMutableRawPointer, image: Int) -> dk_spread {
        let (height, width) = (height * upsampling, width * upsampling)
        let size = outputs * height * width
        return dk_spread(
            out: out + image * size * outType.size, type: outType.kernelType,
            residual: residual.map { $0 + image * size * residualType.size },
            residual_type: residualType.kernelType, bias: bias, height: height, width: width, places: nil)
    }
}
