import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Testing

/// A file that gguf-py wrote (`tools/golden/blocks.py`).
@Suite struct GGUFTests {
    let file: GGUFFile
    let golden: Fixture
    let device = Device.cpu()

    init() throws {
        file = try GGUFFile(contentsOf: Golden.url("weights/blocks.gguf"))
        golden = try Fixture("weights/blocks.safetensors")
    }

    @Test func shapesAreThoseOfTorch() throws {
        #expect(file.keys.count == 22)
        #expect(file.keys.first == "Q4_0")
        let info = try #require(file.info("Q4_K"))
        #expect(info.type == .q4_K && info.shape == [5, 512] && info.byteCount == 5 * 2 * 144)
        #expect(file.info("F32")?.shape == [2, 3, 4])
        #expect(file.info("nothing") == nil)
        #expect(file.parameterCount > 0 && file.byteCount > 0)
    }

    @Test("types that safetensors has too")
    func plainTypes() throws {
        let values = golden["values"]
        #expect(try file.tensor("F32", on: device).floats() == values.floats())
        for (key, type) in [("F16", DType.f16), ("BF16", .bf16)] {
            let tensor = try file.tensor(key, on: device)
            #expect(tensor.dtype == type && tensor.shape == values.shape)
            #expect(tensor.floats() == values.asType(type).floats())
        }
        for key in ["int8", "int16", "int32", "int64", "float64"] {
            #expect(try file.tensor(key, on: device).floats() == [1, -2, 100], "\(key)")
        }
    }

    @Test func aConvolutionHasItsOwnShape() throws {
        #expect(file.info("conv.weight")?.shape == [16, 8, 3, 8])
        #expect(try file.tensor("conv.weight", on: device).floats() == golden["conv.weight"].floats())
        let weights = Weights(file, on: device)
        #expect(try weights["conv"].encoded("weight", [16, 8, 3, 8]) == nil)
        #expect(try weights["conv"].tensor("weight", [16, 8, 3, 8]).dtype == .f32)
    }

    @Test func aTypeThatIsNotKnownIsRefusedWhenItIsAskedFor() {
        #expect(file.info("removed")?.type == .iq2_XXS)
        let error = #expect(throws: WeightsError.self) { try file.tensor("removed", on: device) }
        #expect(
            error?.problem.contains("\"removed\" is stored as IQ2_XXS, which cannot be used here; known are")
                == true)
        #expect(error?.problem.contains("Q4_K") == true)
    }

    @Test func valuesKeepTheirTypes() throws {
        let expected: [(String, GGUFValue)] = [
            ("uint8", .int(200)), ("int8", .int(-5)), ("uint16", .int(60000)), ("int16", .int(-300)),
            ("uint32", .int(4_000_000_000)), ("int32", .int(-70000)), ("uint64", .unsigned(.max)),
            ("int64", .int(-1 << 40)), ("float32", .float(1.5)), ("float64", .float(1e300)),
            ("bool", .bool(true)), ("string", .string("Grüße, 世界")),
            ("strings", .strings(["a", "", "▁the"])), ("ints", .ints([1, -2, 3])),
            ("floats", .floats([0.5, -1])), ("bools", .bools([true, false])),
        ]
        for (key, value) in expected { #expect(try file.value("test.\(key)") == value, "\(key)") }
        #expect(try file.value("general.architecture")?.string == "diorama-test")
        #expect(try file.value("nothing") == nil)
        #expect(file.metadata["test.string"] == "Grüße, 世界")
        #expect(file.metadata["test.ints"] == nil)
        #expect(Set(file.valueKeys).isSuperset(of: expected.map { "test.\($0.0)" }))
    }

    @Test func itIsChosenByItsName() throws {
        let source = try WeightsFile(Golden.url("weights/blocks.gguf")).open()
        #expect(source is GGUFFile)
    }

    @Test func aTensorIsTakenInPlaceAndOnce() throws {
        let weights = Weights(
            GGUFNames(file), on: device,
            names: TensorNames { $0 == "a" ? [("fused", RowSelection([1, 2], of: 5))] : [] })
        let whole = try #require(try weights["fused"].encoded("weight", [5, 512])).stored
        let part = try #require(try weights["a"].encoded("weight", [2, 512])).stored
        #expect(part.dequantized.floats() == golden["Q4_K"][1..<3].floats())
        #expect(whole.dequantized.floats() == golden["Q4_K"].floats())
        #expect(weights.unusedKeys.isEmpty)
        #expect(device.memory.peak < 64_000)
        let error = #expect(throws: WeightsError.self) { try weights["fused"].encoded("weight", [5, 256]) }
        #expect(error?.problem == "fused.weight has shape [5, 512], expected [5, 256]")
    }

    /// One tensor of a file under another name.
    struct GGUFNames: TensorSource {
        let file: GGUFFile
        init(_ file: GGUFFile) { self.file = file }
        var place: String { file.place }
        var keys: [String] { ["fused.weight"] }
        func info(_ key: String) -> TensorInfo? { key == keys[0] ? file.info("Q4_K") : nil }
        func tensor(_ key: String, on device: Device) throws -> Tensor { try file.tensor("Q4_K", on: device) }
        func bytes(_ key: String, on device: Device) throws -> Tensor { try file.bytes("Q4_K", on: device) }
    }
}
