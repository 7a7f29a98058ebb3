public import DioramaTensor

// Weights of layers that stay compressed: bytes with scales, blocks, and 8-bit floats.
extension Weights {
    /// The weight of a linear layer here that the file has in bytes; nil where it has it as floats, or not at all.
    ///
    /// A layer is in bytes where `name` is stored as I8, as ComfyUI's `int8_tensorwise` has it: `<name>_scale` beside it, and `comfy_quant`,
    /// a JSON text that says whether groups of inputs are rotated (``QuantizedWeight``).
    ///
    /// - Returns: the weight, and what adapters add to it.
    /// - Throws: `WeightsError` with both shapes, and for layouts that are not known.
    public func quantized(
        _ name: String, _ shape: Shape
    ) throws -> (stored: QuantizedWeight, deltas: [WeightDelta])? {
        guard root.survey == nil, widenedShape(of: name) == nil, let place = root.find(self.name(name)),
            root.source.info(place.key)?.type == .i8, let (found, info) = try find(name, shape),
            try isMatrix(found, info, shape)
        else { return nil }
        let key = found.key
        let rotation = try rotationGroup(of: key, inputs: shape[1])
        let scaleKey = key + "_scale"
        guard let scaleInfo = root.source.info(scaleKey),
            scaleInfo.shape.count == 1 || scaleInfo.shape.count == info.shape[0],
            scaleInfo.type.readAs?.isFloat == true
        else {
            throw WeightsError(
                self.place,
                "\(key) is stored as I8, but \(scaleKey) with \(info.shape[0]) floats, or one, is missing")
        }
        let (values, scales) = (
            try root.source.bytes(key, on: device), try root.source.tensor(scaleKey, on: device)
        )
        root.taken.withLock { taken in
            taken.tensors[key] = values
            taken.skipped.formUnion([scaleKey] + root.layouts.auxiliaryKeys(of: key))
        }
        let stored = QuantizedWeight(
            values: found.cut(values),
            scales: scales.count == 1 ? scales : found.cut(scales.reshaped(scales.count)),
            rotationGroup: rotation)
        guard let changes = changes[self.name(name)] else { return (stored, []) }
        let adapted = AdaptedTensor(stored.dequantized, changes)
        return (stored, adapted.deltas)
    }

    /// Whether the file has a matrix of `shape` as one, which may be padded, rather than as a row or with more axes.
    private func isMatrix(_ found: TensorPlace, _ info: TensorInfo, _ shape: Shape) throws -> Bool {
        guard info.shape.rank == 2 else { return false }
        return try found.shape(of: info.shape) == shape || isPadded(found, info, shape)
    }

    /// How many inputs of a layer in bytes are rotated together.
    private func rotationGroup(of key: String, inputs: Int) throws -> Int? {
        guard let layout = try layout(of: key) else { return nil }
        guard layout.format == .int8 else {
            throw WeightsError(
                place,
                "\(key) is stored as I8, but quantised as \(layout.format.rawValue); known for I8 is int8_tensorwise"
            )
        }
        guard let group = layout.rotationGroup else { return nil }
        guard QuantizedWeight.canRotate(inputs, by: group) else {
            throw WeightsError(
                place,
                "\(key) rotates groups of \(group) inputs, which must be a power of 4 that divides \(inputs)"
            )
        }
        return group
    }

