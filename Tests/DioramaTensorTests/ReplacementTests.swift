import DioramaTensor
import DioramaTestSupport
import Testing

/// Results that take the place of an operand, and operands that must keep theirs.
@Suite struct ReplacementTests {
    /// A convolution whose result has a place to take.
    private struct Problem {
        var batch = 1
        var channels: Int
        var outputs: Int
        var height: Int
        var width: Int
        var kernel = 3
        var upsampling = 1
        var type = DType.f32
        var precision = Precision.f32

        /// A kernel of 3 adds to a residual, which is given for good, one of 1 has none.
        var hasResidual: Bool { kernel == 3 }

        /// A kernel of 1 takes the place of an image with channels last.
        var layout: ImageLayout { kernel == 3 ? .channelsFirst : .channelsLast }

        func shape(_ channels: Int, times factor: Int = 1) -> Shape {
            layout == .channelsFirst
                ? [batch, channels, height * factor, width * factor] : [batch, height, width, channels]
        }

        /// By squares and gathered, doubled, in bf16, narrow and beyond one rectangle; points over as many channels, over half as many and
        /// over some more than half, of several images.
        static let all = [
            Problem(channels: 5, outputs: 7, height: 27, width: 140),
            Problem(batch: 2, channels: 4, outputs: 6, height: 5, width: 3),
            Problem(channels: 3, outputs: 4, height: 30, width: 70, upsampling: 2),
            Problem(
                batch: 2, channels: 6, outputs: 9, height: 50, width: 131, type: .bf16, precision: .bf16),
            Problem(channels: 8, outputs: 4, height: 50, width: 131, kernel: 1),
            Problem(batch: 3, channels: 8, outputs: 4, height: 50, width: 140, kernel: 1),
            Problem(batch: 3, channels: 8, outputs: 5, height: 51, width: 29, kernel: 1),
            Problem(batch: 2, channels: 4, outputs: 4, height: 26, width: 33, kernel: 1),
            Problem(
                batch: 3, channels: 9, outputs: 5, height: 33, width: 50, kernel: 1, type: .bf16,
                precision: .bf16),
        ]

        func image(on device: Device) -> Tensor {
            noise(shape(channels), seed: 1, on: device).asType(type)
        }

        func residual(on device: Device) -> Tensor? {
            guard hasResidual else { return nil }
            return noise(shape(outputs, times: upsampling), seed: 4, on: device).asType(type)
        }

        func result(_ x: consuming Tensor, residual: consuming Tensor?) -> Tensor {
            let weight = noise([outputs, channels, kernel, kernel], seed: 2, on: x.device)
            let bias = noise([outputs], seed: 3, on: x.device)
            return sameConv2d(
                consume x, weight: weight, bias: bias, precision: precision,
                ConvPrologue(upsampling: upsampling),
                residual: consume residual, storage: type, layout: layout)
        }

        /// The result where everything is given for good, and whether it has the place of what was given.
        func replacing(on device: Device) -> (result: Tensor, hasItsPlace: Bool) {
            let (x, residual) = (image(on: device), residual(on: device))
            let place = hasResidual ? residual?.bytes : x.bytes
            let result = result(consume x, residual: consume residual)
            return (result, result.bytes == place)
        }

        /// The result where both are kept, which must not change.
        func keeping(on device: Device) -> (result: Tensor, areUnchanged: Bool) {
            let (x, residual) = (image(on: device), residual(on: device))
            let before = (x.floats(), residual?.floats())
            let result = result(x, residual: residual)
            return (result, x.floats() == before.0 && residual?.floats() == before.1)
        }
    }

    @Test("what is given for good makes room for the result, which is the same", arguments: Device.each)
    func replaces(on device: Device) {
        for problem in Problem.all {
            let kept = problem.keeping(on: device)
            #expect(kept.areUnchanged, "\(problem)")
            let given = problem.replacing(on: device)
            #expect(given.hasItsPlace, "\(problem)")
            #expect(given.result.shape == kept.result.shape)
            #expect(given.result.floats() == kept.result.floats(), "\(problem)")
        }
    }

    @Test func theResultDoesNotDependOnThreads() {
        for problem in Problem.all {
            let one = problem.keeping(on: .cpu(threads: 1)).result
            #expect(problem.replacing(on: .cpu(threads: 3)).result.floats() == one.floats(), "\(problem)")
        }
    }

    /// Views share bytes with the whole, and the same tensor may be given twice.
    @Test("what anyone else can see keeps its place", arguments: Device.each)
    func sharedBytes(on device: Device) {
        let whole = noise([2, 4, 9, 40], seed: 1, on: device)
        let values = whole.floats()
        let weight = noise([4, 4, 3, 3], seed: 2, on: device)
        let point = noise([4, 4, 1, 1], seed: 3, on: device)
        let image = noise([1, 4, 9, 40], seed: 4, on: device)
        let sum = sameConv2d(image, weight: weight, residual: whole[0..<1])
        let cells = noise([2, 9, 40, 4], seed: 5, on: device)
        let cellValues = cells.floats()
        let points = sameConv2d(cells[1..<2], weight: point, layout: .channelsLast)
        #expect(whole.floats() == values && cells.floats() == cellValues)

        // Views that are all that is left own the bytes; what lies around them is nobody's.
        let last = noise([2, 4, 9, 40], seed: 1, on: device)[0..<1]
        let place = last.bytes
        let again = sameConv2d(image, weight: weight, residual: consume last)
        #expect(again.bytes == place)
        #expect(again.floats() == sum.floats())

        let twice = noise([1, 4, 9, 40], seed: 4, on: device)
        let both = sameConv2d(twice, weight: weight, residual: twice)
        #expect(both.floats() == sameConv2d(image, weight: weight, residual: image).floats())
        #expect(twice.floats() == image.floats())
        #expect(points.floats() == sameConv2d(cells, weight: point, layout: .channelsLast)[1..<2].floats())
    }

    /// A mapped file must not be written, whoever asks.
    @Test("borrowed bytes keep what they hold", arguments: Device.each)
    func borrowedBytes(on device: Device) throws {
        let values = noise([1, 4, 9, 40], seed: 1, on: device)
        let lender = Lender(values, overwrites: false)
        func borrowed() throws -> Tensor { try lender.tensor(values.shape, on: device) }
        let points = sameConv2d(
            try borrowed().reshaped(1, 9, 40, 4), weight: noise([4, 4, 1, 1], seed: 2, on: device),
            layout: .channelsLast)
        let sum = sameConv2d(
            noise([1, 4, 9, 40], seed: 3, on: device), weight: noise([4, 4, 3, 3], seed: 4, on: device),
            residual: try borrowed())
        let lent = try borrowed()
        #expect(points.bytes != lent.bytes && sum.bytes != lent.bytes)
        #expect(lent.floats() == values.floats())
    }

    /// Otherwise a small result would hold on to a large image.
    @Test("points that are few take a place of their own", arguments: Device.each)
    func fewPoints(on device: Device) {
        let x = noise([1, 8, 20, 9], seed: 1, on: device)
        let place = x.bytes
        let y = sameConv2d(
            consume x, weight: noise([4, 9, 1, 1], seed: 2, on: device), layout: .channelsLast)
        #expect(y.bytes != place)
    }
}
