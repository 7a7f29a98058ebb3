import DioramaTensor

/// Pseudo linear multistep of order 4 with weights that follow the lengths of the steps.
///
/// The weights are those of the diff-solvers toolbox (https://github.com/zju-pi/diff-sampler), which ComfyUI uses; for
/// equal steps they are Adams-Bashforth's.
func ipndmV(_ walk: inout SamplingWalk, _ x: Tensor) throws -> Tensor {
    let sigmas = walk.sigmas.map(Double.init)
    return try multistep(&walk, x, order: 4) { index, order in
        let length = sigmas[index + 1] - sigmas[index]
        let past = (0..<order - 1).map { sigmas[index - $0] - sigmas[index - $0 - 1] }
        return variableWeights(length: length, past: past).map { $0 * length }
    }
}

/// The weights of the last directions, the newest first, for a step after up to three steps of the `past` lengths.
private func variableWeights(length h: Double, past: [Double]) -> [Double] {
    guard let h1 = past.first else { return [1] }
    let second = [1 + h / h1 / 2, -h / h1 / 2]
    guard past.count > 1 else { return second }

    // Corrections of order 3 and 4: an amount times the pattern in which it is spread over the directions.
    let h2 = past[1]
    let two = h + h1
    let amount3 = (1 - h / (3 * two) * (h * two) / (h1 * (h1 + h2))) / 2
    let third = [amount3, -(1 + h1 / h2) * amount3, h1 / h2 * amount3]
    guard past.count > 2 else { return [second[0] + third[0], second[1] + third[1], third[2]] }

    let h3 = past[2]
    let three = two + h2
    let amount4 =
        ((1 - h / (3 * two)) / 2 + (1 - h / (2 * two)) * h / (6 * three)) * (h * two * three)
        / (h1 * (h1 + h2) * (h1 + h2 + h3))
    let spread = h1 * (h1 + h2) / (h2 * (h2 + h3))
    return [
        second[0] + third[0] + amount4,
        second[1] + third[1] - (1 + h1 / h2 + spread) * amount4,
        third[2] + (h1 / h2 + spread * (1 + h2 / h3)) * amount4,
        -spread * h1 / h2 * amount4,
    ]
}
