import DioramaNN
import DioramaTensor
import Synchronization

/// The vectors that modulate a network in steps that follow one another, and what its layers make of them.
final class ModulationSteps: Sendable {
    /// What the vectors depend on beside time.
    struct Key: Equatable, Sendable {
        /// Rows of a step: the batch, or 1 where time is all that counts.
        let rows: Int
        /// Nil for time alone.
        private let text: Text?

        private struct Text: Sendable {
            let pooled: Tensor?
            let guidance: DistilledGuidance?
        }

        init(_ context: TextContext?, batch: Int) {
            rows = context == nil ? 1 : batch
            text = context.map { Text(pooled: $0.pooled, guidance: $0.guidance) }
        }

        /// Pooled vectors are compared bit by bit.
        static func == (a: Key, b: Key) -> Bool {
            guard a.rows == b.rows, let a = a.text, let b = b.text else {
                return a.rows == b.rows && a.text == nil && b.text == nil
            }
            guard a.guidance == b.guidance, a.pooled?.shape == b.pooled?.shape else { return false }
            guard let a = a.pooled, let b = b.pooled else { return true }
            return a.withFloats { a in
                b.withFloats { b in zip(a, b).allSatisfy { $0.bitPattern == $1.bitPattern } }
            }
        }
    }

    /// Fewer rows than this may take another way through the processor, and which it is must not depend on the batch.
    private static let leastRows = 16

    let key: Key
    /// Which of the run's times these are.
    let places: Range<Int>
    /// For each, [rows, 1, D].
    private let vectors: [Tensor]
    /// Whether no time of the run comes after them, so that the weights have done their part.
    private let isRest: Bool
    private let products = Mutex<[Product: Tensor]>([:])

    private struct Product: Hashable {
        let layer: LayerIdentity
        let isActivated: Bool
    }

    init(_ key: Key, from place: Int, _ vectors: [Tensor], isRest: Bool) {
        self.key = key
        places = place..<place + vectors.count
        self.vectors = vectors
        self.isRest = isRest
    }

    /// The rows of all.
    var rows: Int { key.rows * vectors.count }

    /// The vector of a step, [B, 1, D].
    func vector(at place: Int, batch: Int) -> Tensor {
        spread(vectors[place - places.lowerBound], over: batch)
    }

    /// What a layer makes of the vector of a step, or of its SiLU, [B, 1, out]; the first time, of the vectors of all steps.
    func product(of layer: Linear, at place: Int, batch: Int, isActivated: Bool) -> Tensor {
        let product = Product(layer: layer.identity, isActivated: isActivated)
        let all: Tensor
        if let known = products.withLock({ $0[product] }) {
            all = known
        } else {
            all = layer(isActivated ? silu(stacked) : stacked)
            products.withLock { $0[product] = all }
            if isRest { layer.releaseWeight() }
        }
        let first = (place - places.lowerBound) * key.rows
        return spread(all[first..<first + key.rows], over: batch)
    }

    /// A row for each of the batch where time is all that counts.
    private func spread(_ rows: Tensor, over batch: Int) -> Tensor {
        batch == key.rows ? rows : rows.repeated(batch / key.rows, axis: 0)
    }

    /// The vectors of all steps, [rows, 1, D], with the last ones again up to the least number of rows.
    private var stacked: Tensor {
        let missing = max(Self.leastRows - rows + key.rows - 1, 0) / key.rows
        return .concatenated(vectors + Array(repeating: vectors[vectors.count - 1], count: missing), axis: 0)
    }
}
