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
    let root: Root
    /// What adapters change, by the full names of tensors.
    let changes: [String: [WeightChange]]
    /// What layers round the terms of their products to; nil for what their weights are stored as.
    public let precision: Precision?
    /// Whether layers keep their weights packed between products, while there is memory for it: for models that run many times
    /// (``PackedWeight``).
    public let keepsPacked: Bool

    /// The root over the tensors of `source`, which will be made on `device`; `names` tells how the file spells them.
    public init(
        _ source: any TensorSource, on device: Device, names: TensorNames = .own, precision: Precision? = nil,
        keepsPacked: Bool = false
    ) {
        path = ""
        root = Root(source: source, device: device, names: names)
        changes = [:]
        self.precision = precision
        self.keepsPacked = keepsPacked
    }

    /// The place `other` for a survey of what is asked of it.
    init(surveying other: Weights, _ survey: Survey) {
        path = other.path
        root = Root(
            source: other.root.source, device: survey.device, names: other.root.names, survey: survey)
        changes = [:]
        precision = nil
        keepsPacked = false
    }

    private init(_ other: Weights, path: String, changes: [String: [WeightChange]]) {
        self.path = path
        self.changes = changes
        (root, precision, keepsPacked) = (other.root, other.precision, other.keepsPacked)
    }

    /// What a layer over `weight` rounds the terms of its products to: what was wanted, or bf16 for bf16 and f32 for all others.
    public func precision(of weight: Tensor) -> Precision {
        precision ?? (weight.dtype == .bf16 ? .bf16 : .f32)
    }

    /// What a layer over `weight` rounds the terms of its products to: what was wanted, or bf16, which holds more than blocks have.
    public func precision(of weight: EncodedWeight) -> Precision { precision ?? .bf16 }

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
        if let survey = root.survey { return AdaptedTensor(try surveyed(name, shape, survey), []) }
        let wide = widenedShape(of: name)
        guard wide == nil || wide == shape else {
            throw WeightsError(
                place, "\(self.name(name)) has shape \(wide ?? []) with its adapters, expected \(shape)")
        }
        guard let tensor = try stored(name, wide == nil ? shape : storedShape(of: name) ?? shape) else {
            throw missing(name, shape)
        }
        return AdaptedTensor(tensor, changes[self.name(name)] ?? [])
    }

    /// As `tensor(_:_:)`, but nil when there is no such tensor.
    public func optional(_ name: String, _ shape: Shape) throws -> Tensor? {
        if let survey = root.survey { return contains(name) ? try surveyed(name, shape, survey) : nil }
        return try stored(name, shape).map { AdaptedTensor($0, changes[self.name(name)] ?? []).merged }
    }

    private func stored(_ name: String, _ shape: Shape) throws -> Tensor? {
        if let place = root.find(self.name(name)) { _ = try layout(of: place.key) }
        guard let (found, info) = try find(name, shape) else { return nil }
        guard info.type.readAs?.isFloat ?? true else {
            throw WeightsError(place, "\(found.key) is stored as \(info.type.rawValue), expected floats")
        }
        if let tensor = root.taken.withLock({ $0.tensors[found.key] }) {
            return found.cut(tensor).reshaped(shape)
        }
        if let whole = try grouped(found.key, info, shape) {
            let tensor = found.rows == nil ? whole.cut(to: shape) : whole.dequantized
            root.taken.withLock { $0.tensors[found.key] = tensor }
            return found.cut(tensor).reshaped(shape)
        }
        var tensor = try root.source.tensor(found.key, on: root.device)
        if let scales = try scales(of: found.key, info) {
            let column = Shape([scales.count] + Array(repeating: 1, count: max(tensor.rank - 1, 0)))
            tensor = tensor.asType(.f32) * scales.asType(.f32).reshaped(column)
        }
        root.taken.withLock { $0.tensors[found.key] = tensor }
        return found.cut(tensor).reshaped(shape)
    }

    /// Where the tensor `name` here is, which must have `shape`, and what the file says of it; nil when there is none.
    ///
    /// Axes of 1 may be missing or more: GGUF leaves them out, and files have the 1x1 convolutions of an older model as linear layers.
    func find(_ name: String, _ shape: Shape) throws -> (TensorPlace, TensorInfo)? {
        let full = self.name(name)
        guard let found = root.find(full), let info = root.source.info(found.key) else { return nil }
        try refuseUnmarkedFloats(found.key, info)
        guard
            try found.shape(of: info.shape)?.withoutUnits == shape.withoutUnits
                || isPadded(found, info, shape)
        else {
            let part =
                found.isTransposed
                ? ", of which \(full) is the transpose"
                : found.rows.map { ", of which \(full) is \($0.taken.count) of \($0.parts) parts" }
            throw WeightsError(
                place,
                "\(found.key) has shape \(info.shape)\(part ?? ""), expected \(shape)"
                    + (part == nil ? "" : " for it"))
        }
        root.taken.withLock { _ = $0.names.insert(full) }
        return (found, info)
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

    /// Counts everything here as taken, by all names of this place: tensors that checkpoints have and the model does not need.
    public func skip() {
        let places = root.names.places(of: path).filter { $0.rows == nil }.map(\.key)
        let own = root.source.keys.filter { key in
            places.contains { key == $0 || key.hasPrefix($0 + ".") }
        }
        let others = ["weight", "bias"].compactMap { root.find(name($0))?.key }
        root.taken.withLock { $0.skipped.formUnion(own + others) }
    }

    /// The shape of `name` here as the file has it, or as adapters make it; nil when there is none.
    public func shape(of name: String) -> Shape? { widenedShape(of: name) ?? storedShape(of: name) }

    /// The shape that adapters give `name` here; nil where it has that of the file.
    func widenedShape(of name: String) -> Shape? {
        changes[self.name(name)]?.lazy.compactMap {
            if case .widen(let shape) = $0 { shape } else { nil as Shape? }
        }.last
    }

    private func storedShape(of name: String) -> Shape? {
        guard let found = root.find(self.name(name)) else { return nil }
        return root.source.info(found.key).flatMap { found.shape(of: $0.shape) }
    }

    /// The names of all tensors here and below, without the way to here: those that were taken, and the file's own.
    public var names: Set<String> {
        let own = root.source.keys.filter { $0.hasPrefix(root.names.prefix) }
            .map { String($0.dropFirst(root.names.prefix.count)) }
        let all = root.taken.withLock { $0.names.union(own) }
        guard !path.isEmpty else { return all }
        return Set(
            all.lazy.filter { $0.hasPrefix(path + ".") }.map { String($0.dropFirst(path.count + 1)) })
    }

    /// Whether there is a tensor `name` here.
    public func contains(_ name: String) -> Bool { root.find(self.name(name)) != nil }

    /// Keys of the file that nobody has taken, in its order: all that begin with its prefix, wherever this place is.
    public var unusedKeys: [String] {
        root.taken.withLock { taken in
            root.source.keys.filter {
                taken.tensors[$0] == nil && taken.encoded[$0] == nil && !taken.skipped.contains($0)
                    && $0.hasPrefix(root.names.prefix)
            }
        }
    }

    func name(_ key: String) -> String { path.isEmpty ? key : path + "." + key }

    /// What was asked for.
    struct Taken {
        /// By key of the file; kept so that an adapted model shares even tensors that had to be converted.
        var tensors: [String: Tensor] = [:]
        /// The same for those that stay in blocks.
        var encoded: [String: EncodedWeight] = [:]
        /// The model's names of what it has taken.
        var names: Set<String> = []
        var skipped: Set<String> = []
    }

    /// What all places of one file share.
    final class Root: Sendable {
        let source: any TensorSource
        let device: Device
        let names: TensorNames
        /// What the file says of how layers are quantised.
        let layouts: LayerLayouts
        /// Notes what the file does not have; nil where tensors are really taken.
        let survey: Survey?
        let taken = Mutex(Taken())

        init(source: any TensorSource, device: Device, names: TensorNames, survey: Survey? = nil) {
            self.source = source
            self.device = device
            self.names = names
            self.survey = survey
            layouts = LayerLayouts(source)
        }

        /// Where the tensor of the full name is; nil when there is none.
        func find(_ name: String) -> TensorPlace? {
            names.places(of: name).first { source.info($0.key) != nil }
        }
    }
}

extension Shape {
    /// Its dimensions but those of 1.
    fileprivate var withoutUnits: [Int] { dims.filter { $0 != 1 } }
}
