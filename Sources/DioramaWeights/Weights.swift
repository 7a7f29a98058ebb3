public import DioramaTensor
import Synchronization

/// A place in the tree of a model's weights: models walk it by name and take their tensors, checked.
///
///     let attention = try Attention(w["blocks"][3]["attn"], config)
///     let weight = try w.tensor("weight", [out, in])
///
/// All places of one file share the record of what was taken, so that what is left over can be reported.
public struct Weights: Sendable {
    /// The keys from the root to here, joined by dots; empty at the root.
    public let path: String
    private let root: Root

    /// The root over all tensors of `source`, which will be made on `device`.
    ///
    /// Where `keyMap` gives two keys of the file one name, the first in the file has it and the other stays unused.
    public init(_ source: any TensorSource, on device: Device, keyMap: KeyMap = .identity) {
        path = ""
        root = Root(source: source, device: device, keyMap: keyMap)
    }

    private init(path: String, root: Root) {
        self.path = path
        self.root = root
    }

    /// The device tensors are made on.
    public var device: Device { root.device }
    /// The file, named in errors.
    public var place: String { root.source.place }

    /// One or more steps down, joined by dots: `w["attn.to_q"]` is `w["attn"]["to_q"]`.
    public subscript(_ key: String) -> Weights { Weights(path: name(key), root: root) }

    /// The step down to one element of a list: `w["blocks"][3]`.
    public subscript(_ index: Int) -> Weights { self[String(index)] }

    /// The tensor `name` here, whose shape must be `shape` and whose elements must be floats.
    ///
    /// Throws `WeightsError` with the full key and both shapes.
    public func tensor(_ name: String, _ shape: Shape) throws -> Tensor {
        guard let tensor = try optional(name, shape) else {
            throw WeightsError(
                place, "has no tensor \(self.name(name)), expected with shape \(shape)\(hint(name))")
        }
        return tensor
    }

    /// As `tensor(_:_:)`, but nil when there is no such tensor.
    public func optional(_ name: String, _ shape: Shape) throws -> Tensor? {
        let full = self.name(name)
        guard let key = root.keys[full], let info = root.source.info(key) else { return nil }
        guard info.shape == shape else {
            throw WeightsError(place, "\(full) has shape \(info.shape), expected \(shape)")
        }
        guard info.type.readAs?.isFloat ?? true else {
            throw WeightsError(place, "\(full) is stored as \(info.type.rawValue), expected floats")
        }
        let tensor = try root.source.tensor(key, on: root.device)
        root.taken.withLock { _ = $0.insert(key) }
        return tensor
    }

    /// Counts everything here as taken: tensors that checkpoints have and the model does not need.
    public func skip() {
        let skipped = root.keys.filter { $0.key == path || $0.key.hasPrefix(path + ".") }.values
        root.taken.withLock { $0.formUnion(skipped) }
    }

    /// The shape of `name` here as the file has it; nil when there is none.
    public func shape(of name: String) -> Shape? {
        root.keys[self.name(name)].flatMap { root.source.info($0)?.shape }
    }

    /// Whether there is a tensor `name` here.
    public func contains(_ name: String) -> Bool { root.keys[self.name(name)] != nil }

    /// Keys of the file that nobody has taken, in its order; of the whole file, wherever this place is.
    public var unusedKeys: [String] {
        root.taken.withLock { taken in root.source.keys.filter { !taken.contains($0) } }
    }

    private func name(_ key: String) -> String { path.isEmpty ? key : path + "." + key }

    /// Tells what does exist near a missing tensor.
    private func hint(_ name: String) -> String {
        let siblings = root.keys.keys.filter { $0.hasPrefix(path + ".") }.sorted()
        if path.isEmpty || siblings.isEmpty { return path.isEmpty ? "" : "; nothing is under \(path)" }
        return "; under \(path) are " + siblings.prefix(4).joined(separator: ", ")
            + (siblings.count > 4 ? ", …" : "")
    }

    /// What all places of one file share.
    private final class Root: Sendable {
        let source: any TensorSource
        let device: Device
        /// The file's key for each name of the model.
        let keys: [String: String]
        let taken = Mutex<Set<String>>([])

        init(source: any TensorSource, device: Device, keyMap: KeyMap) {
            self.source = source
            self.device = device
            keys = Dictionary(source.keys.map { (keyMap($0), $0) }, uniquingKeysWith: { first, _ in first })
        }
    }
}
