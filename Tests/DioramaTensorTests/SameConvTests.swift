import DioramaTensor
import DioramaTestSupport
import Testing

/// Convolutions with what precedes and follows them, compared with plain loops and with the ops they are made of.
@Suite struct SameConvTests {
    /// Sizes on both sides of the edges of vectors (4, 8 or 16 places), squares of 2 x 2 and 4 x 4, panels, rectangles (24 x 128) and tiles of
    /// filters (6 or 8); narrow images are gathered, wide ones go by squares.
    static let sizes: [(batch: Int, channels: Int, height: Int, width: Int, outputs: Int)] = [
        (1, 8, 1, 1, 5), (1, 3, 5, 7, 4), (2, 5, 9, 49, 17), (1, 7, 3, 16, 8), (1, 2, 33, 12, 3),
        (2, 4, 6, 64, 9),
        (1, 3, 2, 131, 2), (1, 17, 27, 33, 6),
    ]

    private struct Options {
        var kernel = 3
        var upsampling = 1
        var isNormalized = false
        var hasResidual = false
        var type = DType.f32
        var storage = DType.f32

        /// Each of them alone, and all together.
        static let all = [
            Options(), Options(kernel: 1), Options(upsampling: 2), Options(isNormalized: true),
            Options(hasResidual: true), Options(type: .bf16), Options(storage: .bf16),
            Options(upsampling: 2, isNormalized: true, hasResidual: true, type: .bf16, storage: .bf16),
            Options(kernel: 1, isNormalized: true, hasResidual: true, type: .bf16, storage: .bf16),
        ]
    }

    private func result(
        _ size: (batch: Int, channels: Int, height: Int, width: Int, outputs: Int), _ options: Options,
        _ precision: Precision, on device: Device
    ) -> Tensor {
        let (kernel, factor) = (options.kernel, options.upsampling)
        let x = noise([size.batch, size.channels, size.height, size.width], seed: 1, on: device)
        let shape: Shape = [size.batch, size.outputs, size.height * factor, size.width * factor]
        return sameConv2d(
            x.asType(options.type),
            weight: noise([size.outputs, size.channels, kernel, kernel], seed: 2, on: device),
            bias: noise([size.outputs], seed: 3, on: device), precision: precision,
            ConvPrologue(
                affine: options.isNormalized
                    ? noise([size.batch, 2, size.channels], seed: 4, on: device) : nil,
                silu: options.isNormalized, upsampling: factor),
            residual: options.hasResidual ? noise(shape, seed: 5, on: device).asType(options.type) : nil,
            storage: options.storage)
    }

    @Test("agree with plain loops in f32 and bf16", arguments: Device.processors)
    func agree(on device: Device) {
        for size in Self.sizes {
            for options in Options.all {
                let expected = result(size, options, .f32, on: .reference())
                for precision in [Precision.f32, .bf16] {
                    let y = result(size, options, precision, on: device)
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
    @Test("are their parts one after the other", arguments: Device.each)
    func areTheirParts(on device: Device) {
        let x = noise([2, 6, 5, 34], seed: 1, on: device)
        let (weight, bias) = (noise([4, 6, 3, 3], seed: 2, on: device), noise([4], seed: 3, on: device))
        let (gamma, beta) = (noise([6], seed: 4, on: device), noise([6], seed: 5, on: device))
        let residual = noise([2, 4, 10, 68], seed: 6, on: device)
        let y = sameConv2d(
            x, weight: weight, bias: bias,
            ConvPrologue(
                affine: groupAffine(x, groups: 3, weight: gamma, bias: beta, eps: 1e-6), silu: true,
                upsampling: 2),
            residual: residual)
        let normalized = silu(groupNorm(x, groups: 3, weight: gamma, bias: beta, eps: 1e-6))
        let parts =
            conv2d(upsampleNearest(normalized, by: 2), weight: weight, bias: bias, padding: 1) + residual
        #expect(relativeError(y, parts) < Tolerance.f32.op)
    }

    @Test("statistics of groups far from zero", arguments: Device.processors)
    func statistics(on device: Device) {
        for (type, offset) in [(DType.f32, Float(300)), (.bf16, 3)] {
            for area in [1, 17, 2048, 5003] {
                func affine(_ device: Device) -> Tensor {
                    let x = noise([2, 6, area], seed: 1, on: device) + offset
                    return groupAffine(
                        x.asType(type), groups: 2, weight: noise([6], seed: 2, on: device),
                        bias: noise([6], seed: 3, on: device), eps: 1e-6)
                }
                #expect(
                    relativeError(affine(device), affine(.reference())) < Tolerance.f32.op, "\(type) \(area)")
            }
        }
    }

    @Test func doNotDependOnThreads() {
        for options in Options.all {
            let size = (batch: 2, channels: 5, height: 50, width: 140, outputs: 9)
            let one = result(size, options, .bf16, on: .cpu(threads: 1))
            #expect(one.floats() == result(size, options, .bf16, on: .cpu(threads: 3)).floats())
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
