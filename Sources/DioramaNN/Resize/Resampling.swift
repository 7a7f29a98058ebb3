/// How one axis is resampled: for each new position, the old ones it is made of.
///
/// Positions and weights in single precision, in the order of operations of PyTorch's `interpolate` with `align_corners` false.
struct Resampling {
    /// The old positions of one new one.
    struct Tap {
        /// Old positions; those beyond the edge are the edge's.
        let indices: [Int]
        /// Their weights, which add up to 1.
        let weights: [Float]

        func sum(_ value: (Int) -> Float) -> Float {
            var sum: Float = 0
            for (index, weight) in zip(indices, weights) { sum += value(index) * weight }
            return sum
        }
    }

    /// One for each new position.
    let taps: [Tap]

    /// The table of a method that works on each axis by itself: nearest, nearest-exact, bilinear, area or bicubic.
    init(_ method: ResizeMethod, from oldCount: Int, to newCount: Int) {
        let scale = Float(oldCount) / Float(newCount)
        taps = (0..<newCount).map { position in
            let center = (Float(position) + 0.5) * scale
            switch method {
            case .nearest:
                return Tap(indices: [min(Int(Float(position) * scale), oldCount - 1)], weights: [1])
            case .nearestExact:
                return Tap(indices: [min(Int(center), oldCount - 1)], weights: [1])
            case .bilinear:
                return Self.bilinear(max(center - 0.5, 0), oldCount)
            case .bicubic:
                return Self.bicubic(center - 0.5, oldCount)
            case .area, .bislerp, .lanczos:
                let start = position * oldCount / newCount
                let end = ((position + 1) * oldCount + newCount - 1) / newCount
                let weight = 1 / Float(end - start)
                return Tap(
                    indices: Array(start..<end), weights: [Float](repeating: weight, count: end - start))
            }
        }
    }

    /// The two positions around `center` and how far it is from the first.
    static func bilinear(_ center: Float, _ count: Int) -> Tap {
        let first = min(Int(center), count - 1)
        let fraction = min(max(center - Float(first), 0), 1)
        return Tap(indices: [first, min(first + 1, count - 1)], weights: [1 - fraction, fraction])
    }

    private static func bicubic(_ center: Float, _ count: Int) -> Tap {
        let base = center.rounded(.down)
        let t = center - base
        return Tap(
            indices: (-1...2).map { min(max(Int(base) + $0, 0), count - 1) },
            weights: [cubicFar(t + 1), cubicNear(t), cubicNear(1 - t), cubicFar(2 - t)])
    }

    private static let a: Float = -0.75

    /// The cubic kernel within distance 1.
    private static func cubicNear(_ x: Float) -> Float { ((a + 2) * x - (a + 3)) * x * x + 1 }

    /// The cubic kernel at distances 1 to 2.
    private static func cubicFar(_ x: Float) -> Float { ((a * x - 5 * a) * x + 8 * a) * x - 4 * a }
}
