import DioramaJSON
public import DioramaTensor
public import DioramaWeights

/// A file with a style model, known by its keys: FLUX.1 Redux can be loaded.
public struct StyleModelFile: Sendable {
    /// What people call the model that is known.
    static let name = "FLUX.1 Redux"
    private let source: any TensorSource

    /// Finds the model in a file.
    ///
    /// - Throws: `WeightsError` that says what the file is, where it is known to be something else.
    public init(_ source: any TensorSource) throws {
        guard let found = Self(recognised: source) else {
            throw WeightsError(
                source.place,
                "holds no style model known here\(FileGuess.sentence(source)); known is \(Self.name)")
        }
        self = found
    }

    /// Finds the model in a file; nil where there is none.
    init?(recognised source: any TensorSource) {
        guard source.info("redux_up.weight") != nil || source.info("redux_down.weight") != nil else {
            return nil
        }
        self.source = source
    }

    /// Its widths, read off the shapes; throws `WeightsError` where they do not fit together.
    public var config: ReduxEncoder.Config {
        get throws { try ReduxEncoder.Config(shapesOf: Weights(source, on: .reference())) }
    }

    /// Makes the model, its weights used in place.
    ///
    /// - Parameters:
    ///   - device: where it will run.
    ///   - precision: what layers round the terms of their products to; nil for what the weights are stored as.
    /// - Returns: the model, and what a person should know about the loading.
    /// - Throws: `WeightsError` where a tensor is missing or of another shape.
    public func load(
        on device: Device, precision: Precision? = nil
    ) throws -> (model: ReduxEncoder, notes: [String]) {
        let (model, weights) = try make(on: device, precision: precision)
        return (model, weights.noteOfUnused)
    }

    /// The model, and the weights it has taken.
    func make(on device: Device, precision: Precision? = nil) throws -> (ReduxEncoder, Weights) {
        let weights = Weights(source, on: device, precision: precision)
        let config = try config
        return (try weights.build { try ReduxEncoder($0, config) }, weights)
    }
}

extension ReduxEncoder.Config {
    /// Its widths as ComfyUI's class calls them.
    var shown: JSON.Object {
        ["redux_dim": .integer(inputWidth), "txt_in_features": .integer(outputWidth)]
    }
}
