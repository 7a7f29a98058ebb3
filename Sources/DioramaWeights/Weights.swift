import DioramaJSON
public import DioramaTensor
import Synchronization

/// A place in the tree of a model's weights: models walk it by name and take their tensors, checked.
///
///     let attention = try Attention(w["blocks"][3]["attn"], config)
///     let weight = try w.tensor("weight", [out, in])
///
/// All places of one file share the record of what was taken, so that what is left over can be reported. Places that adapters
/// change (``adapted(by:names:strength:)``) share the file's tensors with those that they do not.
public struct Weights: Sendable {
    /// The keys from the root to here, joined by dots; empty at the root.
    public let path: String
    private let root: Root
    /// What adapters change, by the full names of tensors.
    private let changes: [String: [WeightChange]]
    /// What layers round the terms of their products to; nil for what their weights are stored as.
    public let precision: Precision?

    /// The root over all tensors of `source`, which will be made on `device`.
    ///
    /// Where `keyMap` gives two keys of the file one name, the first in the file has it and the other stays unused.
    public init(
        _ source: any TensorSource, on device: Device, keyMap: KeyMap = .identity, precision: Precision? = nil
    ) {
        path = ""
        root = Root(source: source, device: device, keyMap: keyMap)
        changes = [:]
        self.precision = precision
    }

    private init(_ other: Weights, path: String, changes: [String: [WeightChange]]) {
        self.path = path
        self.changes = changes
        (root, precision) = (other.root, other.precision)
    }

    /// What a layer over `weight` rounds the terms of its products to: what was wanted, or bf16 for bf16 and f32 for all others.
    public func precision(of weight: Tensor) -> Precision {
        precision ?? (weight.dtype == .bf16 ? .bf16 : .f32)
    }

    /// The device tensors are made on.
    public var device: Device { root.device }
    /// The file, named in errors.
    public var place: String { root.source.place }

    /// One or more steps down, joined by dots: `w["attn.to_q"]` is `w["attn"]["to_q"]`.
    public subscript(_ key: String) -> Weights {
        Weights(self, path: name(key), changes: changes)
    }

    /// The step down to one element of a list: `w["blocks"][3]`.
    public subscript(_ index: Int) -> Weights { self[String(index)] }

    /// The tensor `name` here, whose shape must be `shape` and whose elements must be floats.
    ///
    /// Throws `WeightsError` with the full key and both shapes. Where adapters change it, it is a sum of its own, f32.
    public func tensor(_ name: String, _ shape: Shape) throws -> Tensor {
        try adapted(name, shape).merged
    }

    /// As `tensor(_:_:)`, but what adapters add is kept apart, for layers that apply it without making the sum.
    public func adapted(_ name: String, _ shape: Shape) throws -> AdaptedTensor {
        guard let tensor = try stored(name, shape) else {
            throw WeightsError(
                place, "has no tensor \(self.name(name)), expected with shape \(shape)\(hint(name))")
        }
        return AdaptedTensor(tensor, changes[self.name(name)] ?? [])
    }

    /// As `tensor(_:_:)`, but nil when there is no such tensor.
    public func optional(_ name: String, _ shape: Shape) throws -> Tensor? {
        try stored(name, shape).map { AdaptedTensor($0, changes[self.name(name)] ?? []).merged }
    }

