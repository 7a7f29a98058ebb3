import DioramaNN
import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Testing

/// Layers that are rounded to bytes as they are loaded, from blocks and from floats, against PyTorch with the weights that these stand for
/// (`tools/golden/blocks.py`).
@Suite struct QuantizedOnLoadTests {
    static let types = [
        "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL", "IQ4_XS",
    ]

    /// The layer `type.weight` [5, 512] is the tensor `type` of a file.
    private let names = TensorNames { name in
        name.hasSuffix(".weight") ? [(String(name.dropLast(".weight".count)), nil)] : []
    }

    private func layer(_ type: String, of file: any TensorSource, _ golden: Fixture) throws -> Linear {
        try Linear(
            Weights(file, on: golden.device, names: names, precision: .int8)[type], from: 512, to: 5,
            bias: false)
    }

    @Test("from blocks and from floats", arguments: Device.available, types)
    func products(on device: Device, _ type: String) throws {
        let golden = try Fixture("weights/blocks.safetensors", on: device)
        let blocks = try layer(type, of: WeightsFile(Golden.url("weights/blocks.gguf")).open(), golden)
        let floats = try layer(type, of: golden.file, golden)
        #expect(blocks.precision == .int8 && floats.precision == .int8)
        let (fromBlocks, fromFloats) = (blocks(golden["x"]), floats(golden["x"]))
        #expect(relativeError(fromBlocks, fromFloats) < Tolerance.f32.op)
        let error = relativeError(fromBlocks, golden["y.\(type)"])
        // Bytes, not what they were made of; a row of the other types has blocks whose scales are far apart, which no scale of a row suits.
        #expect(error > Tolerance.f32.op * 10)
        if ["Q8_0", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL", "IQ4_XS"].contains(type) { #expect(error < 2e-2) }
    }

    @Test("layers of few inputs stay bf16", arguments: Device.available)
    func fewInputs(on device: Device) throws {
        let least = QuantizedWeight.leastInputs
        let folder = try TemporaryFolder()
        let file = try SafetensorsFile(
            contentsOf: folder.write(
                SafetensorsWriter.encode([
                    ("few.weight", .full(0.1, [3, least - 1], on: device)),
                    ("enough.weight", .full(0.1, [3, least], on: device)),
                ]), to: "widths.safetensors"))
        let weights = Weights(file, on: device, precision: .int8)
        #expect(try Linear(weights["few"], from: least - 1, to: 3, bias: false).precision == .bf16)
        #expect(try Linear(weights["enough"], from: least, to: 3, bias: false).precision == .int8)
        #expect(
            try Linear(weights["enough"], from: least, to: 3, bias: false, isSensitive: true).precision
                == .bf16)
    }
}
