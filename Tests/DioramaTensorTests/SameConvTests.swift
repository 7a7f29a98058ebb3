import DioramaTensor
import DioramaTestSupport
import Testing

/// Convolutions with what precedes and follows them, compared with plain loops and with the ops they are made of.
@Suite struct SameConvTests {
    /// Sizes on both sides of the edges of vectors (4, 8 or 16 channels, and of planes places), squares of 2 x 2 and 4 x 4, panels (8 to 48
    /// outputs), rectangles (32 x 128, or 512 points) and tiles of rows (6, 8 or 32); tiny images are gathered, larger ones go by squares;
    /// threads divide rectangles, or outputs where there are twice as many as squares.
    static let sizes: [(batch: Int, channels: Int, height: Int, width: Int, outputs: Int)] = [
        (1, 8, 1, 1, 5), (1, 3, 5, 7, 4), (2, 5, 9, 49, 17), (1, 7, 3, 16, 8), (1, 2, 33, 12, 3),
        (2, 4, 6, 64, 9),
        (1, 3, 2, 131, 2), (1, 17, 27, 33, 6), (2, 33, 4, 5, 50), (1, 16, 40, 20, 32),
        (2, 20, 10, 12, 150), (1, 3, 2, 131, 140), (2, 6, 5, 4, 90),
    ]

    private struct Options {
        var kernel = 3
        var upsampling = 1
        var stride = 1
        var isNormalized = false
        var hasResidual = false
        var type = DType.f32
        var storage = DType.f32

        /// Each of them alone, and all together.
        static let all = [
            Options(), Options(kernel: 1), Options(upsampling: 2), Options(stride: 2),
            Options(isNormalized: true),
            Options(hasResidual: true), Options(type: .bf16), Options(storage: .bf16),
            Options(upsampling: 2, isNormalized: true, hasResidual: true, type: .bf16, storage: .bf16),
            Options(kernel: 1, isNormalized: true, hasResidual: true, type: .bf16, storage: .bf16),
            Options(stride: 2, isNormalized: true, hasResidual: true, type: .bf16, storage: .bf16),
        ]
    }

    /// The result as planes, whatever the layout.

    private func result(
        _ size: (batch: Int, channels: Int, height: Int, width: Int, outputs: Int), _ options: Options,
        _ precision: Precision, _ layout: ImageLayout = .channelsLast, on device: Device
    ) -> Tensor {
        let (kernel, factor, stride) = (options.kernel, options.upsampling, options.stride)
        func arranged(_ planes: Tensor) -> Tensor {
            (layout == .channelsLast ? planes.channelsLast : planes).asType(options.type)
        }
        let x = noise([size.batch, size.channels, size.height, size.width], seed: 1, on: device)
        let shape: Shape = [
            size.batch, size.outputs, size.height * factor / stride, size.width * factor / stride,
        ]
        let y = sameConv2d(
            arranged(x),
            weight: noise([size.outputs, size.channels, kernel, kernel], seed: 2, on: device),
            bias: noise([size.outputs], seed: 3, on: device), stride: stride, precision: precision,
            ConvPrologue(
                affine: options.isNormalized
                    ? noise([size.batch, 2, size.channels], seed: 4, on: device) : nil,
                silu: options.isNormalized, upsampling: factor),
            residual: options.hasResidual ? arranged(noise(shape, seed: 5, on: device)) : nil,
            storage: options.storage, layout: layout)
        return layout == .channelsLast ? y.channelsFirst : y
    }

    @Test(
        "agree with plain loops in f32 and bf16", arguments: Device.processors,
        [ImageLayout.channelsFirst, .channelsLast])
    func agree(on device: Device, _ layout: ImageLayout) {
        for size in Self.sizes {
            for options in Options.all where min(size.height, size.width) >= options.stride {
                let expected = result(size, options, .f32, .channelsFirst, on: .reference())
                for precision in [Precision.f32, .bf16] {
                    let y = result(size, options, precision, layout, on: device)
                    #expect(y.dtype == options.storage)
                    let isExact = precision == .f32 && options.storage == .f32
                    let tolerance = isExact ? Tolerance.f32.op : Tolerance.bf16.op
                    let error = relativeError(y, expected)
                    #expect(error < tolerance, "\(error): \(size) \(options) \(precision)")
                }
            }
        }
    }

