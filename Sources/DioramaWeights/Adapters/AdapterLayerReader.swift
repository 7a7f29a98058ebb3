import DioramaTensor

/// Reads what an adapter file has for one weight of a model, every shape checked before a tensor is made.
struct AdapterLayerReader {
    let file: AdapterFile
    let layer: AdapterLayer
    /// The weight's shape in the model: [out, in], [out, in, kernel, kernel] or [count].
    var shape: Shape
    /// Which rows of the file's layer the model's is; nil for all.
    let rows: RowSelection?
    let strength: Float
    let device: Device

    /// Outputs of the file's layer, which may be several of the model's in one.
    private var outputs: Int { rows.map { shape[0] / $0.taken.count * $0.parts } ?? shape[0] }
    /// The strength of what is added; DoRA's is of the whole change, not of what is added before lengths are measured.
    private var amount: Float { layer.key(.magnitude) == nil ? strength : 1 }
    /// Inputs, a kernel's cells among them.
    private var inputs: Int { shape.dims.dropFirst().reduce(1, *) }

    /// The change that makes the layer larger, for whose new shape all further changes are; nil where it keeps its shape.
    mutating func widening() throws -> WeightChange? {
        guard let wide = try file.newShape(of: layer, on: device), wide != shape else { return nil }
        guard rows == nil, wide.rank == shape.rank, zip(wide.dims, shape.dims).allSatisfy({ $0 >= $1 }) else {
            throw LayerProblem(
                "\(layer.name) shall have the shape \(wide), expected one that \(shape) fits into")
        }
        shape = wide
        return .widen(wide)
    }

    /// The changes of the layer's weight, in the order in which they are made; throws `LayerProblem` and `WeightsError`.
    func weightChanges() throws -> [WeightChange] {
        if let unsupported = layer.unsupported {
            throw LayerProblem("\(layer.name) has \(unsupported), which is not supported")
        }
        if let rows, !shape[0].isMultiple(of: rows.taken.count) {
            throw LayerProblem("\(layer.name) is fused of parts that \(shape) does not have")
        }
        var changes: [WeightChange] = []
        if let delta = try lowRank() ?? hadamard() ?? kronecker() {
            changes.append(try decomposed(delta) ?? .add(delta))
        } else if let key = layer.key(.magnitude) {
            throw LayerProblem("\(key) has nothing beside it to decompose")
        }
        if let key = layer.key(.difference) {
            let difference = try whole(key, like: shape)
            changes.append(.add(.product([difference.reshaped(shape[0], inputs)], scale: strength)))
        }
        if let key = layer.key(.replacement) { changes.append(.replace(try whole(key, like: shape))) }
        return changes
    }

    /// The changes of the layer's bias, whose shape `shape` is.
    func biasChanges() throws -> [WeightChange] {
        guard let key = layer.key(.biasDifference) else { return [] }
        return [.add(.product([try whole(key, like: shape).reshaped(shape[0], 1)], scale: strength))]
    }

    // MARK: Kinds

    private func lowRank() throws -> WeightDelta? {
        guard let (upKey, downKey) = try pair(.up, .down) else { return nil }
        let rank = try sides(downKey).rows
        let up = try matrix(upKey, outputs, rank)
        let down = try matrix(downKey, rank, inputs)
        return .product([selected(up), down], scale: try scale(rank))
    }

    private func hadamard() throws -> WeightDelta? {
        guard let (a1, b1) = try pair(.hada1A, .hada1B) else {
            _ = try pair(.hada2A, .hada2B, alone: true)
            return nil
        }
        guard let (a2, b2) = try pair(.hada2A, .hada2B) else {
            throw LayerProblem("\(layer.name) has hada_w1 but no hada_w2")
        }
        let (rank1, rank2) = (try sides(b1).rows, try sides(b2).rows)
        return .hadamard(
            (selected(try matrix(a1, outputs, rank1)), try matrix(b1, rank1, inputs)),
            (selected(try matrix(a2, outputs, rank2)), try matrix(b2, rank2, inputs)), scale: try scale(rank1)
        )
    }

    private func kronecker() throws -> WeightDelta? {
        let left = try side(.kron1, .kron1A, .kron1B)
        let right = try side(.kron2, .kron2A, .kron2B)
        guard let left, let right else {
            guard left == nil, right == nil else {
                throw LayerProblem(
                    "\(layer.name) has lokr_w\(left == nil ? 2 : 1) but no lokr_w\(left == nil ? 1 : 2)")
            }
            return nil
        }
        let (height, tooHigh) = left.outputs.multipliedReportingOverflow(by: right.outputs)
        let (width, tooWide) = left.inputs.multipliedReportingOverflow(by: right.inputs)
        guard !tooHigh, !tooWide, height == outputs, width == inputs else {
            throw LayerProblem(
                "\(layer.name) has lokr_w1 of [\(left.outputs), \(left.inputs)] and lokr_w2 of [\(right.outputs), \(right.inputs)], "
                    + "expected sides that multiply to [\(outputs), \(inputs)]")
        }
        // LyCORIS divides by the rank of whichever is a product; two whole matrices are not scaled.
        let scale = try (left.rank ?? right.rank).map(scale) ?? amount
        let (first, second) = (try matrices(of: left), try matrices(of: right))
        guard let rows else { return .kronecker(first, second, scale: scale) }
        guard left.outputs.isMultiple(of: rows.parts) else {
            let all = WeightDelta.kronecker(first, second, scale: scale).matrix
            return .product([selected(all)], scale: 1)
        }
        return .kronecker([selected(first[0])] + first.dropFirst(), second, scale: scale)
    }

