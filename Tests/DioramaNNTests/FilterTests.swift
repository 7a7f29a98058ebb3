import DioramaNN
import DioramaTensor
import DioramaTestSupport
import Testing

/// Windows over pictures, against their definitions.
@Suite struct FilterTests {
    let device = Device.cpu()

    private func noise(_ shape: Shape) -> Tensor {
        var random = SeededGenerator(7)
        return Tensor(
            (0..<shape.count).map { _ in Float.random(in: -1...1, using: &random) }, shape, on: device)
    }

    @Test(
        "a sliding window takes its extreme", arguments: [(1, 1), (0, 3), (4, 0), (2, 5), (0, 0), (100, 1)])
    func sliding(before: Int, after: Int) {
        let x = noise([2, 5, 7, 3])
        let values = x.floats()
        for axis in 0..<4 {
            let (extent, step) = (x.shape[axis], x.shape.dims[(axis + 1)...].reduce(1, *))
            for extreme in [Extreme.least, .greatest] {
                let result = slidingExtreme(extreme, of: x, axis: axis, before: before, after: after)
                let expected = values.indices.map { index -> Float in
                    let place = index / step % extent
                    let window = (max(place - before, 0)...min(place + after, extent - 1)).map {
                        values[index + ($0 - place) * step]
                    }
                    return window.reduce(values[index]) { extreme == .least ? min($0, $1) : max($0, $1) }
                }
                #expect(result.floats() == expected, "\(extreme) along \(axis)")
            }
        }
    }

    @Test("steps up, down, left and right reach a diamond", arguments: [0, 1, 2, 4, 50])
    func diamond(steps: Int) {
        let (height, width) = (6, 5)
        let x = noise([2, height, width])
        let values = x.floats()
        for extreme in [Extreme.least, .greatest] {
            var calls = 0
            let result = diamondExtreme(extreme, of: x, steps: steps) { calls += 1 }
            let expected = values.indices.map { index -> Float in
                let (row, column) = (index / width % height, index % width)
                var best = values[index]
                for y in 0..<height {
                    for x in 0..<width where abs(y - row) + abs(x - column) <= steps {
                        let value = values[index + (y - row) * width + x - column]
                        best = extreme == .least ? min(best, value) : max(best, value)
                    }
                }
                return best
            }
            #expect(result.floats() == expected)
            // No more steps than the corners are apart, in both planes.
            #expect(calls == 2 * min(steps, height + width - 2))
        }
    }

    @Test func aStepMayStopTheWork() {
        struct Stop: Error {}
        #expect(throws: Stop.self) {
            try diamondExtreme(.least, of: noise([1, 3, 3]), steps: 2) { throw Stop() }
        }
    }

    @Test("a blur mirrors the picture in its edge pixels", arguments: [1, 2, 4])
    func blurring(radius: Int) {
        let (height, width) = (6, 5)
        let x = noise([1, height, width, 2])
        let window = gaussianWindow(radius: radius, deviation: 1.5)
        #expect(abs(window.reduce(0, +) - 1) < 1e-6)
        func mirrored(_ place: Int, _ count: Int) -> Int {
            place < 0 ? -place : place >= count ? 2 * count - 2 - place : place
        }
        let values = x.floats()
        let expected = values.indices.map { index -> Float in
            let (row, column, channel) = (index / 2 / width, index / 2 % width, index % 2)
            var sum = 0.0
            for (i, down) in window.enumerated() {
                for (j, across) in window.enumerated() {
                    let y = mirrored(row + i - radius, height)
                    let x = mirrored(column + j - radius, width)
                    sum += Double(down * across) * Double(values[(y * width + x) * 2 + channel])
                }
            }
            return Float(sum)
        }
        #expect(relativeError(blurred(x, by: window).floats(), expected) < Tolerance.f32.op)
    }
}
