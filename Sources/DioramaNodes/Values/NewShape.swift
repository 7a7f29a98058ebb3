import DioramaGraph
import DioramaTensor

/// The shape of a picture, mask or latent that a node is about to make, if it fits in memory.
///
/// - Parameters:
///   - extents: of the new tensor; their product must not overflow.
///   - input: the name of the input that asks for it.
///   - context: the node's.
/// - Returns: the shape.
/// - Throws: an error naming the input for an empty shape and for one of more than 2^30 values.
func newShape(_ extents: [Int], askedBy input: String, _ context: RunContext) throws -> Shape {
    let most = 1 << 30
    let values = extents.reduce(1, *)
    guard extents.allSatisfy({ $0 > 0 }), values <= most else {
        throw context.fail(
            input, "asks for \(extents), \(max(values, 0)) values in all; 1 to \(most) are allowed")
    }
    return Shape(extents)
}
