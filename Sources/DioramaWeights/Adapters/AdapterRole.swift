/// What one tensor of an adapter file is for.
enum AdapterRole: String, CaseIterable {
    // LoRA: up · down, in three spellings, and DoRA's magnitudes.
    case up = "lora_up"
    case down = "lora_down"
    case middle = "lora_mid"
    case magnitude = "dora_scale"
    // LoHa: (w1_a · w1_b) ⊙ (w2_a · w2_b).
    case hada1A = "hada_w1_a"
    case hada1B = "hada_w1_b"
    case hada2A = "hada_w2_a"
    case hada2B = "hada_w2_b"
    case hadaCore1 = "hada_t1"
    case hadaCore2 = "hada_t2"
    // LoKr: w1 ⊗ w2, either of them whole or as a product.
    case kron1 = "lokr_w1"
    case kron1A = "lokr_w1_a"
    case kron1B = "lokr_w1_b"
    case kron2 = "lokr_w2"
    case kron2A = "lokr_w2_a"
    case kron2B = "lokr_w2_b"
    case kronCore2 = "lokr_t2"
    // Whole tensors.
    case difference = "diff"
    case biasDifference = "diff_b"
    case replacement = "set_weight"
    case newShape = "reshape_weight"
    /// The number that, divided by the rank, scales a layer.
    case alpha
    // Kinds that are known and not supported.
    case oft = "oft_blocks"
    case oftDiagonal = "oft_diag"
    case oftRotation = "oft_R"
    case ia3 = "ia3_l"
    case vera = "vera_lambda_b"
    case embeddingUp = "lora_embedding_B"
    case embeddingDown = "lora_embedding_A"

    /// Other names of the same.
    private static let synonyms: [String: AdapterRole] = [
        "lora_B": .up, "lora_A": .down, "lora_magnitude_vector": .magnitude, "w_norm": .difference,
        "b_norm": .biasDifference,
    ]

    init?(named name: some StringProtocol) {
        let name = String(name)
        guard let role = AdapterRole(rawValue: name) ?? Self.synonyms[name] else { return nil }
        self = role
    }

    /// The kind of adapter that has such a tensor, where Diorama cannot use it; nil where it can.
    var unsupported: String? {
        switch self {
        case .middle, .hadaCore1, .hadaCore2, .kronCore2: "a Tucker core (\(rawValue))"
        case .oft, .oftDiagonal, .oftRotation: "OFT (\(rawValue))"
        case .ia3: "IA3 (ia3_l)"
        case .vera: "VeRA (vera_lambda_b)"
        case .embeddingUp, .embeddingDown: "LoRA of an embedding (\(rawValue))"
        default: nil
        }
    }
}

/// A key of an adapter file: the layer, as the file spells it, and what the tensor is for.
struct AdapterKey {
    let layer: String
    let role: AdapterRole

    /// Reads a key; nil where it names no tensor of an adapter.
    ///
    /// Spellings are those of PEFT (`L.lora_A.weight`, `L.lora_A.default.weight`), kohya and LyCORIS (`L.lora_down.weight`,
    /// `L.alpha`, `L.hada_w1_a`), and older diffusers (`L.lora.down.weight`, `L_lora.down.weight`, `L.lora_linear_layer.down.weight`).
    init?(_ key: String) {
        var parts = key.split(separator: ".", omittingEmptySubsequences: false)[...]
        if parts.last == "weight" { parts.removeLast() }
        guard parts.count >= 2, let last = parts.last else { return nil }
        if last == "bias", parts.count >= 3, AdapterRole(named: parts[parts.endIndex - 2]) == .up {
            self.init(parts.dropLast(2), .biasDifference)
            return
        }
        if let role = AdapterRole(named: last) {
            self.init(parts.dropLast(), role)
        } else if last == "up" || last == "down" {
            self.init(older: parts, last == "up" ? .up : .down)
        } else if parts.count >= 3, let role = AdapterRole(named: parts[parts.endIndex - 2]) {
            // PEFT's own keys have the adapter's name at the end.
            self.init(parts.dropLast(2), role)
        } else {
            return nil
        }
    }

    /// Reads a key of Black Forest Labs' adapters for control, which have whole norms beside what `init(_:)` reads.
    init?(control key: String) {
        if key.hasSuffix("_norm.scale") {
            self.init([Substring(key)], .replacement)
        } else {
            self.init(key)
        }
    }

    private init(_ layer: ArraySlice<Substring>, _ role: AdapterRole) {
        self.layer = layer.joined(separator: ".")
        self.role = role
    }

    /// `…lora.up`, `…lora_linear_layer.up` and `…to_q_lora.up`.
    private init?(older parts: ArraySlice<Substring>, _ role: AdapterRole) {
        var layer = parts.dropLast()
        guard let mark = layer.popLast() else { return nil }
        if mark.hasSuffix("_lora") {
            layer.append(mark.dropLast("_lora".count))
        } else if mark != "lora" && mark != "lora_linear_layer" {
            return nil
        }
        guard !layer.isEmpty else { return nil }
        self.init(layer, role)
    }
}
