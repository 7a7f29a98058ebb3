public import DioramaTensor

/// What adapters do to one tensor of a model, in their order.
enum WeightChange: Sendable {
    /// Adds to it.
    case add(WeightDelta)
    /// Puts another in its place, and in the place of what was added before.
    case replace(Tensor)
    /// Makes it larger, with zeros behind what there is along each axis, before more is added.
    case widen(Shape)
    /// DoRA: adds, then gives each row or column the length that `magnitude` has for it; `strength` of the whole change is taken.
    case decompose(WeightDelta, magnitude: Tensor, axis: MagnitudeAxis, strength: Float)

    /// What DoRA's magnitudes are the lengths of.
    enum MagnitudeAxis {
        /// One for each output: of the rows.
        case rows
        /// One for each input: of the columns.
        case columns
    }
}

/// A tensor of a model with what adapters add to it.
public struct AdaptedTensor: Sendable {
    /// The tensor as it is stored, shared with every model that uses it.
    public private(set) var stored: Tensor
    /// What is added, in order; none without adapters.
    public private(set) var deltas: [WeightDelta] = []

    init(_ stored: Tensor, _ changes: [WeightChange]) {
        self.stored = stored
        for change in changes {
            switch change {
            case .add(let delta): deltas.append(delta)
            case .replace(let tensor): (self.stored, deltas) = (tensor, [])
            case .widen(let shape):
                let whole = merged
                let edges = shape.dims.indices.map {
                    (axis: $0, before: 0, after: shape[$0] - whole.shape[$0])
                }
                (self.stored, deltas) = (whole.padded(edges), [])
            case .decompose(let delta, let magnitude, let axis, let strength):
                deltas.append(decomposed(delta, magnitude, axis, strength))
            }
        }
    }

    /// The sum as a tensor of its own, f32; `stored` itself where nothing is added.
    public var merged: Tensor {
        deltas.reduce(stored) { $0.asType(.f32) + $1.matrix.reshaped(stored.shape) }
    }

    /// DoRA's change as one matrix: strength · (magnitude ⊙ V / ‖V‖ − W), where V is W and what is added.
    ///
    /// Liu et al., [DoRA](https://arxiv.org/abs/2402.09353). It takes as much memory as the weight has in f32.
    private func decomposed(
        _ delta: WeightDelta, _ magnitude: Tensor, _ axis: WeightChange.MagnitudeAxis, _ strength: Float
    ) -> WeightDelta {
        let before = merged.asType(.f32).reshaped(stored.shape[0], -1)
        let sum = before + delta.matrix
        let along = axis == .rows ? 1 : 0
        let lengths = sqrt((sum * sum).sum(axis: along, keepDims: true)) + Float.ulpOfOne
        let factors = magnitude.asType(.f32).reshaped(lengths.shape) / lengths
        return .product([sum * factors - before], scale: strength)
    }
}
