import CKernels

// Statistics of group norms, as scales and shifts of channels that a convolution cuts its image out with.
extension CPUBackend {
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
                    var all = Moments()
                    for channel in group * problem.channelsPerGroup..<(group + 1) * problem.channelsPerGroup {
                        all.add(
                            count: Double(problem.area), mean: moments[2 * channel],
                            squares: moments[2 * channel + 1])
                    }
                    let deviation = (all.variance + Double(problem.eps)).squareRoot()
                    let (image, first) = group.quotientAndRemainder(dividingBy: problem.groups)
                    for channel in first * problem.channelsPerGroup..<(first + 1) * problem.channelsPerGroup {
                        let scale = Double(weight?[channel] ?? 1) / deviation
                        out[image * 2 * channels + channel] = Float(scale)
                        out[(image * 2 + 1) * channels + channel] = Float(
                            Double(bias?[channel] ?? 0) - all.mean * scale)
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
                    var all = Moments()
                    for piece in 0..<pieces {
                        let at = own + 2 * (image * pieces + piece) * channels + channel
                        all.add(
                            count: Double(Swift.min(length, problem.area - piece * length)), mean: at[0],
                            squares: at[channels])
                    }
                    (moments[2 * index], moments[2 * index + 1]) = (all.mean, all.squares)
                }
            }
        }
    }
}
