import DioramaGraph
import DioramaSampling

extension Model {
    /// This model as a flow-matching one with the shift of a node's input.
    ///
    /// - Parameters:
    ///   - shift: the input.
    ///   - multiplier: the model's time for pure noise.
    ///   - context: of the node.
    /// - Returns: the changed model.
    /// - Throws: an error about the input where the shift is 0.
    func shifted(
        _ shift: InputReference<Double>, multiplier: Double, _ context: RunContext
    ) throws -> Model {
        guard let value = shift.literal, value > 0 else {
            throw context.fail(shift, "is 0, which leaves no noise to remove; use 0.01 or more")
        }
        var changed = self
        changed.sampling = try .flow(shift: value, multiplier: multiplier)
        return changed
    }
}