    private func stored(_ name: String, _ shape: Shape) throws -> Tensor? {
        let full = self.name(name)
        guard let key = root.keys[full], let info = root.source.info(key) else { return nil }
        guard info.shape == shape else {
            throw WeightsError(place, "\(full) has shape \(info.shape), expected \(shape)")
        }
        guard info.type.readAs?.isFloat ?? true else {
            throw WeightsError(place, "\(full) is stored as \(info.type.rawValue), expected floats")
        }
        if let tensor = root.taken.withLock({ $0.tensors[key] }) { return tensor }
        let tensor = try root.source.tensor(key, on: root.device)
        root.taken.withLock { $0.tensors[key] = tensor }
        return tensor
    }

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
        let full = self.name(name)
        guard let key = root.keys[full], let info = root.source.info(key), info.type == .i8 else {
            return nil
        }
        guard info.shape == shape else {
            throw WeightsError(place, "\(full) has shape \(info.shape), expected \(shape)")
        }
        let rotation = try rotationGroup(for: full, inputs: shape[1])
        guard let scaleKey = root.keys[full + "_scale"], let scaleInfo = root.source.info(scaleKey),
            scaleInfo.shape.count == 1 || scaleInfo.shape.count == shape[0],
            scaleInfo.type.readAs?.isFloat == true
        else {
            throw WeightsError(
                place,
                "\(full) is stored as I8, but \(full)_scale with \(shape[0]) floats, or one, is missing")
        }
        let (values, scales) = (
            try root.source.bytes(key, on: device), try root.source.tensor(scaleKey, on: device)
        )
        root.taken.withLock { taken in
            taken.tensors[key] = values
            taken.skipped.formUnion([scaleKey, root.keys[path + ".comfy_quant"] ?? scaleKey])
        }
        let stored = QuantizedWeight(values: values, scales: scales, rotationGroup: rotation)
        guard let changes = changes[full] else { return (stored, []) }
        let adapted = AdaptedTensor(stored.dequantized, changes)
        return (stored, adapted.deltas)
    }

    /// How many inputs of a layer in bytes are rotated together, by the layer's own text or the file's.
    private func rotationGroup(for full: String, inputs: Int) throws -> Int? {
        guard let key = root.keys[path + ".comfy_quant"] else { return nil }
        let text = try root.source.bytes(key, on: device).ints().map { UInt8(truncatingIfNeeded: $0) }
        guard let layout = try? JSON(parsing: text).object, layout["format"]?.string == "int8_tensorwise"
        else {
            throw WeightsError(
                place,
                "\(full) is quantised as \(quoted(String(decoding: text.prefix(80), as: UTF8.self))); known for I8 is the format int8_tensorwise"
            )
        }
        guard layout["convrot"]?.bool == true else { return nil }
        let group = layout["convrot_groupsize"]?.integer ?? 256
        guard QuantizedWeight.canRotate(inputs, by: group) else {
            throw WeightsError(
                place,
                "\(full) rotates groups of \(group) inputs, which must be a power of 4 that divides \(inputs)"
            )
        }
        return group
    }

    /// This place with what an adapter file has for it, added to what was added before; the tensors are the same.
    ///
    /// What does not fit is told by ``AdapterApplication/finish()``.
    ///
    /// - Parameters:
    ///   - adapter: the file; learns which of its layers are for this place.
    ///   - names: the names of this place's layers in files.
    ///   - strength: factor of the change; 0 changes nothing, and negative ones turn it round.
    /// - Returns: the place, from which a model is built that has the changes.
    /// - Throws: `WeightsError` where a tensor of the file cannot be read.
    public func adapted(
        by adapter: inout AdapterApplication, names: AdapterNames, strength: Double
    ) throws -> Weights {
        var all = changes
        for (tensor, changes) in try adapter.changes(for: self, names, strength: strength) {
            all[name(tensor), default: []] += changes
        }
        return Weights(self, path: path, changes: all)
    }

    /// Counts everything here as taken: tensors that checkpoints have and the model does not need.
    public func skip() {
        let skipped = root.keys.filter { $0.key == path || $0.key.hasPrefix(path + ".") }.values
        root.taken.withLock { $0.skipped.formUnion(skipped) }
    }

    /// The shape of `name` here as the file has it; nil when there is none.
    public func shape(of name: String) -> Shape? {
        root.keys[self.name(name)].flatMap { root.source.info($0)?.shape }
    }

    /// The names of all tensors here and below, without the way to here.
    public var names: [String] {
        guard !path.isEmpty else { return Array(root.keys.keys) }
        return root.keys.keys.filter { $0.hasPrefix(path + ".") }.map { String($0.dropFirst(path.count + 1)) }
    }

    /// Whether there is a tensor `name` here.
    public func contains(_ name: String) -> Bool { root.keys[self.name(name)] != nil }

    /// Keys of the file that nobody has taken, in its order; of the whole file, wherever this place is.
    public var unusedKeys: [String] {
        root.taken.withLock { taken in
            root.source.keys.filter { taken.tensors[$0] == nil && !taken.skipped.contains($0) }
        }
    }

    private func name(_ key: String) -> String { path.isEmpty ? key : path + "." + key }

    /// Tells what does exist near a missing tensor.
    private func hint(_ name: String) -> String {
        let siblings = root.keys.keys.filter { $0.hasPrefix(path + ".") }.sorted()
        if path.isEmpty || siblings.isEmpty { return path.isEmpty ? "" : "; nothing is under \(path)" }
        return "; under \(path) are " + siblings.prefix(4).joined(separator: ", ")
            + (siblings.count > 4 ? ", …" : "")
    }

    /// What was asked for.
    private struct Taken {
        /// By key of the file; kept so that an adapted model shares even tensors that had to be converted.
        var tensors: [String: Tensor] = [:]
        var skipped: Set<String> = []
    }

    /// What all places of one file share.
    private final class Root: Sendable {
        let source: any TensorSource
        let device: Device
        /// The file's key for each name of the model.
        let keys: [String: String]
        let taken = Mutex(Taken())

        init(source: any TensorSource, device: Device, keyMap: KeyMap) {
            self.source = source
            self.device = device
            keys = Dictionary(source.keys.map { (keyMap($0), $0) }, uniquingKeysWith: { first, _ in first })
        }
    }
}
