import DioramaTensor
import DioramaWeights

extension Weights {
    /// The extents of the tensor `name`, for models whose files come without configuration.
    ///
    /// Throws `WeightsError` where there is no such tensor, where it has not `rank` axes, or an extent that no model has.
    func extents(of name: String, rank: Int) throws -> [Int] {
        let full = path.isEmpty ? name : path + "." + name
        guard let shape = shape(of: name) else {
            throw WeightsError(place, "has no tensor \(full), which tells the model's size")
        }
        guard shape.rank == rank, shape.dims.allSatisfy({ 1...10_000_000 ~= $0 }) else {
            throw WeightsError(
                place, "\(full) has shape \(shape), expected \(rank) extents in 1...10000000")
        }
        return shape.dims
    }

    /// How many layers there are, from 0 without a gap; `tensor` names one that each has.
    ///
    /// Throws `WeightsError` for more than 1024.
    func layerCount(_ tensor: (Int) -> String) throws -> Int {
        guard let count = (0...1024).first(where: { !contains(tensor($0)) }) else {
            throw WeightsError(place, "has more than 1024 layers, such as \(tensor(1024))")
        }
        return count
    }
}
