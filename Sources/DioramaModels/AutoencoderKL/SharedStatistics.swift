import DioramaNN
import DioramaTensor

/// The statistics of the group norms over a whole picture that is only ever seen in tiles.
///
/// They are found one norm after the other: with those of all earlier norms known, what reaches the next norm is exact, so one pass over
/// all tiles gathers its statistics.
struct SharedStatistics {
    /// For each norm, in the order they are met: the moments of each group of each picture.
    private var moments: [[Moments]] = []

    /// Adds a part of the picture, [B, h, w, C], that comes to its `index`-th norm.
    mutating func gather(_ x: Tensor, _ norm: GroupNorm, _ index: Int) {
        let groups = x.shape[0] * norm.groups
        if index == moments.count { moments.append([Moments](repeating: Moments(), count: groups)) }
        let values = x.reshaped(x.shape[0], x.shape[1] * x.shape[2], norm.groups, x.shape[3] / norm.groups)
        func means(_ values: Tensor) -> Tensor {
            values.mean(axis: 1, keepDims: true).mean(axis: 3, keepDims: true)
        }
        let mean = means(values)
        let deviations = values - mean
        let variances = means(deviations * deviations).floats()
        for (group, (mean, variance)) in zip(mean.floats(), variances).enumerated() {
            let count = Double(values.count / groups)
            moments[index][group].add(count: count, mean: Double(mean), squares: Double(variance) * count)
        }
    }

    /// What the statistics of the whole picture make of the channels of `x`, [B, h, w, C], at its `index`-th norm: [B, 2, C].
    func affine(_ x: Tensor, _ norm: GroupNorm, _ index: Int) -> Tensor {
        let (batch, channels) = (x.shape[0], x.shape[3])
        let (weights, biases) = (norm.weight.floats(), norm.bias.floats())
        var values: [Float] = []
        for picture in 0..<batch {
            var shifts: [Float] = []
            for channel in 0..<channels {
                let group = moments[index][picture * norm.groups + channel * norm.groups / channels]
                let scale = Double(weights[channel]) / (group.variance + Double(norm.eps)).squareRoot()
                values.append(Float(scale))
                shifts.append(Float(Double(biases[channel]) - group.mean * scale))
            }
            values += shifts
        }
        return Tensor(values, [batch, 2, channels], on: x.device)
    }
}
