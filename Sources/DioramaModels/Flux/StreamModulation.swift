import DioramaNN
import DioramaTensor

/// How a branch's input and output are modulated in a sequence whose last tokens may belong to another time.
struct StreamModulation: Sendable {
    private let own: Modulation
    private let rest: (first: Int, modulation: Modulation)?

    /// All tokens alike.
    init(_ modulation: Modulation) { (own, rest) = (modulation, nil) }

    /// Tokens before place `first` by one modulation, the others by another.
    init(_ modulation: Modulation, from first: Int, _ other: Modulation) {
        (own, rest) = (modulation, (first, other))
    }

    /// LN(x) (1 + scale) + shift, of [B, L, D]: what the branch reads.
    func input(_ x: Tensor) -> Tensor {
        guard let rest else { return own.input(x) }
        return .concatenated(
            [
                own.input(x.narrowed(axis: 1, 0..<rest.first)),
                rest.modulation.input(x.narrowed(axis: 1, rest.first..<x.shape[1])),
            ], axis: 1)
    }

    /// x + gate * branch: what follows the branch's last layer.
    func added(to x: Tensor) -> LinearEpilogue {
        guard let rest else { return own.added(to: x) }
        let gates = [
            own.gate.repeated(rest.first, axis: 1),
            rest.modulation.gate.repeated(x.shape[1] - rest.first, axis: 1),
        ]
        return LinearEpilogue(residual: x, gate: .concatenated(gates, axis: 1))
    }
}

/// The vectors that modulate a sequence of image tokens: the model's own, and pictures that it looks at.
struct StreamConditions: Sendable {
    /// That of time and text.
    let own: ModulationVector
    /// That of the pictures' tokens, behind the first `count`; nil where they have the same.
    let references: ModulationVector?
    /// How many tokens are the model's own.
    let count: Int

    /// What a layer makes of them, as `parts` modulations, for a sequence in which `before` tokens stand before the image's.
    func modulations(by layer: Linear, into parts: Int, after before: Int = 0) -> [StreamModulation] {
        let modulations = Modulation.split(layer(own), into: parts)
        guard let references else { return modulations.map { StreamModulation($0) } }
        return zip(modulations, Modulation.split(layer(references), into: parts)).map {
            StreamModulation($0, from: before + count, $1)
        }
    }
}
