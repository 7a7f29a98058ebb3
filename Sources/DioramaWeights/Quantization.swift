import DioramaFiles
import DioramaJSON
public import DioramaTensor

/// How a weights file is rewritten with smaller elements.
///
/// In int8 are the weights of linear layers inside a model's repeated blocks, as ComfyUI's `int8_tensorwise` with `convrot` has them
/// (``QuantizedWeight``): `X.weight` as I8, `X.weight_scale` [O, 1], `X.comfy_quant`. Embedders, modulations, norms, the last layer,
/// convolutions and layers of fewer than ``QuantizedWeight/leastInputs`` inputs cost quality and little room: they become bf16, or stay f16.
public struct Quantization: Sendable {
    /// What elements become.
    public enum Target: String, Sendable, CaseIterable {
        /// Bytes with scales, rotated in groups.
        case int8
        /// The upper halves of singles.
        case bf16
        /// Half precision.
        case f16
    }

    private let source: any TensorSource
    private let target: Target

    /// Plans the rewriting of a file.
    ///
    /// - Parameters:
    ///   - source: the file.
    ///   - target: what its elements become.
    /// - Throws: `WeightsError` for a file that is quantised already.
    public init(_ source: any TensorSource, to target: Target) throws {
        self.source = source
        self.target = target
        if let key = source.keys.first(where: { $0.hasSuffix(".comfy_quant") || $0.hasSuffix("scaled_fp8") })
        {
            throw WeightsError(
                source.place,
                "is quantised already, as \(quoted(key)) says; quantise the file that it was made from")
        }
        if let key = source.keys.first(where: { source.info($0)?.type.blockLength ?? 1 > 1 }) {
            throw WeightsError(
                source.place,
                "is quantised already: \(quoted(key)) is stored as \(source.info(key)?.type.rawValue ?? ""); "
                    + "quantise the file that it was made from")
        }
    }

    /// The tensors that become bytes.
    public var quantizedKeys: [String] { source.keys.filter(becomesBytes) }

    /// Writes the file piece by piece: no more than one tensor is in memory.
    ///
    /// - Parameters:
    ///   - path: where to; what is there is replaced when the file is whole.
    ///   - device: what computes.
    ///   - onTensor: told of each tensor before it is written: how many are done, of how many.
    /// - Returns: the bytes of the tensors written.
    /// - Throws: `WeightsError`, `FileError`, and what `onTensor` throws.
    public func write(
        to path: String, on device: Device, onTensor: (_ done: Int, _ count: Int) throws -> Void = { _, _ in }
    ) throws -> Int {
        let entries = source.keys.flatMap(entries)
        let file = try GrowingFile(path)
        var metadata = source.metadata
        metadata["quantized_by"] = "diorama \(target.rawValue)"
        try SafetensorsWriter.header(entries, metadata: metadata).withUnsafeBytes { try file.append($0) }
        for (index, key) in source.keys.enumerated() {
            try onTensor(index, source.keys.count)
            for tensor in try tensors(key, on: device) {
                try tensor.withBytes { try file.append($0) }
            }
        }
        try file.finish()
        return entries.reduce(0) { $0 + $1.byteCount }
    }

    private func becomesBytes(_ key: String) -> Bool {
        guard target == .int8, key.hasSuffix(".weight"), let info = source.info(key), info.shape.rank == 2,
            info.type.readAs?.isFloat == true, info.type.blockBits >= 16
        else { return false }
        let steps = key.split(separator: ".").map { $0.lowercased() }
        let isRepeated = zip(steps, steps.dropFirst()).contains { step, next in
            Int(next) != nil && (step.contains("block") || step.contains("layer"))
        }
        let isSensitive = steps.contains { step in
            ["norm", "mod", "ada", "embed"].contains { step.contains($0) }
        }
        return isRepeated && !isSensitive && info.shape[1] >= QuantizedWeight.leastInputs
    }

    private func floatType(_ type: ElementType) -> ElementType {
        guard type.readAs?.isFloat == true else { return type }
        switch target {
        case .f16: return .f16
        case .bf16: return .bf16
        case .int8: return type == .f16 ? .f16 : .bf16
        }
    }

    private func entries(_ key: String) -> [SafetensorsWriter.Entry] {
        guard let info = source.info(key) else { return [] }
        guard becomesBytes(key) else {
            return [.init(name: key, type: floatType(info.type), shape: info.shape)]
        }
        let layer = String(key.dropLast(".weight".count))
        return [
            .init(name: key, type: .i8, shape: info.shape),
            .init(name: key + "_scale", type: .f32, shape: [info.shape[0], 1]),
            .init(name: layer + ".comfy_quant", type: .u8, shape: [layout(info.shape[1]).count]),
        ]
    }

    /// What `entries` announces, in the same order.
    private func tensors(_ key: String, on device: Device) throws -> [Tensor] {
        guard let info = source.info(key) else { return [] }
        guard becomesBytes(key) else {
            guard info.type.readAs?.isFloat == true else {
                return [
                    info.type.native == nil
                        ? try source.bytes(key, on: device) : try source.tensor(key, on: device)
                ]
            }
            return [try source.tensor(key, on: device).asType(floatType(info.type).native ?? .bf16)]
        }
        let weight = try source.tensor(key, on: device)
        let bytes = QuantizedWeight(
            weight, rotationGroup: QuantizedWeight.preferredRotation(of: weight.shape[1]))
        guard bytes.scales.allFinite else {
            throw WeightsError(source.place, "\(quoted(key)) has an infinity or not-a-number")
        }
        let text = layout(weight.shape[1])
        return [bytes.values, bytes.scales, Tensor(text, [text.count], on: device)]
    }

    /// The text that says how a layer is quantised.
    private func layout(_ inputs: Int) -> [UInt8] {
        var object = JSON.Object()
        object["format"] = .string("int8_tensorwise")
        if let group = QuantizedWeight.preferredRotation(of: inputs) {
            object["convrot"] = .bool(true)
            object["convrot_groupsize"] = .integer(group)
        }
        return Array(JSON.object(object).text().utf8)
    }
}
