import DioramaWeights

/// The names of Z-Image's layers in files of ComfyUI's spelling, which is the original one, and in adapters.
enum ZImageNames {
    static func tensors(prefix: String = "") -> TensorNames { TensorNames(prefix: prefix, aliases: aliases) }

    static let adapters = FluxNames.adapters(aliases)

    @Sendable private static func aliases(_ name: String) -> [AdapterNames.Alias] {
        func third(_ index: Int) -> RowSelection { RowSelection([index], of: 3) }
        if let rest = name.suffix(after: "all_x_embedder.2-1") { return [("x_embedder" + rest, nil)] }
        if let rest = name.suffix(after: "all_final_layer.2-1") { return [("final_layer" + rest, nil)] }
        let renamed: [(String, String, RowSelection?)] = [
            (".attention.to_q", ".attention.qkv", third(0)), (".attention.to_k", ".attention.qkv", third(1)),
            (".attention.to_v", ".attention.qkv", third(2)), (".attention.to_out.0", ".attention.out", nil),
            (".attention.norm_q", ".attention.q_norm", nil), (".attention.norm_k", ".attention.k_norm", nil),
        ]
        for (own, original, rows) in renamed where name.hasSuffix(own) {
            return [(name.dropLast(own.count) + original, rows)]
        }
        return []
    }
}

extension String {
    /// What follows a beginning; nil where it does not begin so.
    fileprivate func suffix(after start: String) -> String? {
        hasPrefix(start) ? String(dropFirst(start.count)) : nil
    }
}
