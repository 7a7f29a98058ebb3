import DioramaNN
import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Testing

/// Layers with scales for groups of elements, ComfyUI's nvfp4 and mxfp8, as its own package packs them
/// (`tools/golden/microscaling.py`).
@Suite struct MicroscaledLayerTests {
    static let layers: [(String, Shape)] = [
        ("four", [144, 80]), ("four.padded", [20, 40]), ("eight", [160, 160]), ("eight.padded", [40, 48]),
    ]

    private func bits(_ tensor: Tensor) -> [UInt32] {
        tensor.floats().map { $0.isNaN ? Float.nan.bitPattern : $0.bitPattern }
    }

    @Test("elements are those of the specification, bit for bit", arguments: Device.both, layers)
    func values(on device: Device, _ layer: (name: String, shape: Shape)) throws {
        let golden = try Fixture("weights/microscaled.safetensors", on: device)
        let weights = Weights(golden.file, on: device)
        let expected = golden["expect.\(layer.name)"].asType(.f32)
        let rows = layer.shape[0]
        let last = rows - 20..<rows
        let plain = try weights[layer.name].tensor("weight", layer.shape)
        #expect(bits(plain[last]) == bits(expected))
        // In place, unless the last group of a row is filled up.
        let again = Weights(golden.file, on: device)
        let encoded = try again[layer.name].encoded("weight", layer.shape)
        #expect((encoded == nil) == layer.name.hasSuffix("padded"))
        if let stored = encoded?.stored {
            #expect(bits(stored.dequantized) == bits(plain))
            #expect(bits(stored[last].dequantized) == bits(expected))
            let ids = Tensor([Int64(rows - 1), 0, 131], [3], on: device)
            #expect(bits(embedding(ids, table: stored)) == bits(embedding(ids, table: plain)))
        }
    }

    @Test("any bits are what the specification says", arguments: Device.both)
    func anyBits(on device: Device) throws {
        let golden = try Fixture("weights/microscaled.safetensors", on: device)
        for (name, shape) in [("four.bits", [32, 64]), ("eight.bits", [32, 64])] as [(String, Shape)] {
            let values = try Weights(golden.file, on: device)[name].tensor("weight", shape)
            #expect(bits(values) == bits(golden["expect.\(name)"]), "\(name)")
        }
    }

    @Test("products are PyTorch's", arguments: Device.both, layers)
    func products(on device: Device, _ layer: (name: String, shape: Shape)) throws {
        let golden = try Fixture("weights/microscaled.safetensors", on: device)
        for (precision, tolerance) in [(Precision.f32, Tolerance.f32.op), (.bf16, Tolerance.bf16.op)] {
            let weights = Weights(golden.file, on: device, precision: precision)
            let (outputs, inputs) = (layer.shape[0], layer.shape[1])
            let linear = try Linear(weights[layer.name], from: inputs, to: outputs, bias: false)
            let (x, y) = (golden["expect.\(layer.name).x"], golden["expect.\(layer.name).y"])
            #expect(relativeError(linear(x), y) < tolerance, "\(precision)")
            #expect(relativeError(linear(x[0..<2]), y[0..<2]) < tolerance, "\(precision)")
            #expect(
                weights.unusedKeys.allSatisfy {
                    !$0.hasPrefix(layer.name + ".w") && $0 != layer.name + ".comfy_quant"
                })
        }
    }

    @Test(
        "a part of a layer is read in place; parts in another order are unpacked",
        arguments: ["four", "eight"])
    func parts(_ name: String) throws {
        let golden = try Fixture("weights/microscaled.safetensors")
        let width = name == "four" ? 80 : 160
        let height = name == "four" ? 72 : 80
        let names = TensorNames { alias in
            [
                "second": [(name, RowSelection([1], of: 2))],
                "swapped": [(name, RowSelection([1, 0], of: 2))],
            ][alias]
                ?? []
        }
        let weights = Weights(golden.file, on: golden.device, names: names)
        let second = try #require(try weights["second"].encoded("weight", [height, width])).stored
        let expected = golden["expect.\(name)"].asType(.f32)
        #expect(bits(second[height - 20..<height].dequantized) == bits(expected))
        #expect(try weights["swapped"].encoded("weight", [2 * height, width]) == nil)
        let swapped = try weights["swapped"].tensor("weight", [2 * height, width])
        #expect(bits(swapped[height - 20..<height]) == bits(expected))
    }

    @Test func whatDoesNotFitIsASentence() throws {
        let device = Device.cpu()
        func problem(_ kept: (String) -> Bool = { _ in true }, _ changed: [(String, Tensor)] = []) throws
            -> String
        {
            let golden = try Fixture("weights/microscaled.safetensors")
            let texts = golden.keys.filter {
                $0.hasPrefix("four.") && !$0.contains("p") && !$0.contains("bits")
            }
            var tensors = texts.filter(kept).map { key in (name: key, tensor: golden[bytes: key]) }
            for (name, tensor) in changed {
                tensors.removeAll { $0.name == name }
                tensors.append((name: name, tensor: tensor))
            }
            let folder = try TemporaryFolder()
            let file = try SafetensorsFile(
                contentsOf: folder.write(SafetensorsWriter.encode(tensors), to: "wrong.safetensors"))
            do {
                _ = try Linear(Weights(file, on: device)["four"], from: 80, to: 144, bias: false)
                return ""
            } catch { return "\(error)" }
        }
        func text(_ json: String) -> (String, Tensor) {
            ("four.comfy_quant", Tensor(Array(json.utf8), [json.utf8.count], on: device))
        }
        #expect(try problem() == "")
        let short = ("four.weight_scale", Tensor.zeros([144, 5], dtype: .u8, on: device))
        #expect(
            try problem({ _ in true }, [short]).contains(
                "four.weight_scale is U8 [144, 5]; four.weight, nvfp4 [144, 80], needs 2048 of F8_E4M3"))
        #expect(
            try problem { $0 != "four.comfy_quant" }.contains("does not say how they lie (no comfy_quant)"))
        #expect(
            try problem { $0 != "four.weight_scale_2" }.contains(
                "four.weight is quantised as nvfp4, but stored as U8"))
        #expect(
            try problem({ _ in true }, [text(#"{"format":"mxfp8"}"#)]).contains(
                "quantised as mxfp8, but stored as F4_E2M1 in U8; expected F8_E4M3"))
        #expect(
            try problem({ _ in true }, [text(#"{"format":"nvfp4","convrot":true}"#)]).contains(
                "known for int8_tensorwise only"))
        #expect(
            try problem({ _ in true }, [("four.weight_scale_2", .full(1, [144], on: device))]).contains(
                "four.weight_scale_2, a float for the whole of it, is missing"))
        #expect(
            try problem({ _ in true }, [("four.pre_quant_scale", .full(1, [80], on: device))]).contains(
                "(AWQ)"))
    }
}

extension Fixture {
    /// The tensor as it is stored.
    fileprivate subscript(bytes key: String) -> Tensor {
        do {
            let isFloat = file.info(key)?.type == .f32
            return try isFloat ? file.tensor(key, on: device) : file.bytes(key, on: device)
        } catch {
            preconditionFailure("\(error)")
        }
    }
}

extension Device {
    fileprivate static let both = [Device.cpu(), .reference()]
}
