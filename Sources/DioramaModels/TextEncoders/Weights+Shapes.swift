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

    /// How many layers there are, numbered from 0 to the highest; `tensors` names some that each has.
    ///
    /// Those that are missing in between are told when a model asks for them. Throws `WeightsError` for more than 1024.
    func layerCount(_ tensors: (Int) -> [String]) throws -> Int {
        let last = (0...1024).last { tensors($0).contains { contains($0) } }
        guard last != 1024 else {
            throw WeightsError(place, "has more than 1024 layers, such as \(tensors(1024)[0])")
        }
        return last.map { $0 + 1 } ?? 0
    }
}