    /// The weight of a linear layer, or a table, that the file has in blocks or floats of 8 or 4 bits, in place.
    ///
    /// 8-bit floats have a scale for the tensor or for each row where `<layer>.weight_scale`, or `scale_weight` in older files, is beside
    /// them. ComfyUI's `nvfp4` and `mxfp8` have scales for groups of elements there (``GroupScales``), and nvfp4 another for the tensor in
    /// `weight_scale_2`.
    ///
    /// - Returns: the weight, and what adapters add to it; nil where the file has it as floats, or in rows that are not whole blocks,
    ///   or not at all, and where an adapter needs the whole of it: then it is a tensor. So are groups in rows that a file has in
    ///   another order, or with columns that fill up their last group.
    /// - Throws: `WeightsError` with both shapes, and for layouts that are not known.
    public func encoded(
        _ name: String, _ shape: Shape
    ) throws -> (stored: EncodedWeight, deltas: [WeightDelta])? {
        let full = self.name(name)
        guard root.survey == nil, widenedShape(of: name) == nil, let place = root.find(full),
            let encoding = root.source.info(place.key)?.type.encoding
        else { return nil }
        _ = try layout(of: place.key)
        let deltas = (changes[full] ?? []).map {
            if case .add(let delta) = $0 { delta } else { nil as WeightDelta? }
        }
        guard shape.rank == 2, encoding.rowBytes(shape[1]) != nil, deltas.allSatisfy({ $0 != nil }),
            let (found, info) = try find(name, shape), try isMatrix(found, info, shape)
        else { return nil }
        let kept = root.taken.withLock { $0.encoded[found.key] }
        guard let whole = try kept ?? encoded(found.key, info, encoding, shape) else { return nil }
        if whole.groups == nil { return (found.cut(whole), deltas.compactMap { $0 }) }
        guard whole.inputs == shape[1], let rows = found.neighbours(of: info.shape, whole, shape) else {
            return nil
        }
        return (whole[rows], deltas.compactMap { $0 })
    }

    private func encoded(
        _ key: String, _ info: TensorInfo, _ encoding: BlockEncoding, _ shape: Shape
    ) throws -> EncodedWeight? {
        let weight =
            try grouped(key, info, shape)
            ?? EncodedWeight(
                try root.source.bytes(key, on: device), encoding, inputs: info.shape[1],
                scales: try scales(of: key, info))
        root.taken.withLock { $0.encoded[key] = weight }
        return weight
    }

    /// How the file says that the tensor `key` is quantised; nil where it does not.
    ///
    /// Throws `WeightsError` where the format is not known, or not that of the stored type.
    func layout(of key: String) throws -> LayerLayout? {
        guard let layout = try root.layouts.layout(of: key, prefix: root.names.prefix),
            let info = root.source.info(key)
        else { return nil }
        guard layout.format.type == info.type else {
            throw WeightsError(
                place,
                "\(key) is quantised as \(layout.format.rawValue), but stored as \(info.type.rawValue); expected \(layout.format.type.rawValue)"
            )
        }
        return layout
    }

    /// What the rows of a tensor of 8-bit floats are multiplied with: one for all, or one for each; nil where there is nothing.
    ///
    /// What is beside such a tensor counts as taken.
    func scales(of key: String, _ info: TensorInfo) throws -> Tensor? {
        guard info.type == .f8E4M3 || info.type == .f8E5M2, try layout(of: key)?.format.groups == nil else {
            return nil
        }
        let names = root.layouts.scaleKeys(of: key)
        root.taken.withLock { $0.skipped.formUnion(root.layouts.auxiliaryKeys(of: key)) }
        guard let name = names.first(where: { root.source.info($0) != nil }),
            let scale = root.source.info(name)
        else {
            guard try layout(of: key) == nil else {
                throw WeightsError(place, "\(key) is quantised, but \(names.first ?? "its scale") is missing")
            }
            return nil
        }
        let rows = info.shape.rank > 0 ? info.shape[0] : 1
        guard scale.type.readAs?.isFloat == true, scale.shape.count == 1 || scale.shape.count == rows else {
            throw WeightsError(
                place,
                "\(name) is \(scale.type.rawValue) \(scale.shape), expected a float, or one for each of the \(rows) rows of \(key)"
            )
        }
        return try root.source.tensor(name, on: device).reshaped(scale.shape.count)
    }
}

extension TensorPlace {
    /// The selected rows; in place where they are neighbours in their order.
    fileprivate func cut(_ weight: EncodedWeight) -> EncodedWeight {
        EncodedWeight(
            cut(weight.bytes), weight.encoding, inputs: weight.inputs, scales: weight.scales.map(cut))
    }

    /// The selected rows where they follow one another; nil where they do not.
    fileprivate func neighbours(of stored: Shape, _ weight: EncodedWeight, _ shape: Shape) -> Range<Int>? {
        guard !isTransposed else { return nil }
        guard let rows else { return 0..<min(shape[0], weight.outputs) }
        guard rows.taken == Array(rows.taken[0]..<rows.taken[0] + rows.taken.count) else { return nil }
        let height = stored[0] / rows.parts
        return rows.taken[0] * height..<(rows.taken[0] + rows.taken.count) * height
    }
}
