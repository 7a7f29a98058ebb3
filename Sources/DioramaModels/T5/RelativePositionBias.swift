import DioramaNN
import DioramaTensor
import DioramaWeights

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// What T5's attention adds to a score for how far the key is from the query: for each head a number by bucket of distances.
///
/// Raffel et al., [Exploring the Limits of Transfer Learning](https://arxiv.org/abs/1910.10683), 2.1; as `compute_bias` in
/// transformers' `T5Attention`.
struct RelativePositionBias: Sendable {
    private let table: Embedding
    private let buckets, maxDistance: Int

    /// Takes `weight`, [buckets, heads].
    init(_ w: Weights, _ c: T5Config) throws {
        table = try Embedding(w, count: c.buckets, width: c.heads)
        (buckets, maxDistance) = (c.buckets, c.maxDistance)
    }

    /// For each query and key of a sequence, [1, heads, length, length].
    func callAsFunction(length: Int, on device: Device) -> Tensor {
        let distances = (1 - length..<length).map { Int32(bucket(of: $0)) }
        let ids = (0..<length).flatMap { query in distances[length - 1 - query..<2 * length - 1 - query] }
        return table(Tensor(ids, [1, length, length], on: device)).permuted(0, 3, 1, 2)
    }

    /// The bucket of a key so many tokens after the query: half of a direction's for the shortest distances, one each, the others for
    /// ranges that grow by a factor.
    private func bucket(of distance: Int) -> Int {
        let ofDirection = buckets / 2
        let exact = ofDirection / 2
        let first = distance > 0 ? ofDirection : 0
        let far = abs(distance)
        if far < exact { return first + far }
        // In single precision, as in PyTorch, so that no range begins elsewhere.
        let ranges = logf(Float(far) / Float(exact)) / Float(log(Double(maxDistance) / Double(exact)))
        return first + min(exact + Int(ranges * Float(ofDirection - exact)), ofDirection - 1)
    }
}
