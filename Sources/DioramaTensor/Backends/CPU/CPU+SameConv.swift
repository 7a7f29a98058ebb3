import CKernels

// Convolutions that keep an image's extents, halve or double them. A thread cuts a rectangle out of the image, with its margin and through
// whatever precedes the convolution, makes rows of what its squares of results see, and multiplies the filters with them; so no other copy
// of the image exists, neither normalised nor doubled, and scratch does not grow with it. Of a small image with many channels threads take outputs,
// not rectangles (CPU+OutputConv.swift).
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
        guard !plan.isByOutputs else { return convolveByOutputs(out, x, weight, weightType, plan, problem) }
        let width = kernels.panel_columns
        let panels = (problem.outputs + width - 1) / width
        let apart = plan.spacing(panels * plan.units, width)
        let rows = plan.matrices * plan.spacing(plan.group, plan.rowUnits) + kernels.lanes
        let results = plan.matrices * plan.spacing(plan.group, plan.sumUnits)
        let room = plan.cutUnits + rows + results + (plan.group + kernels.panel_rows) * width
        let rectangles = problem.batch * plan.down * plan.across
        let phases = UnsafeRawPointer(out) == x ? phases(problem, plan, rectangles) : [0..<rectangles]
        withScratch(plan.matrices * apart) { filters in
            withScratch(pool.workers(panels) * plan.filterRoom) { scratch in
                pool.run(panels) { panel, worker in
                    packFilters(
                        filters + panel * plan.units * width, apart: apart,
                        outputs: panel * width..<Swift.min((panel + 1) * width, problem.outputs), weight,
                        weightType, scratch + worker * plan.filterRoom, plan, problem)
                }
            }
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

    /// One rectangle of one image.
    private func convolve(
        _ out: UnsafeMutableRawPointer, _ x: UnsafeRawPointer, _ filters: Floats, _ memory: ConvScratch,
        _ plan: ConvPlan, _ problem: SameConvProblem, _ image: Int, _ rectangle: Int
    ) {
        var cut = plan.cut(x, image: image, rectangle: rectangle)
        kernels.cut_image(memory.cut, plan.precision, &cut)
        var spread = plan.spread(
            out, image: image, rectangle: rectangle, outputs: 0..<problem.outputs)
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
        let apart = plan.spacing(panels * plan.units, width)
        var product = plan.product(rows: rows)
        product.out_stride = plan.sumUnits
        for matrix in 0..<plan.matrices {
            product.left = UnsafeRawPointer(
                memory.rows + matrix * plan.spacing(plan.group, plan.rowUnits))
            for panel in 0..<panels {
                product.columns = Swift.min(width, problem.outputs - panel * width)
                product.panel = UnsafeRawPointer(filters + matrix * apart + panel * plan.units * width)
                product.out =
                    memory.results + matrix * plan.spacing(plan.group, plan.sumUnits) + panel * width
                kernels.multiply_panel(&product, memory.sums)
            }
        }
    }
}
