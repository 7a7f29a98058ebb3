import DioramaNN
import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Testing

/// Layers in 8-bit floats as files have them, against PyTorch with the weights that they stand for (`tools/golden/blocks.py`).
@Suite struct CompressedLayerTests {
    let golden: Fixture
    let device: Device

    init() throws {
        golden = try Fixture("weights/fp8.safetensors")
        device = golden.device
    }

    private func weights(_ name: String, _ precision: Precision? = .f32) throws -> Weights {
        Weights(
            try SafetensorsFile(contentsOf: Golden.url("weights/fp8-\(name).safetensors")), on: device,
            precision: precision)
    }

    private func linear(_ weights: Weights) throws -> Linear {
        try Linear(weights, from: 16, to: 6, bias: false)
    }

    @Test("with a text for each layer, or one for all", arguments: ["comfy", "metadata"])
    func layouts(name: String) throws {
        let weights = try weights(name)
        for layer in ["a", "b"] {
            #expect(
                relativeError(try linear(weights[layer])(golden["x"]), golden["comfy.\(layer)"])
                    < Tolerance.f32.op)
        }
        // Rounded to bytes.
        let bytes = try linear(weights["c"])
        #expect(bytes.precision == .int8)
        #expect(relativeError(bytes(golden["x"]), golden["comfy.c"]) < 2e-2)
        #expect(weights.unusedKeys == [])
    }

    @Test func plainFloats() throws {
        let weights = try weights("plain")
        for layer in ["a", "b"] {
            #expect(
                relativeError(try linear(weights[layer])(golden["x"]), golden["plain.\(layer)"])
                    < Tolerance.f32.op)
        }
        #expect(weights.unusedKeys == [])
    }

    @Test func theOlderScales() throws {
        let weights = try weights("scaled")
        #expect(relativeError(try linear(weights["a"])(golden["x"]), golden["scaled.a"]) < Tolerance.f32.op)
        // A convolution takes the unpacked tensor.
        let kernel = try weights["conv"].tensor("weight", [4, 3, 2, 2])
        #expect(
            relativeError(conv2d(golden["picture"], weight: kernel), golden["scaled.conv"]) < Tolerance.f32.op
        )
        #expect(weights.unusedKeys == [])
    }

    @Test func precisions() throws {
        let stored = try linear(weights("scaled", nil)["a"])
        #expect(stored.precision == .bf16)
        #expect(relativeError(stored(golden["x"]), golden["scaled.a"]) < Tolerance.bf16.op)
        // Too few inputs for bytes (`QuantizedOnLoadTests`).
        let small = try linear(weights("scaled", .int8)["a"])
        #expect(small.precision == .bf16)
        #expect(relativeError(small(golden["x"]), golden["scaled.a"]) < Tolerance.bf16.op)
    }

    @Test func anUnknownFormatIsNamed() throws {
        let weights = try weights("unknown")
        for shape in [[6, 16], [6, 32]] as [Shape] {
            let error = #expect(throws: WeightsError.self) {
                try Linear(weights["a"], from: shape[1], to: shape[0], bias: false)
            }
            #expect(
                error?.problem
                    == "a is quantised as \"future4\"; known formats are float8_e4m3fn, float8_e5m2, int8_tensorwise, nvfp4, mxfp8"
            )
        }
    }

    @Test func whatDoesNotFitIsASentence() throws {
        func problem(_ change: (String, ElementType, Tensor)...) throws -> String {
            let source = Changed(
                try SafetensorsFile(contentsOf: Golden.url("weights/fp8-comfy.safetensors")), change)
            do {
                _ = try Linear(Weights(source, on: device)["a"], from: 16, to: 6, bias: false)
                return ""
            } catch { return "\(error)" }
        }
        func text(_ text: String) -> (String, ElementType, Tensor) {
            ("a.comfy_quant", .u8, Tensor(Array(text.utf8), [text.utf8.count], on: device))
        }
        #expect(try problem().isEmpty)
        #expect(
            try problem(("a.weight_scale", .f32, .zeros([5], on: device))).contains(
                "a.weight_scale is F32 [5], expected a float, or one for each of the 6 rows of a.weight"))
        #expect(
            try problem(("a.weight_scale", .i32, Tensor([Int32(1)], [1], on: device))).contains("is I32 [1]"))
        #expect(
            try problem(text(#"{"format":"float8_e5m2"}"#)).contains(
                "a.weight is quantised as float8_e5m2, but stored as F8_E4M3; expected F8_E5M2"))
        #expect(try problem(text("{")).contains("something that is not JSON"))
        #expect(try problem(text("[]")).contains("a is quantised as \"[]\""))
    }

    @Test func aTableUnpacksTheRowsAskedFor() throws {
        let weights = try weights("comfy")
        let table = try Embedding(weights["b"], count: 6, width: 16)
        let ids = Tensor([Int32(5), 0], [2], on: device)
        #expect(table(ids).floats() == embedding(ids, table: table.weight).floats())
        #expect(
            relativeError(DioramaTensor.linear(golden["x"], table.weight), golden["comfy.b"])
                < Tolerance.f32.op)
    }

    @Test func adaptersGoBesideTheWeight() throws {
        let (down, up) = (Tensor.full(0.1, [2, 16], on: device), Tensor.full(0.2, [6, 2], on: device))
        let file = GivenTensors([("a.lora_A.weight", down), ("a.lora_B.weight", up)])
        var adapter = AdapterApplication(AdapterFile(file))
        let names = AdapterNames(prefixes: [""], flatPrefixes: []) { _ in [] }
        let base = try weights("comfy")
        // A layer counts as the model's once it was taken.
        let plain = try linear(base["a"])
        let adapted = try base.adapted(by: &adapter, names: names, strength: 1)
        let encoded = try #require(try adapted["a"].encoded("weight", [6, 16]))
        #expect(encoded.deltas.count == 1)
        let sum = plain(golden["x"]) + DioramaTensor.linear(golden["x"], matmul(up, down))
        #expect(relativeError(try linear(adapted["a"])(golden["x"]), sum) < Tolerance.f32.op)
    }

    /// A file some of whose tensors are others.
    struct Changed: TensorSource {
        let file: SafetensorsFile
        let changes: [String: (ElementType, Tensor)]

        init(_ file: SafetensorsFile, _ changes: [(String, ElementType, Tensor)]) {
            self.file = file
            self.changes = Dictionary(changes.map { ($0.0, ($0.1, $0.2)) }, uniquingKeysWith: { $1 })
        }

        var place: String { file.place }
        var keys: [String] { file.keys }
        func info(_ key: String) -> TensorInfo? {
            changes[key].map { type, tensor in
                TensorInfo(
                    name: key, type: type, shape: tensor.shape, byteCount: tensor.count * tensor.dtype.size)
            } ?? file.info(key)
        }
        func tensor(_ key: String, on device: Device) throws -> Tensor {
            try changes[key]?.1 ?? file.tensor(key, on: device)
        }
        func bytes(_ key: String, on device: Device) throws -> Tensor {
            try changes[key]?.1 ?? file.bytes(key, on: device)
        }
    }
}
