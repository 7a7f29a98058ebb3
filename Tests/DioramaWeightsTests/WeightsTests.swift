import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Testing

@Suite struct WeightsTests {
    let golden: Fixture
    let weights: Weights

    init() throws {
        golden = try Fixture("nn/layers.safetensors")
        weights = golden.weights()
    }

    @Test func stepsMayBeTakenOneByOneOrTogether() throws {
        let a = try weights["ff"]["net"][0]["proj"].tensor("bias", [48])
        let b = try weights["ff.net.0.proj"].tensor("bias", [48])
        #expect(a.floats() == b.floats())
        #expect(weights["ff"]["net"][0].path == "ff.net.0")
    }

    @Test func aMissingTensorNamesItsKeyAndItsNeighbors() {
        let error = #expect(throws: WeightsError.self) { try weights["ff.net.0"].tensor("weight", [1, 2]) }
        #expect(
            error?.problem
                == "has no tensor ff.net.0.weight, expected with shape [1, 2]; under ff.net.0 are ff.net.0.proj.bias, ff.net.0.proj.weight"
        )
        let nowhere = #expect(throws: WeightsError.self) { try weights["blocks"][3].tensor("weight", [1]) }
        #expect(nowhere?.problem.hasSuffix("; nothing is under blocks.3") == true)
        #expect(nowhere?.place.hasSuffix("layers.safetensors") == true)
    }

    @Test func anotherShapeNamesBoth() {
        let error = #expect(throws: WeightsError.self) { try weights.tensor("x", [2, 5, 13]) }
        #expect(error?.problem == "x has shape [2, 5, 12], expected [2, 5, 13]")
        #expect(throws: WeightsError.self) { try weights.optional("x", [2]) }
        #expect(weights.shape(of: "x") == [2, 5, 12])
    }

    @Test func anOptionalTensorMayBeMissing() throws {
        #expect(try weights.optional("nothing", [1])?.shape == nil)
        #expect(try weights.optional("times", [4])?.shape == [4])
    }

    @Test func whatNobodyTookIsReported() throws {
        let all = weights.unusedKeys
        #expect(Set(all) == Set(golden.keys))
        _ = try weights.tensor("x", [2, 5, 12])
        weights["embedder.linear_1"].skip()
        #expect(
            Set(all).subtracting(weights["ff"].unusedKeys) == [
                "x", "embedder.linear_1.weight", "embedder.linear_1.bias",
            ])
        // A tensor asked for in vain is not taken.
        #expect(throws: WeightsError.self) { try weights.tensor("times", [5]) }
        #expect(weights.unusedKeys.contains("times"))
    }

    @Test func wholeNumbersAreNoWeights() throws {
        let dtypes = try Fixture("weights/dtypes.safetensors").weights()
        let error = #expect(throws: WeightsError.self) { try dtypes.tensor("int64", [4]) }
        #expect(error?.problem == "int64 is stored as I64, expected floats")
    }

    @Test func tensorsAreFoundUnderOtherNames() throws {
        let names = TensorNames(prefix: "embedder.") { name in
            switch name {
            case "first": [("linear_1", nil)]
            case "middle": [("linear_1", RowSelection([1], of: 4))]
            case "turned": [("linear_1", RowSelection([3, 0], of: 4))]
            case "thirds": [("linear_1", RowSelection([0], of: 3))]
            case "table": [("linear_1.weight", nil)]
            default: []
            }
        }
        let weights = Weights(golden.file, on: golden.device, names: names)
        let bias = try golden.file.tensor("embedder.linear_1.bias", on: golden.device).floats()
        #expect(try weights["linear_1"].tensor("bias", [20]).floats() == bias)
        #expect(try weights["first"].tensor("bias", [20]).floats() == bias)
        #expect(try weights["middle"].tensor("bias", [5]).floats() == Array(bias[5..<10]))
        #expect(try weights["turned"].tensor("bias", [10]).floats() == Array(bias[15...] + bias[..<5]))
        #expect(weights["middle"].shape(of: "bias") == [5])
        let shape = try #require(weights.shape(of: "table"))
        #expect(shape.rank == 2 && weights.shape(of: "first.weight") == shape)
        #expect(!weights.contains("second.bias"))
        #expect(weights["turned"].names == ["bias"])
        #expect(weights.unusedKeys.allSatisfy { $0.hasPrefix("embedder.") })
        #expect(!weights.unusedKeys.contains("embedder.linear_1.bias"))
        let error = #expect(throws: WeightsError.self) { try weights["thirds"].tensor("bias", [6]) }
        #expect(
            error?.problem
                == "embedder.linear_1.bias has shape [20], of which thirds.bias is 1 of 3 parts, expected [6] for it"
        )
    }
}
