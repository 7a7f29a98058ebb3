import CKernels

// Convolution as a product of weights [O, C·kh·kw], packed once, with panels of what a few output pixels see. No more
// of that matrix exists than one panel for each thread, so memory does not grow with the image.
extension CPUBackend {
    package func conv2d(
        _ out: MutableFloats, _ x: Floats, _ weight: UnsafeRawPointer, _ weightType: DType, bias: Floats?,
        _ problem: ConvProblem
    ) {
        if let same = problem.same(bias: bias), problem.width >= kernels.lanes {
            sameConv(out, x, weight, weightType, same)
            return
        }
        let outputs = problem.outputs / problem.groups
        let precision = problem.precision.real.kernelPrecision
        var shape = dk_conv(
            channels: problem.channelsPerGroup, height: problem.height, width: problem.width,
            outputs: outputs,
            out_height: problem.outHeight, out_width: problem.outWidth, kernel_height: problem.kernelHeight,
            kernel_width: problem.kernelWidth, stride: problem.stride, padding: problem.padding)
        let units = kernels.conv_units(precision, &shape)
        let tiles = (outputs + kernels.panel_rows - 1) / kernels.panel_rows
        guard outputs > 0, problem.outHeight * problem.outWidth > 0 else { return }
        withScratch(problem.groups * tiles * kernels.panel_rows * units) { filters in
            packFilters(filters, weight, weightType, shape, groups: problem.groups, units: units, precision)
            for index in 0..<problem.batch * problem.groups {
                // Images and results lie group by group, as the weights and the bias do within one image.
                let group = index % problem.groups
                convolve(
                    out + index * outputs * problem.outHeight * problem.outWidth,
                    x + index * problem.channelsPerGroup * problem.height * problem.width,
                    filters + group * tiles * kernels.panel_rows * units,
                    bias: bias.map { $0 + group * outputs }, shape, units: units, precision)
            }
        }
    }

    /// What a filter's element costs to pack, one by one, in elements of cheap work.
    private static let filterCost = 8

    private func packFilters(
        _ filters: MutableFloats, _ weight: UnsafeRawPointer, _ type: DType, _ shape: dk_conv, groups: Int,
        units: Int, _ precision: dk_precision
    ) {
        let height = kernels.panel_rows
        let tiles = (shape.outputs + height - 1) / height
        let depth = shape.channels * shape.kernel_height * shape.kernel_width
        withUnsafePointer(to: shape) { shape in
            divide(groups * tiles, cost: Self.filterCost * height * units) { part in
                for index in part {
                    let (group, tile) = (index / tiles, index % tiles)
                    let first = group * shape.pointee.outputs + tile * height
                    kernels.pack_filters(
                        filters + index * height * units, precision, weight + first * depth * type.size,
                        type.kernelType, shape, Swift.min(height, shape.pointee.outputs - tile * height))
                }
            }
        }
    }

    /// One group of one image: each part packs a panel of pixels, and multiplies all filters with it.
    private func convolve(
        _ out: MutableFloats, _ x: Floats, _ filters: Floats, bias: Floats?, _ shape: dk_conv, units: Int,
        _ precision: dk_precision
    ) {
        let width = kernels.panel_columns
        let area = shape.out_height * shape.out_width
        let panels = (area + width - 1) / width
        let sumsRoom = (shape.outputs + kernels.panel_rows) * width
        let room = units * width + sumsRoom
        withUnsafePointer(to: shape) { shape in
            withScratch(pool.workers(panels) * room) { scratch in
                pool.run(panels) { panel, worker in
                    let packed = scratch + worker * room
                    let first = panel * width
                    let columns = Swift.min(width, area - first)
                    kernels.pack_pixels(packed, precision, x, shape, first, columns)
                    var product = dk_panel_product()
                    product.precision = precision
                    (product.rows, product.columns, product.units) = (shape.pointee.outputs, columns, units)
                    product.left = UnsafeRawPointer(filters)
                    product.panel = UnsafeRawPointer(packed)
                    product.row_bias = bias
                    product.rows_per_gate = 1
                    product.out = out + first
                    product.out_stride = area
                    kernels.multiply_panel(&product, packed + units * width)
                }
            }
        }
    }
}

extension ConvProblem {
    /// The same problem where it keeps the image's extents; nil where it does not.
    fileprivate func same(bias: Floats?) -> SameConvProblem? {
        guard groups == 1, stride == 1, kernelHeight == kernelWidth, kernelWidth == 1 || kernelWidth == 3,
            padding == kernelWidth / 2, paddingAfter == padding
        else { return nil }
        return SameConvProblem(
            layout: .channelsFirst, batch: batch, channels: channels, height: height, width: width,
            type: .f32,
            outputs: outputs, kernel: kernelWidth, stride: 1, upsampling: 1, affine: nil, silu: false,
            precision: precision, bias: bias,
            residual: nil, residualType: .f32, outType: .f32)
    }
}
