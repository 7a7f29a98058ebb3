import CKernels

extension CPUBackend {
    /// Packs the filters of some outputs, transformed or arranged by taps: a panel for each matrix.
    ///
    /// - Parameters:
    ///   - panels: where the panel of the first matrix goes.
    ///   - apart: units from one matrix's panel to the next's.
    ///   - outputs: at most a panel's columns.
    ///   - weight: the filters of all outputs, [O, C, k, k].
    ///   - type: their type.
    ///   - scratch: `plan.filterRoom` singles.
    ///   - plan: how the convolution is divided.
    ///   - problem: the convolution.
    func packFilters(
        _ panels: MutableFloats, apart: Int, outputs: Range<Int>, _ weight: UnsafeRawPointer, _ type: DType,
        _ scratch: MutableFloats, _ plan: ConvPlan, _ problem: SameConvProblem
    ) {
        let filter = problem.channels * problem.kernel * problem.kernel
        let own = weight + outputs.lowerBound * filter * type.size
        guard !plan.taps.isEmpty else {
            kernels.pack_winograd_filters(
                panels, apart, own, type.kernelType, outputs.count, filter, problem.channels, plan.squares)
            return
        }
        kernels.arrange_filters(
            scratch, own, type.kernelType, outputs.count, problem.channels, plan.termsPerTap, problem.kernel,
            plan.squares == DK_SQUARES_PHASES)
        for matrix in 0..<plan.matrices {
            kernels.pack_panel(
                panels + matrix * apart, plan.precision, scratch + matrix * outputs.count * plan.depth,
                DK_F32, plan.depth, outputs.count, plan.depth)
        }
    }
}
