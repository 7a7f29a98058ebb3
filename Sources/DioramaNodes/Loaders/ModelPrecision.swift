public import DioramaTensor

/// What loaders of models let them round the terms of their products to: a resource of a run.
public struct ModelPrecision: Sendable {
    /// The precision; nil for what the weights are stored as.
    public let precision: Precision?

    /// Takes a precision, or nil for what the weights are stored as.
    public init(_ precision: Precision?) { self.precision = precision }

    /// What a node's key needs to know: nil where the files alone decide.
    var fingerprint: String? { precision.map { "in \($0.rawValue)" } }
}
