import DioramaTensor

// Weights with scales for groups of elements: ComfyUI's nvfp4 and mxfp8.
extension Weights {
    /// The matrix `key` with the scales of its groups, as the file has it; nil where it has none.
    ///
    /// - Throws: `WeightsError` where a scale is missing, or there are more or fewer than the matrix needs.
    func grouped(_ key: String, _ info: TensorInfo, _ shape: Shape) throws -> EncodedWeight? {
        guard let format = try layout(of: key)?.format, let groups = format.groups, info.shape.rank == 2,
            let encoding = info.type.encoding
        else { return nil }
        let (rows, columns) = (info.shape[0], info.shape[1])
        guard columns.isMultiple(of: groups.length) else {
            throw WeightsError(
                place,
                "\(key) is quantised as \(format.rawValue) and has rows of \(columns); expected a multiple of \(groups.length)"
            )
        }
        root.taken.withLock { $0.skipped.formUnion([key] + root.layouts.auxiliaryKeys(of: key)) }
        let name = key + "_scale"
        let expected = GroupScales.byteCount(rows: rows, columns: columns, length: groups.length)
        let type: ElementType = groups.scales == .e4m3 ? .f8E4M3 : .f8E8M0
        guard let scales = root.source.info(name), [type, .u8].contains(scales.type),
            scales.shape.count == expected
        else {
            let found = root.source.info(name).map { "\($0.type.rawValue) \($0.shape)" } ?? "missing"
            throw WeightsError(
                place,
                "\(name) is \(found); \(key), \(format.rawValue) [\(rows), \(columns)], needs \(expected) of \(type.rawValue): "
                    + "one for \(groups.length) elements, in whole tiles of 128 rows and 4 groups"
            )
        }
        return EncodedWeight(
            try root.source.bytes(key, on: device), encoding, inputs: columns,
            scales: format == .nvfp4 ? try tensorScale(of: key) : nil,
            groups: GroupScales(
                try root.source.bytes(name, on: device), groups.scales, length: groups.length, rows: rows,
                columns: columns))
    }

    /// What a whole matrix of 4-bit floats is multiplied with.
    private func tensorScale(of key: String) throws -> Tensor {
        let name = key + "_scale_2"
        guard let info = root.source.info(name), info.type.readAs?.isFloat == true, info.shape.count == 1
        else {
            throw WeightsError(
                place, "\(key) is quantised as nvfp4, but \(name), a float for the whole of it, is missing")
        }
        let scaled = String(key.dropLast("weight".count)) + "pre_quant_scale"
        guard root.source.info(scaled) == nil else {
            throw WeightsError(
                place,
                "\(scaled) scales the layer's inputs (AWQ), which is not read here; use a file without it, or one in bf16, fp8 or int8"
            )
        }
        return try root.source.tensor(name, on: device).reshaped(1)
    }

    /// Whether the file has the matrix with more rows or columns than `shape`, as it fills up the last group.
    func isPadded(_ found: TensorPlace, _ info: TensorInfo, _ shape: Shape) throws -> Bool {
        guard found.rows == nil, !found.isTransposed, shape.rank == 2, info.shape.rank == 2,
            let padding = try layout(of: found.key)?.format.padding
        else { return false }
        return zip(shape.dims, info.shape.dims).allSatisfy { wanted, stored in
            stored >= wanted && stored - wanted < padding && stored.isMultiple(of: padding)
        }
    }

    /// Refuses 4-bit floats of which the file does not say how they lie.
    func refuseUnmarkedFloats(_ key: String, _ info: TensorInfo) throws {
        guard info.type == .u8, root.source.info(key + "_scale") != nil,
            root.source.info(key + "_scale_2") != nil || root.source.info(key + "_global_scale") != nil,
            try layout(of: key) == nil
        else { return }
        throw WeightsError(
            place,
            "\(key) is U8 with two scales beside it: 4-bit floats of a file that does not say how they lie (no comfy_quant), as NVIDIA's "
                + "ModelOpt writes it; expected ComfyUI's nvfp4 or mxfp8, fp8, int8, bf16 or a GGUF")
    }
}

extension EncodedWeight {
    /// The first rows and columns, unpacked.
    func cut(to shape: Shape) -> Tensor {
        guard shape.rank == 2, shape[0] <= outputs, shape[1] <= inputs else { return dequantized }
        return self[0..<shape[0]].dequantized.narrowed(axis: 1, 0..<shape[1])
    }
}
