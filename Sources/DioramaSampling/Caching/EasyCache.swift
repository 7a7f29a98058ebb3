public import DioramaTensor

/// What EasyCache remembers in one run of a sampler: whether a network must be asked again, or moves its input as it did last.
///
/// Zhou et al., [Less is Enough: Training-Free Video Diffusion Acceleration via Runtime-Adaptive Caching](https://arxiv.org/abs/2507.02860), in
/// the form of ComfyUI's `EasyCache`. With `x` the network's input, `y` its output and `|·|` the mean magnitude, an asked
/// network has the rate `k = |y − y'| / |x − x'|` against the time it was asked before. Each time it might be asked again,
/// `k |x − x'| / |y'|` is added up; while the sum stays under the threshold, `x` plus the last `y − x` stands for the output.
/// Changes are looked at in every eighth row and column.
///
/// The first conditioning that is asked decides for all those of the same round; each has a difference of its own.
public struct EasyCache: Sendable {
    /// How much each asked network's output changed, relative to its size.
    public private(set) var changes: [Float] = []
    /// What was predicted of the same changes, from the third time on.
    public private(set) var predictedChanges: [Float] = []

    private let threshold: Float
    private var leader: Int?
    private var skippedRound: Int?
    private var sum: Float = 0
    private var rate: Float?
    private var inputChange: Float?
    private var last: Last?
    private var differences: [Int: Tensor] = [:]

    /// The last time that the network was asked with the leading conditioning.
    private struct Last {
        let input, output: Tensor
        let size: Float
    }

    /// Nothing remembered yet.
    ///
    /// - Parameter threshold: how far the predicted changes may add up; at 0 the network is always asked.
    public init(threshold: Double) { self.threshold = Float(threshold) }

    /// What stands for the network's output, nil where it must be asked; tell ``record(_:of:for:)`` what it gives.
    ///
    /// - Parameters:
    ///   - x: the network's input, `[B, ..., H, W]`: a part for each conditioning, one after another on the first axis.
    ///   - conditionings: whose parts they are.
    ///   - round: the same for all the questions that make one prediction.
    /// - Returns: a tensor like `x`, or nil.
    public mutating func output(for x: Tensor, of conditionings: [Int], round: Int) -> Tensor? {
        inputChange = nil
        if skippedRound == round { return moved(x, conditionings) }
        if leader == nil { leader = conditionings.first }
        guard let sample = sample(x, conditionings), let last, sample.shape == last.input.shape else {
            return nil
        }
        let change = meanMagnitude(sample - last.input)
        inputChange = change
        guard let rate else { return nil }
        sum += rate * change / last.size
        if sum < threshold, let moved = moved(x, conditionings) {
            skippedRound = round
            return moved
        }
        sum = 0
        return nil
    }

    /// Remembers what the network gave for `x`.
    ///
    /// - Parameters:
    ///   - output: like `x`.
    ///   - x: the network's input.
    ///   - conditionings: whose parts it has.
    public mutating func record(_ output: Tensor, of x: Tensor, for conditionings: [Int]) {
        for (conditioning, difference) in zip(
            conditionings, (output - x).chunked(into: max(conditionings.count, 1), axis: 0))
        {
            differences[conditioning] = difference
        }
        guard let input = sample(x, conditionings), let sample = sample(output, conditionings) else { return }
        if let last, last.output.shape == sample.shape {
            let change = meanMagnitude(sample - last.output)
            changes.append(change / last.size)
            if let inputChange {
                if let rate { predictedChanges.append(rate * inputChange / last.size) }
                rate = change / inputChange
            }
        }
        last = Last(input: input, output: sample, size: meanMagnitude(output))
    }

    /// `x`, moved by the difference that each conditioning had last; nil where one has none of this shape.
    private func moved(_ x: Tensor, _ conditionings: [Int]) -> Tensor? {
        let known = conditionings.compactMap { differences[$0] }
        guard known.count == conditionings.count, !known.isEmpty else { return nil }
        let difference = known.count == 1 ? known[0] : Tensor.concatenated(known, axis: 0)
        return difference.shape == x.shape ? x + difference : nil
    }

    /// Every eighth row and column of the leading conditioning's part; nil where it has none.
    private func sample(_ x: Tensor, _ conditionings: [Int]) -> Tensor? {
        guard let leader, let place = conditionings.firstIndex(of: leader) else { return nil }
        return x.chunked(into: conditionings.count, axis: 0)[place].everyEighth
    }
}

extension Tensor {
    /// Every eighth row and column, from the first, of `[..., H, W]`: `[N, 1, W/8, 1]`, N being all other places.
    fileprivate var everyEighth: Tensor {
        let step = 8
        let (height, width) = (shape[rank - 2], shape[rank - 1])
        let (rows, columns) = ((height + step - 1) / step, (width + step - 1) / step)
        return padded([(rank - 2, 0, rows * step - height), (rank - 1, 0, columns * step - width)])
            .reshaped(count / Swift.max(height * width, 1) * rows, step, columns, step)
            .narrowed(axis: 1, 0..<1).narrowed(axis: 3, 0..<1)
    }
}

/// The mean of the numbers' magnitudes, 0 of none.
private func meanMagnitude(_ x: Tensor) -> Float {
    x.count == 0 ? 0 : abs(x).reshaped(1, x.count).mean(axis: 1).floats()[0]
}
