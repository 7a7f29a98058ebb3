import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Testing

/// Files that are written smaller are read again as what they were, nearly.
@Suite struct QuantizationTests {
    let device = Device.cpu()
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func source() throws -> SafetensorsFile {
        func some(_ shape: Shape, _ seed: Float) -> Tensor {
            Tensor(shape, on: device) { values in
                for i in values.indices { values[i] = (Float((i * 7919) % 2003) / 1001 - 1) * seed }
            }
        }
        let bytes = try SafetensorsWriter.encode([
            ("blocks.0.attn.to_q.weight", some([24, 320], 0.5)), ("blocks.0.attn.to_q.bias", some([24], 1)),
            ("blocks.0.norm1.linear.weight", some([24, 320], 1)),
            ("blocks.1.ff.weight", some([8, 260], 2).asType(.f16)),
            ("blocks.1.narrow.weight", some([8, 255], 1)),
            ("pos_embed.weight", some([8, 64], 1)), ("conv.weight", some([4, 3, 3, 3], 1)),
            ("ids", Tensor([Int64(3), 4], [2], on: device)),
        ])
        return try SafetensorsFile(contentsOf: folder.write(bytes, to: "in.safetensors"))
    }

    private func written(_ target: Quantization.Target) throws -> SafetensorsFile {
        let url = folder.url.appending(path: "\(target.rawValue).safetensors")
        let plan = try Quantization(source(), to: target)
        _ = try plan.write(to: url.path(percentEncoded: false), on: device)
        return try SafetensorsFile(contentsOf: url)
    }

    @Test func linearLayersOfBlocksBecomeBytes() throws {
        let file = try written(.int8)
        #expect(file.info("blocks.0.attn.to_q.weight")?.type == .i8)
        #expect(file.info("blocks.0.attn.to_q.weight_scale")?.shape == [24, 1])
        let layout = try file.tensor("blocks.0.attn.to_q.comfy_quant", on: device).ints().map { UInt8($0) }
        #expect(
            String(decoding: layout, as: UTF8.self)
                == #"{"format": "int8_tensorwise", "convrot": true, "convrot_groupsize": 64}"#)
        // 260 inputs cannot be rotated in groups of 16 or more.
        let plain = try file.tensor("blocks.1.ff.comfy_quant", on: device).ints().map { UInt8($0) }
        #expect(String(decoding: plain, as: UTF8.self) == #"{"format": "int8_tensorwise"}"#)
        for key in [
            "blocks.0.norm1.linear.weight", "pos_embed.weight", "conv.weight", "blocks.0.attn.to_q.bias",
            "blocks.1.narrow.weight",
        ] {
            #expect(file.info(key)?.type == .bf16, "\(key)")
        }
        #expect(try file.tensor("ids", on: device).ints() == [3, 4])

        let weights = Weights(file, on: device)
        let original = try source()
        for (layer, shape) in [("blocks.0.attn.to_q", [24, 320]), ("blocks.1.ff", [8, 260])]
            as [(String, Shape)]
        {
            let bytes = try #require(try weights[layer].quantized("weight", shape))
            let expected = try original.tensor(layer + ".weight", on: device)
            #expect(relativeError(bytes.stored.dequantized, expected) < 1e-2)
        }
        #expect(weights.unusedKeys.allSatisfy { !$0.contains("to_q.weight") && !$0.contains("comfy_quant") })
    }

    @Test("a change of the type alone", arguments: [Quantization.Target.bf16, .f16])
    func types(_ target: Quantization.Target) throws {
        let file = try written(target)
        let original = try source()
        #expect(file.keys == original.keys)
        for key in file.keys where key != "ids" {
            #expect(file.info(key)?.type.rawValue.lowercased() == target.rawValue)
            #expect(
                relativeError(try file.tensor(key, on: device), try original.tensor(key, on: device))
                    < Tolerance.bf16.op)
        }
    }

    @Test func filesThatAreQuantisedAlreadyAreRefused() throws {
        let file = try written(.int8)
        #expect(throws: WeightsError.self) { try Quantization(file, to: .int8) }
    }

    @Test func whatDoesNotFitIsASentence() throws {
        func problem(_ name: String, _ tensors: [(String, Tensor)]) -> String {
            do {
                let bytes = try SafetensorsWriter.encode(tensors.map { (name: $0.0, tensor: $0.1) })
                // The weight's type, of which there is no tensor here, is written over U8's.
                var changed = bytes
                if let at = bytes.firstRange(of: Array("\"U8\"".utf8)) {
                    changed.replaceSubrange(at, with: Array("\"I8\"".utf8))
                }
                let file = try SafetensorsFile(contentsOf: folder.write(changed, to: name))
                _ = try Weights(file, on: device)["x"].quantized("weight", [4, 32])
                return ""
            } catch { return "\(error)" }
        }
        let weight = ("x.weight", Tensor.zeros([4, 32], dtype: .u8, on: device))
        func layout(_ text: String) -> (String, Tensor) {
            ("x.comfy_quant", Tensor(Array(text.utf8), [text.utf8.count], on: device))
        }
        let scale = ("x.weight_scale", Tensor.full(1, [4, 1], on: device))
        #expect(
            problem("a.safetensors", [weight]).contains("x.weight_scale with 4 floats, or one, is missing"))
        #expect(problem("b.safetensors", [weight, scale]).isEmpty)
        #expect(
            problem("c.safetensors", [weight, scale, layout(#"{"format":"w4a4"}"#)]).contains(
                "int8_tensorwise"))
        #expect(
            problem(
                "d.safetensors",
                [
                    weight, scale,
                    layout(#"{"format":"int8_tensorwise","convrot":true,"convrot_groupsize":256}"#),
                ]
            ).contains("power of 4 that divides 32"))
        #expect(
            problem("e.safetensors", [("x.weight", .zeros([5, 32], dtype: .u8, on: device))]).contains(
                "expected [4, 32]"))
    }
}
