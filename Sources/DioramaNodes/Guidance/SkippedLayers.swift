import DioramaGraph
import DioramaModels
import DioramaSampling

/// Hooks that leave out the blocks which a text names, as skip-layer nodes write them: "7, 8, 9".
///
/// Each run of digits is a block, whatever stands between them, as in ComfyUI.
///
/// - Parameters:
///   - text: the input; names blocks by their place among those of a kind, from 0.
///   - select: makes the selection.
///   - model: whose blocks they are.
///   - context: of the node.
/// - Returns: one hook, or none where the text names no block.
/// - Throws: an error about the input for a block that the model does not have.
func skipping(
    _ text: InputReference<String>, _ select: ([ClosedRange<Int>]) -> BlockSelection, of model: Model,
    _ context: RunContext
) throws -> [BlockHook] {
    let digits = (text.literal ?? "").split { !("0"..."9").contains($0) }
    guard !digits.isEmpty else { return [] }
    // A number that no Int holds is no block either.
    let blocks = select(digits.map { Int($0) ?? .max }.map { $0...$0 })
    do {
        try blocks.check(model.network.blockGroups)
    } catch {
        throw context.fail(text, "cannot be skipped: \(error)")
    }
    return [.skip(blocks)]
}

extension Model {
    /// This model with skip-layer guidance: once more with layers left out, and then beyond the whole model's prediction.
    ///
    /// - Parameters:
    ///   - layers: hooks that leave them out.
    ///   - scale: how far to go beyond; 0 changes nothing.
    ///   - rescaling: how far to return to the spread of the prediction with the prompt.
    ///   - start: where on the way it begins to hold.
    ///   - end: where on the way it ceases to hold.
    /// - Returns: the changed model; this one where there is nothing to leave out.
    func guided(
        skipping layers: [BlockHook], scale: Double, rescaling: Double = 0, from start: Double, to end: Double
    ) -> Model {
        guard !layers.isEmpty, scale > 0 else { return self }
        let window = sampling.window(fromPercent: start, to: end)
        var changed = self
        changed.guidance.after.append { guided, step, model in
            guard window.contains(step.sigma) else { return guided }
            return Guidance.beyond(
                guided, conditional: step.conditional, weakened: try model.conditional(adding: layers),
                scale: Float(scale), rescaling: Float(rescaling))
        }
        return changed
    }
}
