public import FoundationEssentials

/// A file of a tiny model in one spelling and precision, as `tools/golden/spellings.py` has it: the bytes follow from names, types and shapes.
public struct SpeltFile: Sendable {
    /// A tensor of the file, by its name with the file's prefix.
    public typealias Entry = (name: String, shape: [Int], type: String)

    /// Whether it is GGUF; else safetensors.
    public let isGGUF: Bool
    /// What stands before all names.
    public let prefix: String
    /// How scales are named: `scaled_fp8` of old, `comfy_quant` beside each layer, or in the file's `metadata`.
    public let marks: String
    /// Its tensors, in order.
    public let entries: [Entry]

    /// Gathers what is in the file; by itself a safetensors file of plain tensors.
    public init(isGGUF: Bool = false, prefix: String = "", marks: String = "", entries: [Entry]) {
        self.isGGUF = isGGUF
        self.prefix = prefix
        self.marks = marks
        self.entries = entries
    }

    /// Writes the file to a new folder; it is there for as long as the folder.
    public func write() throws -> (folder: TemporaryFolder, url: URL) {
        let folder = try TemporaryFolder()
        return (folder, try folder.write(bytes, to: isGGUF ? "model.gguf" : "model.safetensors"))
    }

    /// The file's bytes.
    public var bytes: [UInt8] { isGGUF ? gguf : safetensors }

    private var safetensors: [UInt8] {
        var tensors: [(name: String, type: String, shape: [Int], bytes: [UInt8])] = []
        var layers: [String] = []
        if marks == "scaled_fp8" { tensors.append((prefix + "scaled_fp8", "F8_E4M3", [2], [0, 0])) }
        for (name, shape, type) in entries {
            tensors.append(
                (name, String(type.prefix { $0 != " " }), shape, TensorNoise.bytes(name, type, shape)))
            guard let scaled = TensorNoise.scaled[type] else { continue }
            let layer = name.dropLast(".weight".count)
            let scale = TensorNoise.scales(name, shape, scaled)
            let count = scaled.perRow ? [shape[0], 1] : []
            let scaleName = marks == "scaled_fp8" ? "\(layer).scale_weight" : "\(layer).weight_scale"
            tensors.append((scaleName, "F32", count, scale))
            if marks == "scaled_fp8" {
                tensors.append(("\(layer).scale_input", "F32", [], [0, 0, 128, 63]))
                continue
            }
            let rotation = scaled.group.map { ", \"convrot\": true, \"convrot_groupsize\": \($0)" } ?? ""
            let layout = "{\"format\": \"\(scaled.format)\"\(rotation)}"
            layers.append("\"\(layer)\": \(layout)")
            if marks == "comfy_quant" {
                tensors.append(("\(layer).comfy_quant", "U8", [layout.utf8.count], Array(layout.utf8)))
            }
        }
        var header: [String] = []
        if marks == "metadata" {
            let text = "{\"format_version\": \"1.0\", \"layers\": {\(layers.joined(separator: ", "))}}"
            header.append(
                "\"__metadata__\": {\"_quantization_metadata\": \"\(text.replacing("\"", with: "\\\""))\"}")
        }
        var offset = 0
        for tensor in tensors {
            header.append(
                "\"\(tensor.name)\": {\"dtype\": \"\(tensor.type)\", \"shape\": \(tensor.shape), \"data_offsets\": [\(offset), \(offset + tensor.bytes.count)]}"
            )
            offset += tensor.bytes.count
        }
        let text = Array("{\(header.joined(separator: ", "))}".utf8)
        return littleEndian(UInt64(text.count)) + text + tensors.flatMap(\.bytes)
    }

    private var gguf: [UInt8] {
        func string(_ text: String) -> [UInt8] { littleEndian(UInt64(text.utf8.count)) + Array(text.utf8) }
        var bytes = Array("GGUF".utf8) + littleEndian(UInt32(3)) + littleEndian(UInt64(entries.count))
        bytes +=
            littleEndian(UInt64(1)) + string("general.architecture") + littleEndian(UInt32(8))
            + string("flux")
        var data: [UInt8] = []
        for (name, shape, type) in entries {
            data += [UInt8](repeating: 0, count: (32 - data.count % 32) % 32)
            bytes += string(name) + littleEndian(UInt32(shape.count))
            bytes += shape.reversed().flatMap { littleEndian(UInt64($0)) }
            bytes += littleEndian(TensorNoise.numbers[type] ?? 0) + littleEndian(UInt64(data.count))
            data += TensorNoise.bytes(name, type, shape)
        }
        bytes += [UInt8](repeating: 0, count: (32 - bytes.count % 32) % 32)
        return bytes + data
    }
}

/// The bytes that a number is stored in, the lowest first.
public func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
}
