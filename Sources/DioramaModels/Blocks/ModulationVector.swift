public import DioramaNN
public import DioramaTensor

/// The vector that modulates a network's blocks, made of time and pooled text.
///
/// A linear layer takes it as it takes a tensor; within a run of a sampler it multiplies the vectors of all steps when it is first asked
/// (``ModulationTable``).
public struct ModulationVector: Sendable {
    /// The vector itself, [B, 1, D].
    public let value: Tensor
    private let origin: Origin?

    /// Where it stands among the vectors of a run.
    private struct Origin: Sendable {
        let steps: ModulationSteps
        let place, batch: Int
        var isActivated = false
    }

    /// A vector that belongs to no run.
    public init(_ value: Tensor) {
        self.value = value
        origin = nil
    }

    init(_ steps: ModulationSteps, at place: Int, batch: Int) {
        value = steps.vector(at: place, batch: batch)
        origin = Origin(steps: steps, place: place, batch: batch)
    }

    private init(activating vector: ModulationVector) {
        value = silu(vector.value)
        var origin = vector.origin
        // Of an activated one no products are kept: no family activates twice.
        if origin?.isActivated == true { origin = nil }
        origin?.isActivated = true
        self.origin = origin
    }

    /// SiLU of each element.
    fileprivate var activated: ModulationVector { ModulationVector(activating: self) }

    /// What a layer makes of it, [B, 1, out].
    fileprivate func product(of layer: Linear) -> Tensor {
        guard let origin else { return layer(value) }
        return origin.steps.product(
            of: layer, at: origin.place, batch: origin.batch, isActivated: origin.isActivated)
    }
}

/// SiLU of each element of a vector that modulates.
public func silu(_ vector: ModulationVector) -> ModulationVector { vector.activated }

extension Linear {
    /// Applies the layer to a vector that modulates: [B, 1, in] to [B, 1, out].
    public func callAsFunction(_ vector: ModulationVector) -> Tensor { vector.product(of: self) }
}
