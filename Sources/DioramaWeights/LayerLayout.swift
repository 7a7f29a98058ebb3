import DioramaJSON
import DioramaTensor

/// How a layer is quantised, as ComfyUI writes it: `{"format": "float8_e4m3fn"}`.
struct LayerLayout: Hashable {
    /// The formats that are known here.
    enum Format: String, CaseIterable {
        case float8E4M3 = "float8_e4m3fn"
        case float8E5M2 = "float8_e5m2"
        case int8 = "int8_tensorwise"
        case nvfp4
        case mxfp8

        /// How the weight's elements are stored.
        var type: ElementType {
            switch self {
            case .float8E4M3: .f8E4M3
            case .float8E5M2: .f8E5M2
            case .int8: .i8
            case .nvfp4: .f4Pairs
            case .mxfp8: .f8E4M3
            }
        }

        /// Elements of a row with a scale of their own, and how it is stored; nil where whole rows have one.
        var groups: (length: Int, scales: GroupScales.Format)? {
            switch self {
            case .nvfp4: (16, .e4m3)
            case .mxfp8: (32, .e8m0)
            default: nil
            }
        }

        /// Rows and columns of the stored matrix are the next multiples of this.
        var padding: Int { groups?.length ?? 1 }
    }

    let format: Format
    /// Inputs that are rotated together; nil if they are not.
    let rotationGroup: Int?

    /// Reads the layout of `layer`; throws `WeightsError` at `place` where its format is not known.
    init(_ json: JSON?, of layer: String, place: String) throws {
        guard let name = json?["format"]?.string, let format = Format(rawValue: name) else {
            let text = json.map { $0["format"]?.string ?? $0.text() } ?? "something that is not JSON"
            throw WeightsError(
                place,
                "\(layer) is quantised as \(quoted(String(text.prefix(80)))); known formats are "
                    + Format.allCases.map(\.rawValue).joined(separator: ", "))
        }
        self.format = format
        rotationGroup = json?["convrot"]?.bool == true ? json?["convrot_groupsize"]?.integer ?? 256 : nil
        guard rotationGroup == nil || format == .int8 else {
            throw WeightsError(
                place,
                "\(layer) is quantised as \(name) with inputs that are rotated (convrot), which is known for int8_tensorwise only"
            )
        }
    }
}

/// What a file says of how its layers are quantised: each layer's own text, or one of the whole file in its metadata.
struct LayerLayouts: Sendable {
    static let metadataKey = "_quantization_metadata"

    private let source: any TensorSource
    /// What marks a file of 8-bit floats.
    private let marks: [String]
    private let layers: Result<JSON.Object, WeightsError>

    init(_ source: any TensorSource) {
        self.source = source
        marks = source.keys.filter { $0 == "scaled_fp8" || $0.hasSuffix(".scaled_fp8") }
        guard let text = source.metadata[Self.metadataKey] else {
            layers = .success(JSON.Object())
            return
        }
        do {
            layers = .success(try JSON(parsing: text.utf8)["layers"]?.object ?? JSON.Object())
        } catch {
            layers = .failure(WeightsError(source.place, "\(Self.metadataKey): \(error)"))
        }
    }

    /// The layout of the layer whose weight is `key`; nil where nothing is said of it.
    ///
    /// The file's own text may leave out `prefix` at the beginning of names. Throws `WeightsError` where a text cannot be read, or its format is not known.
    func layout(of key: String, prefix: String) throws -> LayerLayout? {
        guard let layer = layer(of: key) else { return nil }
        if let text = try ownText(of: layer) {
            return try LayerLayout(try? JSON(parsing: text), of: layer, place: source.place)
        }
        let layers = try layers.get()
        let named =
            layers[layer] ?? (layer.hasPrefix(prefix) ? layers[String(layer.dropFirst(prefix.count))] : nil)
        return try named.map { try LayerLayout($0, of: layer, place: source.place) }
    }

    /// The text beside the weight of `layer`; nil where there is none.
    private func ownText(of layer: String) throws -> [UInt8]? {
        let own = layer + ".comfy_quant"
        guard let info = source.info(own), info.type == .u8 else { return nil }
        guard info.byteCount <= 1 << 16 else {
            throw WeightsError(
                source.place, "\(own) has \(info.byteCount) bytes; expected a short JSON text")
        }
        return try source.bytes(own, on: .reference()).ints().map { UInt8(truncatingIfNeeded: $0) }
    }

    /// How many layers are said to have each format, known here or not: `int8_tensorwise, rotated by 256`.
    ///
    /// Texts that cannot be read count as `unreadable`.
    func counts() -> [String: Int] {
        func name(_ json: JSON?) -> String {
            guard let format = json?["format"]?.string else { return "unreadable" }
            let isRotated = json?["convrot"]?.bool == true
            return String(format.prefix(80))
                + (isRotated ? ", rotated by \(json?["convrot_groupsize"]?.integer ?? 256)" : "")
        }
        var counts: [String: Int] = [:]
        for key in source.keys where key.hasSuffix(".comfy_quant") {
            let text = try? ownText(of: String(key.dropLast(".comfy_quant".count)))
            counts[name(text.flatMap { try? JSON(parsing: $0) }), default: 0] += 1
        }
        for layer in (try? layers.get()) ?? JSON.Object() where source.info(layer.key + ".comfy_quant") == nil
        {
            counts[name(layer.value), default: 0] += 1
        }
        return counts
    }

    /// Where the scale of `key` may be, the newer name first.
    func scaleKeys(of key: String) -> [String] {
        layer(of: key).map { [$0 + ".weight_scale", $0 + ".scale_weight"] } ?? []
    }

    /// What may be beside the weight `key` for its sake, and the mark of a whole file of 8-bit floats.
    func auxiliaryKeys(of key: String) -> [String] {
        guard let layer = layer(of: key) else { return [] }
        return [
            "comfy_quant", "weight_scale", "weight_scale_2", "scale_weight", "input_scale", "scale_input",
        ].map { "\(layer).\($0)" } + marks
    }

    private func layer(of key: String) -> String? {
        key.hasSuffix(".weight") ? String(key.dropLast(".weight".count)) : nil
    }
}
