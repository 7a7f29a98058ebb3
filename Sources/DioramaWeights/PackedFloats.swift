import DioramaTensor

/// Matrices of 4-bit floats in a safetensors file, which has no type for them as ComfyUI writes NVFP4: U8 that hold two each.
enum PackedFloats {
    /// Gives such matrices their type and their shape in elements.
    ///
    /// They are `X.weight` as U8 with `X.weight_scale` and `X.weight_scale_2` beside it, in a file whose metadata or `X.comfy_quant` says how
    /// its layers are quantised. Without that it is not known in which order elements and scales lie.
    static func marked(
        _ entries: [String: SafetensorsHeader.Entry], _ metadata: [String: String]
    ) -> [String: SafetensorsHeader.Entry] {
        let isMarked = metadata[LayerLayouts.metadataKey] != nil
        return entries.mapValues { entry in
            let info = entry.info
            guard info.type == .u8, info.shape.rank == 2, info.name.hasSuffix(".weight"),
                entries[info.name + "_scale"] != nil, entries[info.name + "_scale_2"] != nil,
                isMarked || entries[info.name.dropLast("weight".count) + "comfy_quant"] != nil
            else { return entry }
            let (columns, tooMany) = info.shape[1].multipliedReportingOverflow(by: 2)
            guard !tooMany else { return entry }
            return SafetensorsHeader.Entry(
                info: TensorInfo(
                    name: info.name, type: .f4Pairs, shape: [info.shape[0], columns],
                    byteCount: info.byteCount),
                fileOffset: entry.fileOffset)
        }
    }
}
