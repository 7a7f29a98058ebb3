import CKernels

// Convolutions of many channels in a small image, which are mostly the reading of filters: 38 MB, once transformed, of 512 channels by 512.
// Threads make the rows of all squares together and then take outputs, not rectangles. So one thread alone transforms, packs and multiplies
// a filter, a panel at a time, and it goes neither to memory and back nor to every thread.
extension CPUBackend {
    /// As `sameConv`, for a plan that is by outputs.
    func convolveByOutputs(
        _ out: UnsafeMutableRawPointer, _ x: UnsafeRawPointer, _ weight: UnsafeRawPointer,
        _ weightType: DType, _ plan: ConvPlan, _ problem: SameConvProblem
    ) {
        let rectangles = plan.rectangles
        withScratch(plan.matrices * plan.spacing(plan.group, plan.rowUnits)) { rows in
            withScratch(pool.workers(rectangles.count) * plan.cutUnits) { scratch in
                pool.run(rectangles.count) { part, worker in
                    let cut = scratch + worker * plan.cutUnits
                    makeRows(rows, cut, x, plan, rectangles[part])
                }
            }
            let parts = plan.outputParts
            let width = kernels.panel_columns
            let filters = plan.matrices * plan.spacing(plan.units, width)
            let results = plan.matrices * plan.spacing(plan.group, width)
            let room = filters + results + (plan.group + kernels.panel_rows) * width
            withScratch(pool.workers(parts.count) * room) { scratch in
                pool.run(parts.count) { part, worker in
                    let own = scratch + worker * room
                    let (results, sums) = (own + filters, own + filters + results)
                    packFilters(
                        own, apart: plan.spacing(plan.units, width), outputs: parts[part], weight, weightType,
                        sums, plan, problem)
                    multiply(results, rows, filters: own, outputs: parts[part].count, sums: sums, plan)
                    for rectangle in rectangles {
                        spread(out, results, outputs: parts[part], plan, rectangle)
                    }
                }
            }
        }
    }

    /// The rows of a rectangle's squares, among those of all.
    private func makeRows(
        _ rows: MutableFloats, _ cut: MutableFloats, _ x: UnsafeRawPointer, _ plan: ConvPlan,
        _ rectangle: ConvPlan.Rectangle
    ) {
        var shape = plan.cut(x, image: rectangle.image, rectangle: rectangle.index)
        var run = plan.run(rectangle: rectangle.index)
        kernels.cut_image(cut, plan.precision, &shape)
        kernels.winograd_input(
            rows + rectangle.firstSquare * plan.rowUnits, plan.rowUnits,
            plan.spacing(plan.group, plan.rowUnits), cut, &shape, &run, plan.squares)
    }

    /// Multiplies the rows of each position with a panel of its filters.
    private func multiply(
        _ results: MutableFloats, _ rows: Floats, filters: Floats, outputs: Int, sums: MutableFloats,
        _ plan: ConvPlan
    ) {
        let width = kernels.panel_columns
        var product = plan.product(rows: plan.squareCount)
        (product.columns, product.out_stride) = (outputs, width)
        for matrix in 0..<plan.matrices {
            product.left = UnsafeRawPointer(rows + matrix * plan.spacing(plan.group, plan.rowUnits))
            product.panel = UnsafeRawPointer(filters + matrix * plan.spacing(plan.units, width))
            product.out = results + matrix * plan.spacing(plan.group, width)
            kernels.multiply_panel(&product, sums)
        }
    }

    /// Transforms the sums of a rectangle's squares into some channels of its results.
    private func spread(
        _ out: UnsafeMutableRawPointer, _ results: Floats, outputs: Range<Int>, _ plan: ConvPlan,
        _ rectangle: ConvPlan.Rectangle
    ) {
        let width = kernels.panel_columns
        var spread = plan.spread(
            out, image: rectangle.image, rectangle: rectangle.index, outputs: outputs)
        var run = plan.run(rectangle: rectangle.index)
        kernels.spread_results(
            &spread, results + rectangle.firstSquare * width, width, plan.spacing(plan.group, width), &run,
            plan.squares)
    }
}