    /// DoRA's change, where the layer has magnitudes.
    private func decomposed(_ delta: WeightDelta) throws -> WeightChange? {
        guard let key = layer.key(.magnitude), let found = file.source.info(key)?.shape else { return nil }
        let isOfRows = found.dims.first == outputs
        guard found.count == (isOfRows ? outputs : inputs), isOfRows || found.dims.first == 1 else {
            throw LayerProblem("\(key) has shape \(found), expected [\(outputs), 1] or [1, \(inputs)]")
        }
        guard isOfRows || rows == nil else {
            throw LayerProblem(
                "\(key) has a magnitude for each input of a fused layer, which is not supported")
        }
        let magnitude = try floats(key).reshaped(found.count)
        return .decompose(
            delta, magnitude: isOfRows ? selected(magnitude) : magnitude, axis: isOfRows ? .rows : .columns,
            strength: strength)
    }

    // MARK: Tensors

    /// One side of a Kronecker product: a matrix, or two whose product it is.
    private struct Side {
        let keys: [String]
        let outputs, inputs: Int
        /// The rank, of a product.
        let rank: Int?
    }

    private func side(_ whole: AdapterRole, _ a: AdapterRole, _ b: AdapterRole) throws -> Side? {
        if let key = layer.key(whole) {
            let (rows, columns) = try sides(key)
            return Side(keys: [key], outputs: rows, inputs: columns, rank: nil)
        }
        guard let (aKey, bKey) = try pair(a, b) else { return nil }
        return Side(
            keys: [aKey, bKey], outputs: try sides(aKey).rows, inputs: try sides(bKey).columns,
            rank: try sides(bKey).rows)
    }

    /// The factors of a side, kept apart where that is smaller.
    private func matrices(of side: Side) throws -> [Tensor] {
        guard let rank = side.rank else { return [try matrix(side.keys[0], side.outputs, side.inputs)] }
        let a = try matrix(side.keys[0], side.outputs, rank)
        let b = try matrix(side.keys[1], rank, side.inputs)
        return a.count + b.count < side.outputs * side.inputs
            ? [a, b] : [matmul(a.asType(.f32), b.asType(.f32))]
    }

    /// Both keys of a product; nil where the layer has neither.
    private func pair(
        _ first: AdapterRole, _ second: AdapterRole, alone: Bool = false
    ) throws -> (String, String)? {
        switch (layer.key(first), layer.key(second)) {
        case (let a?, let b?):
            guard !alone else { throw LayerProblem("\(a) has no hada_w1 beside it") }
            return (a, b)
        case (let a?, nil): throw LayerProblem("\(a) has no \(second.rawValue) beside it")
        case (nil, let b?): throw LayerProblem("\(b) has no \(first.rawValue) beside it")
        case (nil, nil): return nil
        }
    }

    /// Rows, and columns with a kernel's cells among them, at least 1 each.
    private func sides(_ key: String) throws -> (rows: Int, columns: Int) {
        let shape = file.source.info(key)?.shape ?? []
        guard shape.rank >= 2, shape.dims.allSatisfy({ $0 > 0 }) else {
            throw LayerProblem("\(key) has shape \(shape), expected a matrix with elements")
        }
        return (shape[0], shape.count / shape[0])
    }

    /// The tensor as a matrix, [rows, columns], where it has that form once a kernel's axes are counted as columns.
    private func matrix(_ key: String, _ rows: Int, _ columns: Int) throws -> Tensor {
        let found = file.source.info(key)?.shape ?? []
        guard found.rank >= 2, found[0] == rows, found.count == rows * columns else {
            throw LayerProblem("\(key) has shape \(found), expected [\(rows), \(columns)]")
        }
        return try floats(key).reshaped(rows, columns)
    }

    /// The tensor of the weight's own shape, or of the fused layer's.
    private func whole(_ key: String, like shape: Shape) throws -> Tensor {
        let expected = Shape([outputs] + shape.dims.dropFirst())
        let found = file.source.info(key)?.shape ?? []
        guard found == expected else {
            throw LayerProblem("\(key) has shape \(found), expected \(expected)")
        }
        return selected(try floats(key))
    }

    private func floats(_ key: String) throws -> Tensor {
        guard let info = file.source.info(key), info.type.readAs?.isFloat ?? true else {
            throw LayerProblem("\(key) is stored as whole numbers, expected floats")
        }
        return try file.source.tensor(key, on: device)
    }

    private func scale(_ rank: Int) throws -> Float {
        Float(Double(amount) * (try file.scale(of: layer, rank: rank, on: device)))
    }

    /// The rows of a fused layer that are the model's.
    private func selected(_ tensor: Tensor) -> Tensor {
        guard let rows else { return tensor }
        let parts = tensor.chunked(into: rows.parts, axis: 0)
        let taken = rows.taken.map { parts[$0] }
        return taken.count == 1 ? taken[0] : .concatenated(taken, axis: 0)
    }
}
