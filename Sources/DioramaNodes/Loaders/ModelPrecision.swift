import DioramaGraph
public import DioramaTensor

/// What loaders of models let them round the terms of their products to, unless a loader says: a resource of a run.
public struct ModelPrecision: Sendable {
    /// The precision; nil for what the weights are stored as.
    public let precision: Precision?

    /// Takes a precision, or nil for what the weights are stored as.
    public init(_ precision: Precision?) { self.precision = precision }
}

/// What a loader node may be told about precision.
enum PrecisionChoice {
    static let automatic = "auto"
    static let names = [automatic] + Precision.allCases.map(\.rawValue)
    static let help =
        "What the model's products are computed in: auto is the run's own choice, or what the weights are stored as."
}

extension RunEnvironment {
    /// The precision for a model: what its loader was told, else the run's; nil for what the weights are stored as.
    func precision(_ choice: String) -> Precision? {
        Precision(rawValue: choice) ?? resources[ModelPrecision.self]?.precision
    }
}
