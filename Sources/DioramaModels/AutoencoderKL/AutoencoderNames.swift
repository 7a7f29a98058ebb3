import DioramaWeights

/// The names of the KL autoencoder's layers in files of the original implementation, which counts the decoder's levels the other way.
enum AutoencoderNames {
    typealias Alias = AdapterNames.Alias

    /// - Parameters:
    ///   - levels: how many levels the autoencoder has.
    ///   - prefix: stands before all names.
    /// - Returns: the names.
    static func tensors(levels: Int, prefix: String = "") -> TensorNames {
        TensorNames(prefix: prefix) { aliases($0, levels) }
    }

    private static func aliases(_ name: String, _ levels: Int) -> [Alias] {
        let parts = name.split(separator: ".").map(String.init)
        guard parts.count >= 2, parts[0] == "encoder" || parts[0] == "decoder" else { return [] }
        let (half, rest) = (parts[0], Array(parts.dropFirst(2)))
        switch parts[1] {
        case "conv_norm_out": return [("\(half).norm_out", nil)]
        case "mid_block": return mid(rest).map { [("\(half).mid.\($0)", nil)] } ?? []
        case "down_blocks": return level(rest) { $0 }.map { [("encoder.down.\($0)", nil)] } ?? []
        case "up_blocks": return level(rest) { levels - 1 - $0 }.map { [("decoder.up.\($0)", nil)] } ?? []
        default: return []
        }
    }

    /// What follows `down_blocks.` or `up_blocks.`: the level, and a residual block or the change of resolution.
    private static func level(_ parts: [String], _ number: (Int) -> Int) -> String? {
        guard parts.count >= 3, let index = Int(parts[0]) else { return nil }
        let level = number(index)
        switch parts[1] {
        case "resnets":
            return (["\(level).block", parts[2]] + parts.dropFirst(3).map(original)).joined(separator: ".")
        case "downsamplers": return "\(level).downsample.conv"
        case "upsamplers": return "\(level).upsample.conv"
        default: return nil
        }
    }

    private static func mid(_ parts: [String]) -> String? {
        guard parts.count >= 3, let index = Int(parts[1]) else { return nil }
        if parts[0] == "resnets" {
            return (["block_\(index + 1)"] + parts.dropFirst(2).map(original)).joined(separator: ".")
        }
        let layers = ["group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out": "proj_out"]
        return layers[parts[2]].map { "attn_\(index + 1).\($0)" }
    }

    private static func original(_ layer: String) -> String {
        layer == "conv_shortcut" ? "nin_shortcut" : layer
    }
}
