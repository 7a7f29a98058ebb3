import DioramaWeights

/// The sizes of a network of ESRGAN's family, read off the keys and shapes of its file.
struct RRDBConfig: Sendable, Hashable {
    /// Channels of pictures.
    let inputChannels: Int, outputChannels: Int
    /// Channels between blocks.
    let width: Int
    /// Channels that each convolution of a dense block adds.
    let growth: Int
    /// How many blocks.
    let blocks: Int
    /// How many times the picture is doubled.
    let doublings: Int
    /// Whether dense blocks have a shorter way beside them (ESRGAN+).
    let hasShortcuts: Bool
    /// Side of the squares of pixels that are channels to begin with, as Real-ESRGAN has it for factors of 2 and 1.
    let unshuffle: Int

    /// What a residual is multiplied with.
    static let residualScale: Float = 0.2
    /// What rectifiers multiply values below zero with.
    static let slope: Float = 0.2

    /// How many times larger its pictures are each way.
    var scale: Int { (1 << doublings) / unshuffle }

    /// - Parameter shapes: the file's.
    /// - Throws: `WeightsError` where shapes do not fit together.
    init(_ shapes: FileShapes) throws {
        let isOld = shapes.contains("model.0.weight")
        let layers = shapes.blocks("body", "RRDB_trunk", "model.1.sub")
        blocks = isOld ? layers - 1 : layers
        // Old files count every step: two convolutions and a rectifier follow the doublings, which are three steps each.
        let steps = isOld ? (shapes.lastIndex(under: "model") ?? 0) + 1 : 0
        let named = (1...Self.mostDoublings).prefix {
            shapes.contains("conv_up\($0).weight", "upconv\($0).weight")
        }
        doublings = isOld ? (steps - 5) / 3 : named.count
        guard blocks > 0, (0...Self.mostDoublings).contains(doublings), !isOld || (steps - 5) % 3 == 0 else {
            throw WeightsError(
                shapes.source.place,
                "has \(blocks) blocks and \(doublings) doublings of ESRGAN's family, expected one or more blocks and up to "
                    + "\(Self.mostDoublings) doublings, each of factor 2")
        }
        let first = try shapes.shape("conv_first.weight", "model.0.weight", rank: 4)
        let last = try shapes.shape("conv_last.weight", "model.\(3 * doublings + 4).weight", rank: 4)
        growth = try shapes.shape(
            "body.0.rdb1.conv1.weight", "RRDB_trunk.0.RDB1.conv1.weight",
            "model.1.sub.0.RDB1.conv1.0.weight",
            rank: 4)[0]
        hasShortcuts = shapes.contains(
            "body.0.rdb1.conv1x1.weight", "RRDB_trunk.0.RDB1.conv1x1.weight",
            "model.1.sub.0.RDB1.conv1x1.weight")
        (width, outputChannels) = (first[0], last[0])
        let side = [4, 2].first { first[1] == last[0] * $0 * $0 } ?? 1
        guard 1 << doublings >= side else {
            throw WeightsError(
                shapes.source.place,
                "takes squares of \(side)x\(side) pixels and doubles \(doublings) times: it would make pictures smaller"
            )
        }
        (unshuffle, inputChannels) = (side, first[1] / (side * side))
    }

    /// More than any has: a factor of 16.
    private static let mostDoublings = 4

    /// The names of its layers in files of the older spellings.
    func names(prefix: String = "") -> TensorNames {
        let (blocks, doublings) = (blocks, doublings)
        return TensorNames(prefix: prefix) { name in
            switch name {
            case "conv_first": return [("model.0", nil)]
            case "conv_body": return [("model.1.sub.\(blocks)", nil), ("trunk_conv", nil)]
            case "conv_hr": return [("model.\(3 * doublings + 2)", nil), ("HRconv", nil)]
            case "conv_last": return [("model.\(3 * doublings + 4)", nil)]
            default: break
            }
            if name.hasPrefix("conv_up"), let number = Int(name.dropFirst("conv_up".count)) {
                return [("model.\(3 * number)", nil), ("upconv\(number)", nil)]
            }
            guard name.hasPrefix("body.") else { return [] }
            let rest = name.dropFirst("body.".count).replacing(".rdb", with: ".RDB")
            let step = name.hasSuffix("conv1x1") ? "" : ".0"
            return [("model.1.sub.\(rest)\(step)", nil), ("RRDB_trunk.\(rest)", nil)]
        }
    }
}

extension FileShapes {
    /// The greatest number that follows a folder's name; nil where none does.
    fileprivate func lastIndex(under folder: String) -> Int? {
        source.keys.lazy.filter { $0.hasPrefix(prefix + folder + ".") }
            .compactMap { Int($0.dropFirst((prefix + folder).count + 1).prefix { $0 != "." }) }.max()
    }
}