    /// So the plain loops are right too.
    @Test(
        "are their parts one after the other", arguments: Device.each,
        [ImageLayout.channelsFirst, .channelsLast])
    func areTheirParts(on device: Device, _ layout: ImageLayout) {
        func arranged(_ planes: Tensor) -> Tensor { layout == .channelsLast ? planes.channelsLast : planes }
        let x = noise([2, 6, 5, 34], seed: 1, on: device)
        let (weight, bias) = (noise([4, 6, 3, 3], seed: 2, on: device), noise([4], seed: 3, on: device))
        let (gamma, beta) = (noise([6], seed: 4, on: device), noise([6], seed: 5, on: device))
        let residual = noise([2, 4, 10, 68], seed: 6, on: device)
        let affine = groupAffine(arranged(x), groups: 3, weight: gamma, bias: beta, eps: 1e-6, layout: layout)
        let normalized = silu(groupNorm(x, groups: 3, weight: gamma, bias: beta, eps: 1e-6))
        let doubled = sameConv2d(
            arranged(x), weight: weight, bias: bias, ConvPrologue(affine: affine, silu: true, upsampling: 2),
            residual: arranged(residual), layout: layout)
        let parts =
            conv2d(upsampleNearest(normalized, by: 2), weight: weight, bias: bias, padding: 1) + residual
        #expect(relativeError(doubled, arranged(parts)) < Tolerance.f32.op)
        let halved = sameConv2d(
            arranged(x), weight: weight, bias: bias, stride: 2, ConvPrologue(affine: affine, silu: true),
            layout: layout)
        let steps = conv2d(normalized, weight: weight, bias: bias, stride: 2, padding: 0, paddingAfter: 1)
        #expect(relativeError(halved, arranged(steps)) < Tolerance.f32.op)
    }

    /// Of six channels, and of some more than a vector; areas on both sides of pieces of 64 and 2,048, and of 3,276 places of twenty channels in f32.
    @Test(
        "statistics of groups far from zero", arguments: Device.processors,
        [ImageLayout.channelsFirst, .channelsLast])
    func statistics(on device: Device, _ layout: ImageLayout) {
        for (type, offset) in [(DType.f32, Float(300)), (.bf16, 3)] {
            for (channels, area) in [(6, 1), (6, 17), (20, 65), (20, 2048), (6, 5003), (20, 9001)] {
                func affine(_ device: Device, _ layout: ImageLayout) -> Tensor {
                    let x = noise([2, channels, area], seed: 1, on: device) + offset
                    return groupAffine(
                        (layout == .channelsLast ? x.transposed(1, 2) : x).asType(type), groups: 2,
                        weight: noise([channels], seed: 2, on: device),
                        bias: noise([channels], seed: 3, on: device), eps: 1e-6, layout: layout)
                }
                #expect(
                    relativeError(affine(device, layout), affine(.reference(), .channelsFirst))
                        < Tolerance.f32.op, "\(type) \(channels) \(area)")
            }
        }
    }

    @Test("statistics do not depend on threads")
    func statisticsOfThreads() {
        func affine(_ threads: Int) -> [Float] {
            groupAffine(
                noise([1, 20_000, 16], seed: 1, on: .cpu(threads: threads)), groups: 4, weight: nil,
                bias: nil,
                eps: 1e-6, layout: .channelsLast
            ).floats()
        }
        #expect(affine(1) == affine(3))
    }

    @Test(
        "do not depend on threads",
        arguments: [(2, 5, 50, 140, 9), (1, 150, 10, 14, 110)], [Precision.f32, .bf16])
    func threads(_ size: (Int, Int, Int, Int, Int), _ precision: Precision) {
        for options in Options.all {
            let one = result(size, options, precision, on: .cpu(threads: 1))
            #expect(one.floats() == result(size, options, precision, on: .cpu(threads: 3)).floats())
        }
    }

    /// Squares of results share sums, so their neighbours may be not finite too; nothing farther is.
    @Test("not-a-number and infinity stay near", arguments: Device.processors)
    func nonFinite(on device: Device) {
        for (width, precision, reach) in [(4, Precision.f32, 2), (40, .f32, 2), (64, .bf16, 4)] {
            for bad in [Float.nan, .infinity] {
                var values = noise([1, 2, 12, width], seed: 1, on: device).floats()
                values[5 * width + 2] = bad
                let y = sameConv2d(
                    Tensor(values, [1, 2, 12, width], on: device),
                    weight: noise([3, 2, 3, 3], seed: 2, on: device), precision: precision
                ).floats()
                for (index, value) in y.enumerated() {
                    let (row, column) = (index / width % 12, index % width)
                    if abs(row - 5) <= 1, abs(column - 2) <= 1 { #expect(!value.isFinite) }
                    if abs(row - 5) > reach || abs(column - 2) > reach { #expect(value.isFinite) }
                }
            }
        }
    }
}
