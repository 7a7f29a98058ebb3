import CKernels

// Convolution as a product of weights [O, C·kh·kw] with panels of what a few output pixels see. No more of that
// matrix exists than one panel for each thread, so memory does not grow with the image.
extension CPUBackend {
    package func conv2d(
        _ out: MutableFloats, _ x: Floats, _ weight: UnsafeRawPointer, _ weightType: DType, bias: Floats?,
        _ problem: ConvProblem
    ) {
        let outputs = problem.outputs / problem.groups
        let depth = problem.channelsPerGroup * problem.kernelHeight * problem.kernelWidth
        guard weightType == .f32 else {
            withScratch(problem.outputs * depth) { weights in
                convert(weights, .f32, weight, weightType, count: problem.outputs * depth)
                conv2d(out, x, weights, .f32, bias: bias, problem)
            }
            return
        }
        let weights = weight.assumingMemoryBound(to: Float.self)
        let (area, outArea) = (problem.height * problem.width, problem.outHeight * problem.outWidth)
        let isProduct =
            problem.kernelHeight == 1 && problem.kernelWidth == 1 && problem.stride == 1
            && problem.padding == 0
        var shape = dk_conv(
            channels: problem.channelsPerGroup, height: problem.height, width: problem.width,
            outputs: outputs,
            out_height: problem.outHeight, out_width: problem.outWidth, kernel_height: problem.kernelHeight,
            kernel_width: problem.kernelWidth, stride: problem.stride, padding: problem.padding)
        withUnsafePointer(to: &shape) { shape in
            multiply(rows: outputs, columns: outArea, depth: depth, count: problem.batch * problem.groups) {
                panel, rows, pixels, index in
                // Images and results lie group by group, as the weights and the bias do within one image.
                let image = x + index * problem.channelsPerGroup * area
                let first = index % problem.groups * outputs + rows.lowerBound
                if isProduct {
                    kernels.pack_columns(panel, image + pixels.lowerBound, area, pixels.count, depth)
                } else {
                    kernels.pack_pixels(panel, image, shape, pixels.lowerBound, pixels.count)
                }
                kernels.gemm(
                    out + (index * outputs + rows.lowerBound) * outArea + pixels.lowerBound, outArea,
                    weights + first * depth, depth, panel, bias.map { $0 + first }, nil, rows.count,
                    pixels.count, depth)
            }
        }
    }
}
