public import DioramaGraph
public import DioramaTensor

/// A change to latents that nodes hand on, to be applied later and perhaps often.
public struct LatentOperation: PortValue {
    /// The type's name on an edge.
    public static let portType: PortType = "LATENT_OPERATION"

    private let change: @Sendable (Tensor) throws -> Tensor

    /// Makes an operation.
    ///
    /// - Parameter change: from latents [B, C, H, W] to latents of the same shape.
    public init(_ change: @escaping @Sendable (Tensor) throws -> Tensor) { self.change = change }

    /// The changed latents.
    ///
    /// - Parameter latents: [B, C, H, W].
    /// - Returns: [B, C, H, W].
    /// - Throws: what the operation throws, such as latents that are too small for it.
    public func callAsFunction(_ latents: Tensor) throws -> Tensor { try change(latents) }
}
