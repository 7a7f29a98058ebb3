import DioramaWeights

/// The names of the U-Net's layers in files of the original implementation, which numbers all its blocks in one row.
enum UNetNames {
    typealias Alias = AdapterNames.Alias

    /// - Parameters:
    ///   - layers: residual blocks of a level on the way down.
    ///   - attention: which levels attend, finest first.
    ///   - prefix: stands before all names.
    /// - Returns: the names.
    static func tensors(layers: Int, attention: [Bool], prefix: String = "") -> TensorNames {
        TensorNames(prefix: prefix) { name in
            let spellings = halves(of: name)
            return spellings
                + (spellings.isEmpty ? [(name, nil)] : spellings).flatMap { spelling in
                    original(spelling.name, layers, attention).map { [($0, spelling.rows)] } ?? []
                }
        }
    }

    /// The perceptron's layers as diffusers has them: what is gated and its gate are one layer.
    private static func halves(of name: String) -> [Alias] {
        guard let dot = name.lastIndex(of: "."), name[..<dot].hasSuffix(".ff") else { return [] }
        let start = name[...dot]
        switch name[dot...].dropFirst() {
        case "up": return [("\(start)net.0.proj", RowSelection([0], of: 2))]
        case "gate": return [("\(start)net.0.proj", RowSelection([1], of: 2))]
        case "down": return [("\(start)net.2", nil)]
        default: return []
        }
    }

    private static func original(_ name: String, _ layers: Int, _ attention: [Bool]) -> String? {
        if let outer = outer[name] { return outer }
        let parts = name.split(separator: ".").map(String.init)
        guard parts.count >= 3, let first = Int(parts[parts[0] == "mid_block" ? 2 : 1]) else { return nil }
        let rest = parts.dropFirst(parts[0] == "mid_block" ? 3 : 4)
        func layer(_ kind: String) -> String {
            let inner = rest.joined(separator: ".")
            return kind == "resnets" ? (residual[inner] ?? inner) : inner
        }
        if parts[0] == "mid_block" {
            // A residual block, attention, a residual block.
            return "middle_block.\(parts[1] == "resnets" ? 2 * first : 1).\(layer(parts[1]))"
        }
        guard parts.count >= 5, let index = Int(parts[3]) else { return nil }
        switch (parts[0], parts[2]) {
        case ("down_blocks", "downsamplers"): return "input_blocks.\((first + 1) * (layers + 1)).0.op"
        case ("down_blocks", let kind):
            let block = first * (layers + 1) + index + 1
            return "input_blocks.\(block).\(kind == "resnets" ? 0 : 1).\(layer(kind))"
        case ("up_blocks", "upsamplers"):
            let attends = attention.indices.contains(first) && attention[attention.count - 1 - first]
            return "output_blocks.\(first * (layers + 1) + layers).\(attends ? 2 : 1).conv"
        case ("up_blocks", let kind):
            let block = first * (layers + 1) + index
            return "output_blocks.\(block).\(kind == "resnets" ? 0 : 1).\(layer(kind))"
        default: return nil
        }
    }

    private static let outer = [
        "conv_in": "input_blocks.0.0",
        "time_embedding.linear_1": "time_embed.0",
        "time_embedding.linear_2": "time_embed.2",
        "class_embedding.linear_1": "label_emb.0.0",
        "class_embedding.linear_2": "label_emb.0.2",
        "conv_norm_out": "out.0",
        "conv_out": "out.2",
    ]

    private static let residual = [
        "norm1": "in_layers.0", "conv1": "in_layers.2", "time_emb_proj": "emb_layers.1",
        "norm2": "out_layers.0", "conv2": "out_layers.3", "conv_shortcut": "skip_connection",
    ]
}
