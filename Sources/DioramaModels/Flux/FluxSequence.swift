import DioramaNN
import DioramaTensor

/// How a model tells the tokens of pictures that it looks at from those of its own.
///
/// The names are those of ComfyUI's `FluxKontextMultiReferenceLatentMethod`.
public enum ReferenceMethod: String, Sendable, CaseIterable {
    /// All have index 1, and stand side by side.
    case offset
    /// Each has an index of its own, and stands where the model's picture does.
    case index
    /// All have index 0, and stand behind the model's picture and each other, corner to corner.
    case uxo
    /// As `index`; and they are modulated as at time 0, where pictures are clean, whatever the model's own time is.
    case indexTimestepZero = "index_timestep_zero"
}

/// The tokens of a latent and of those that the model looks at beside it, and where they are.
struct FluxSequence {
    /// Image tokens, those of the model's own latent first, [B, N, p p C].
    private(set) var tokens: Tensor
    /// Frame, row and column of each token.
    private(set) var positions: [[Int]]
    /// How many tokens the model's own latent has.
    let ownCount: Int

    /// - Parameters:
    ///   - latent: the model's own, [B, C, H, W], with what it is shown beside each cell; sides are multiples of the patch.
    ///   - references: latents of pictures that it looks at, [B, C, h, w].
    ///   - patch: side of a patch.
    ///   - method: how the references are told apart.
    ///   - indexStep: how far the indices of two references are apart.
    init(
        _ latent: Tensor, references: [Tensor], patch: Int, method: ReferenceMethod, indexStep: Int = 1
    ) {
        tokens = Patches.cut(latent, patch: patch, .channelsFirst)
        positions = Self.grid(latent.shape, patch)
        ownCount = positions.count
        var (bottom, right) = (0, 0)
        for (number, reference) in references.enumerated() {
            let (height, width) = (reference.shape[2], reference.shape[3])
            var place = (index: 1, top: 0, left: 0)
            switch method {
            case .index, .indexTimestepZero: place.index = (number + 1) * indexStep
            case .uxo:
                place = (0, latent.shape[2] + bottom, latent.shape[3] + right)
                bottom += height
                right += width
            case .offset:
                if height + bottom > width + right { place.left = right } else { place.top = bottom }
                bottom = max(bottom, height + place.top)
                right = max(right, width + place.left)
            }
            let whole = reference.wrapped(toMultiplesOf: patch)
            tokens = .concatenated([tokens, Patches.cut(whole, patch: patch, .channelsFirst)], axis: 1)
            positions += Self.grid(
                whole.shape, patch, index: place.index, top: (place.top + patch / 2) / patch,
                left: (place.left + patch / 2) / patch)
        }
    }

    /// How many tokens are the references'.
    var referenceCount: Int { positions.count - ownCount }

    /// The vectors that modulate the tokens.
    ///
    /// - Parameters:
    ///   - own: that of the model's time.
    ///   - method: how references are told apart, which may be by time.
    ///   - atTimeZero: makes that of time 0.
    /// - Returns: both, or the model's own for all tokens.
    /// - Throws: what `atTimeZero` throws.
    func conditions(
        _ own: ModulationVector, _ method: ReferenceMethod, atTimeZero: () throws -> Tensor
    ) rethrows -> StreamConditions {
        let isApart = method == .indexTimestepZero && referenceCount > 0
        return StreamConditions(
            own: own, references: isApart ? ModulationVector(try atTimeZero()) : nil, count: ownCount)
    }

    private static func grid(
        _ shape: Shape, _ patch: Int, index: Int = 0, top: Int = 0, left: Int = 0
    ) -> [[Int]] {
        (0..<shape[2] / patch).flatMap { row in
            (0..<shape[3] / patch).map { [index, top + row, left + $0] }
        }
    }
}
