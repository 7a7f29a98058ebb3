/// The names under which adapter files know the layers of one part of a model: a table beside the family.
///
/// A name in a file is a prefix and a name of a layer, either with its dots (`transformer.transformer_blocks.0.attn.to_q`) or with
/// underscores in their place (`lora_unet_transformer_blocks_0_attn_to_q`). Layers are known by the model's own names and
/// by `aliases`.
public struct AdapterNames: Sendable {
    /// Another name of a layer, and which rows of that layer the model's is, where the file's is several in one.
    public typealias Alias = (name: String, rows: RowSelection?)

    private let prefixes, flatPrefixes: [String]
    private let aliases: @Sendable (String) -> [Alias]

    /// - Parameters:
    ///   - prefixes: stand before names with dots; an empty one allows the bare name.
    ///   - flatPrefixes: stand before names with underscores for dots.
    ///   - aliases: other names of a layer of the model, besides its own.
    public init(
        prefixes: [String], flatPrefixes: [String], aliases: @escaping @Sendable (String) -> [Alias]
    ) {
        self.prefixes = prefixes
        self.flatPrefixes = flatPrefixes
        self.aliases = aliases
    }

    /// Finds the layers that names in files are for, among `layers` of the model.
    func index(of layers: [String]) -> AdapterIndex {
        var dotted: [String: [AdapterTarget]] = [:]
        var flat: [String: [AdapterTarget]] = [:]
        for layer in layers.sorted() {
            for alias in [(name: layer, rows: nil)] + aliases(layer) {
                let target = AdapterTarget(layer: layer, rows: alias.rows)
                dotted[alias.name, default: []].append(target)
                flat[alias.name.replacing(".", with: "_"), default: []].append(target)
            }
        }
        return AdapterIndex(prefixes: prefixes, flatPrefixes: flatPrefixes, dotted: dotted, flat: flat)
    }
}

/// Which of the equal parts of a fused layer's outputs, in order, make up a layer of the model.
public struct RowSelection: Sendable, Hashable {
    /// How many parts the fused layer has.
    public let parts: Int
    /// Those taken.
    public let taken: [Int]

    /// Takes the parts `taken` of `parts`.
    public init(_ taken: [Int], of parts: Int) {
        precondition(
            !taken.isEmpty && taken.allSatisfy { 0..<parts ~= $0 }, "RowSelection: \(taken) of \(parts)")
        self.parts = parts
        self.taken = taken
    }
}

/// A layer of the model that a layer of a file is for.
struct AdapterTarget {
    let layer: String
    let rows: RowSelection?
}

/// Layers of one part of a model, by their names in files.
struct AdapterIndex {
    let prefixes, flatPrefixes: [String]
    let dotted, flat: [String: [AdapterTarget]]

    /// The layers that `name` of a file is for; empty where it is for none of this part.
    func targets(of name: String) -> [AdapterTarget] {
        // Older diffusers files name the attention's processor.
        let name = name.replacing(".processor.", with: ".")
        for (prefixes, names) in [(prefixes, dotted), (flatPrefixes, flat)] {
            for prefix in prefixes where name.hasPrefix(prefix) {
                if let targets = names[String(name.dropFirst(prefix.count))] { return targets }
            }
        }
        return []
    }
}
