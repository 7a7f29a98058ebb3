import DioramaJSON
import DioramaTensor
public import FoundationEssentials

/// A file of small changes to a model's weights: LoRA, DoRA, LoHa, LoKr or whole differences, in any of their spellings.
///
/// Opening it reads names and shapes; its tensors stay in the file until they are used, and are then used in place.
public struct AdapterFile: Sendable {
    let source: any TensorSource
    /// What it changes, one entry a layer, in the order of the file.
    public let layers: [AdapterLayer]
    /// Keys that belong to no adapter.
    public let otherKeys: [String]
    /// What the file's own text says of scales.
    private let settings: JSON.Object
    /// Whether it is one of Black Forest Labs' for control, whose `img_in` takes more than the model's.
    private let isControl: Bool

    /// Opens the weights file at `url`; throws `WeightsError`.
    public init(contentsOf url: URL) throws { self.init(try WeightsFile(url).open()) }

    /// The adapter in these tensors; `layers` is empty where they are none.
    public init(_ source: any TensorSource) {
        self.source = source
        isControl = ["img_in.lora_A.weight", "single_blocks.0.norm.key_norm.scale"].allSatisfy {
            source.info($0) != nil
        }
        (layers, otherKeys) = AdapterLayer.all(in: source.keys, isControl: isControl)
        // diffusers keeps the settings of PEFT there, in JSON.
        let text = source.metadata["lora_adapter_metadata"]
        settings = text.flatMap { try? JSON(parsing: Array($0.utf8)).object } ?? [:]
    }

    /// Path of the file.
    public var place: String { source.place }

    /// What scales a product of rank `rank` in `layer`: alpha / rank by the file's own numbers, 1 where it has none.
    func scale(of layer: AdapterLayer, rank: Int, on device: Device) throws -> Double {
        guard let key = layer.key(.alpha) else { return scaleOfSettings(layer.name, rank: rank) ?? 1 }
        guard source.info(key)?.shape.count == 1 else {
            throw LayerProblem("\(key) has shape \(source.info(key)?.shape ?? []), expected one number")
        }
        let alpha = Double(try source.tensor(key, on: device).floats()[0])
        guard alpha.isFinite else { throw LayerProblem("\(key) is \(alpha), expected a finite number") }
        return alpha / Double(rank)
    }

    /// The shape that `layer` shall have before anything is added to it; nil where it keeps its own.
    ///
    /// ComfyUI's files say it, `reshape_weight`; for those of Black Forest Labs the layer `img_in` has that of its product.
    func newShape(of layer: AdapterLayer, on device: Device) throws -> Shape? {
        if let key = layer.key(.newShape) {
            guard let info = source.info(key), info.shape.rank == 1, let type = info.type.readAs else {
                throw LayerProblem("\(key) is no list of extents")
            }
            let tensor = try source.tensor(key, on: device)
            let extents = type.isFloat ? tensor.floats().compactMap { Int(exactly: $0) } : tensor.ints()
            guard extents.count == info.shape[0], extents.allSatisfy({ 1...65_536 ~= $0 }) else {
                throw LayerProblem("\(key) is \(extents), expected extents of 1 to 65536")
            }
            return Shape(extents)
        }
        guard isControl, layer.name == "img_in", let up = layer.key(.up), let down = layer.key(.down),
            let outputs = source.info(up)?.shape.dims.first, let inputs = source.info(down)?.shape.dims.last
        else { return nil }
        return [outputs, inputs]
    }

    /// alpha / rank, or alpha / √rank, as the settings of PEFT say for a layer.
    private func scaleOfSettings(_ layer: String, rank: Int) -> Double? {
        let parts = settings.compactMap { $0.key.hasSuffix(".lora_alpha") ? $0.key.dropLast(11) : nil }
        guard let part = parts.first(where: { layer.hasPrefix($0 + ".") }) else { return nil }
        let patterns = settings[part + ".alpha_pattern"]?.object ?? [:]
        let special = patterns.first { layer == $0.key || layer.hasSuffix("." + $0.key) }?.value.double
        guard let alpha = special ?? settings[part + ".lora_alpha"]?.double, alpha.isFinite else {
            return nil
        }
        let isStabilised = settings[part + ".use_rslora"]?.bool ?? false
        return alpha / (isStabilised ? Double(rank).squareRoot() : Double(rank))
    }
}

/// What an adapter file has for one layer.
public struct AdapterLayer: Sendable {
    /// The layer as the file spells it: `transformer.transformer_blocks.0.attn.to_q`, `lora_unet_…`.
    public let name: String
    private var keys: [AdapterRole: String] = [:]

    /// The key of the tensor with this role.
    func key(_ role: AdapterRole) -> String? { keys[role] }

    /// All its keys.
    var allKeys: [String] { keys.values.sorted() }

    /// What is not supported of it; nil when all is.
    var unsupported: String? {
        AdapterRole.allCases.first { keys[$0] != nil && $0.unsupported != nil }?.unsupported
    }

    /// What it is called: `LoRA`, `DoRA`, `LoHa`, `LoKr`, `difference`, or a kind that is not supported.
    public var kind: String {
        if let unsupported { return unsupported }
        let product = [
            (AdapterRole.up, "LoRA"), (.down, "LoRA"), (.hada1A, "LoHa"), (.kron1, "LoKr"), (.kron1A, "LoKr"),
            (.kron2, "LoKr"), (.kron2A, "LoKr"), (.difference, "difference"), (.biasDifference, "difference"),
            (.replacement, "replacement"),
        ].first { keys[$0.0] != nil }?.1
        guard keys[.magnitude] != nil else { return product ?? "incomplete" }
        return product == "LoRA" ? "DoRA" : "\(product ?? "nothing") with DoRA's magnitudes"
    }

    /// The rank of its products, by the shapes that `info` tells; nil where it has none.
    func rank(_ info: (String) -> TensorInfo?) -> Int? {
        let roles = [AdapterRole.down, .hada1B, .kron2B, .kron1B]
        return roles.compactMap { keys[$0] }.compactMap { info($0)?.shape.dims.first }.first
    }

    /// The layers among `keys`, and the keys of none.
    static func all(in keys: [String], isControl: Bool = false) -> (layers: [AdapterLayer], others: [String])
    {
        var layers: [AdapterLayer] = []
        var positions: [String: Int] = [:]
        var others: [String] = []
        for key in keys {
            guard let parsed = isControl ? AdapterKey(control: key) : AdapterKey(key) else {
                others.append(key)
                continue
            }
            let position = positions[parsed.layer] ?? layers.count
            if position == layers.count {
                layers.append(AdapterLayer(name: parsed.layer))
                positions[parsed.layer] = position
            }
            // The first spelling counts where a file has two for one tensor.
            if layers[position].keys[parsed.role] == nil {
                layers[position].keys[parsed.role] = key
            } else {
                others.append(key)
            }
        }
        // A network's own parameter may be called alpha; that makes no adapter.
        others += layers.filter { $0.keys.keys.allSatisfy { $0 == .alpha } }.flatMap(\.allKeys)
        return (layers.filter { $0.keys.keys.contains { $0 != .alpha } }, others)
    }
}

/// What is wrong with one layer of an adapter file, in one sentence.
struct LayerProblem: Error {
    let text: String

    init(_ text: String) { self.text = text }
}
