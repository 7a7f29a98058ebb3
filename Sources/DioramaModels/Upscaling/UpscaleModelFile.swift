import DioramaJSON
public import DioramaTensor
public import DioramaWeights

/// A file with a network that makes pictures larger, known by its keys and shapes as spandrel knows them.
///
/// Known are ESRGAN's family in its three spellings (`conv_first`, `body.0.rdb1.conv1`; `conv_first`, `RRDB_trunk.0.RDB1.conv1`;
/// `model.0`, `model.1.sub.0.RDB1.conv1.0`) and Real-ESRGAN's compact networks (`body.0`, `body.1`).
public struct UpscaleModelFile: Sendable {
    private enum Kind { case rrdb, compact }

    private let shapes: FileShapes
    private let kind: Kind

    /// What training programs leave before all keys.
    private static let prefixes = ["", "module.", "netG.", "params_ema.", "params."]

    /// What ESRGAN's files have, a row a spelling.
    private static let marks = [
        ["model.0.weight", "model.1.sub.0.RDB1.conv1.0.weight"],
        ["conv_first.weight", "body.0.rdb1.conv1.weight", "conv_body.weight", "conv_last.weight"],
        ["conv_first.weight", "RRDB_trunk.0.RDB1.conv1.weight", "trunk_conv.weight", "conv_last.weight"],
    ]

    /// Finds the network in a file.
    ///
    /// - Throws: `WeightsError` that says what the file is, where it is known to be something else.
    public init(_ source: any TensorSource) throws {
        guard let found = Self(recognised: source) else {
            throw WeightsError(
                source.place,
                "holds no upscale model known here\(FileGuess.sentence(source)); known are ESRGAN's family (Real-ESRGAN, BSRGAN, RealSR, "
                    + "ESRGAN+) and Real-ESRGAN's compact networks")
        }
        self = found
    }

    /// Finds the network in a file; nil where there is none.
    init?(recognised source: any TensorSource) {
        for prefix in Self.prefixes {
            func has(_ keys: [String]) -> Bool { keys.allSatisfy { source.info(prefix + $0) != nil } }
            if Self.marks.contains(where: has) {
                (shapes, kind) = (FileShapes(source, prefix: prefix), .rrdb)
                return
            }
            if has(["body.0.weight", "body.1.weight", "body.2.weight"]),
                source.info("\(prefix)body.1.weight")?.shape.rank == 1
            {
                (shapes, kind) = (FileShapes(source, prefix: prefix), .compact)
                return
            }
        }
        return nil
    }

    /// What kind of network it is.
    var name: String {
        switch kind {
        case .rrdb: "ESRGAN"
        case .compact: "Real-ESRGAN Compact"
        }
    }

    /// What stands before its keys.
    var prefix: String { shapes.prefix }

    /// Its sizes as Real-ESRGAN's code calls them; throws `WeightsError` where shapes do not fit together.
    var sizes: JSON.Object {
        get throws {
            switch kind {
            case .rrdb:
                let config = try RRDBConfig(shapes)
                return [
                    "scale": .integer(config.scale), "num_in_ch": .integer(config.inputChannels),
                    "num_out_ch": .integer(config.outputChannels), "num_feat": .integer(config.width),
                    "num_block": .integer(config.blocks), "num_grow_ch": .integer(config.growth),
                ]
            case .compact:
                let config = try CompactConfig(shapes)
                return [
                    "scale": .integer(config.scale), "num_in_ch": .integer(config.channels),
                    "num_feat": .integer(config.width), "num_conv": .integer(config.convs - 1),
                ]
            }
        }
    }

    /// Makes the network, its weights used in place.
    ///
    /// - Parameters:
    ///   - device: where it will run.
    ///   - precision: what layers round the terms of their products to; nil for what the weights are stored as.
    /// - Returns: the network, and what a person should know about the loading.
    /// - Throws: `WeightsError` where a tensor is missing or of another shape.
    public func load(
        on device: Device, precision: Precision? = nil
    ) throws -> (model: any UpscaleModel, notes: [String]) {
        let (model, weights) = try make(on: device, precision: precision)
        return (model, weights.noteOfUnused)
    }

    /// The network, and the weights it has taken.
    func make(on device: Device, precision: Precision? = nil) throws -> (any UpscaleModel, Weights) {
        func weights(_ names: TensorNames) -> Weights {
            Weights(shapes.source, on: device, names: names, precision: precision?.real)
        }
        switch kind {
        case .rrdb:
            let config = try RRDBConfig(shapes)
            let weights = weights(config.names(prefix: shapes.prefix))
            return (try RRDBNet(weights, config), weights)
        case .compact:
            let weights = weights(TensorNames(prefix: shapes.prefix))
            return (try CompactUpscaler(weights, CompactConfig(shapes)), weights)
        }
    }
}
