/// An adapter file on its way into models: which of its layers have found their places, and what of it does not fit.
///
/// One file may be for several models, such as a transformer and its text encoders. Each takes its part by
/// ``Weights/adapted(by:names:strength:)``; when all have, ``finish()`` tells of what is wrong, all at once.
public struct AdapterApplication: Sendable {
    /// The file.
    public let file: AdapterFile
    /// Layers of the file with a place, by their positions.
    private var placed: Set<Int> = []
    private var problems: [String] = []
    /// Names of layers that the models have, as examples.
    private var known: [String] = []
    /// What the models are, where their layers tell.
    private var families: [String] = []

    /// Begins with a file of which nothing is used yet.
    public init(_ file: AdapterFile) { self.file = file }

    /// Layers of the file that no model has.
    public var unplaced: [AdapterLayer] {
        file.layers.indices.filter { !placed.contains($0) }.map { file.layers[$0] }
    }

    /// The changes for the tensors of `weights`, by their names in the model; none at strength 0.
    mutating func changes(
        for weights: Weights, _ names: AdapterNames, strength: Double
    ) throws -> [String: [WeightChange]] {
        let suffix = ".weight"
        let layers = weights.names.filter { $0.hasSuffix(suffix) }.map { String($0.dropLast(suffix.count)) }
        if let example = Self.example(of: layers), !known.contains(example) { known.append(example) }
        if let family = AdapterFamily.ofModel(layers), !families.contains(family) { families.append(family) }
        let index = names.index(of: layers)
        var changes: [String: [WeightChange]] = [:]
        for (position, layer) in file.layers.enumerated() {
            for target in index.targets(of: layer.name) {
                placed.insert(position)
                guard strength != 0 else { continue }
                for (tensor, isBias) in [("weight", false), ("bias", true)] {
                    let name = target.layer + "." + tensor
                    guard let shape = weights.shape(of: name) else {
                        if isBias, let key = layer.key(.biasDifference) {
                            problems.append("\(key) is for a bias, which \(target.layer) has not")
                        }
                        continue
                    }
                    var reader = AdapterLayerReader(
                        file: file, layer: layer, shape: shape, rows: target.rows, strength: Float(strength),
                        device: weights.device)
                    do {
                        let widening = isBias ? nil : try reader.widening()
                        changes[name, default: []] +=
                            try [widening].compactMap { $0 }
                            + (isBias ? reader.biasChanges() : reader.weightChanges())
                    } catch let problem as LayerProblem {
                        problems.append(problem.text)
                    }
                }
            }
        }
        return changes
    }

    /// A layer to show how a model's are named: the shortest name in a first block.
    private static func example(of layers: [String]) -> String? {
        let inBlocks = layers.filter { $0.contains(".0.") }
        return (inBlocks.isEmpty ? layers : inBlocks).min { ($0.count, $0) < ($1.count, $1) }
    }

    /// Throws `WeightsError` where the file is no adapter, nothing in it is for these models, or some of it does not fit.
    public func finish() throws {
        guard problems.isEmpty else {
            let made = AdapterFamily.name(of: file.layers).map { "; the adapter looks like one for \($0)" }
            let model = families.isEmpty ? "" : ", \(families.joined(separator: " and "))\(made ?? "")"
            throw WeightsError(file.place, "does not fit the model\(model): \(Self.summary(of: problems))")
        }
        guard let first = file.layers.first else {
            let example = file.otherKeys.first.map { ", only tensors such as \($0)" } ?? " at all"
            throw WeightsError(
                file.place,
                "has no layers of a LoRA, LoHa or LoKr\(example): it may be a checkpoint; expected keys such as "
                    + "transformer.….lora_A.weight or lora_unet_….lora_down.weight")
        }
        guard placed.isEmpty else { return }
        let guess = AdapterFamily.name(of: file.layers).map { ": it looks like an adapter for \($0)" } ?? ""
        let model = families.isEmpty ? "" : ", \(families.joined(separator: " and "))"
        throw WeightsError(
            file.place,
            "has no layer of this model\(model)\(guess). It has \(file.layers.count) layer\(file.layers.count == 1 ? "" : "s"), such as "
                + "\(first.name); the model's are such as \(known.joined(separator: " and "))")
    }
}

extension AdapterApplication {
    /// The problems, those that say the same of several layers once.
    private static func summary(of problems: [String]) -> String {
        let most = 6
        // What follows the name of the layer or the tensor.
        let groups = Dictionary(grouping: problems.indices) { problems[$0].drop { $0 != " " } }
            .values.sorted { $0[0] < $1[0] }
        let told = groups.prefix(most).map { group in
            problems[group[0]]
                + (group.count > 1
                    ? " (the same of \(group.count - 1) other\(group.count == 2 ? "" : "s"))" : "")
        }
        let left = groups.dropFirst(most).reduce(0) { $0 + $1.count }
        return told.joined(separator: "; ") + (left > 0 ? "; and \(left) more" : "")
    }
}

/// Guesses which family an adapter was made for, to say so where it fits nothing.
enum AdapterFamily {
    /// What names of layers contain, once underscores are dots; the first that fits.
    private static let marks: [(mark: String, name: String)] = [
        ("joint.blocks", "Stable Diffusion 3"), ("to.qkv.mlp.proj", "FLUX.2"),
        ("single.transformer.blocks", "FLUX"),
        ("double.blocks", "FLUX"),
        ("img.mlp", "Qwen-Image"), ("down.blocks", "Stable Diffusion 1, 2 or XL"),
        ("input.blocks", "Stable Diffusion 1, 2 or XL"), ("cross.attn", "Wan"), ("attn2.", "Wan or PixArt"),
        ("adaLN.modulation", "Z-Image or Lumina"), ("attn.to.add.out", "Stable Diffusion 3"),
        ("text.model", "a text encoder alone"),
    ]

    /// What layers of models contain, as they are named here; the first that fits.
    private static let models: [(mark: String, name: String)] = [
        ("distilled_guidance_layer.", "Chroma"), ("double_stream_modulation", "FLUX.2"),
        ("single_transformer_blocks.", "FLUX.1"), ("noise_refiner.", "Z-Image"),
        ("attn.add_q_proj", "Stable Diffusion 3"), ("adaln_single.", "PixArt-Sigma"),
    ]

    /// The family of a model by its layers; nil where they do not tell.
    static func ofModel(_ layers: [String]) -> String? {
        models.first { mark in layers.contains { $0.contains(mark.mark) } }?.name
    }

    static func name(of layers: [AdapterLayer]) -> String? {
        let names = layers.map { $0.name.replacing("_", with: ".") }
        return marks.first { mark in names.contains { $0.contains(mark.mark) } }?.name
    }
}
