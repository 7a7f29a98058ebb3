import Diorama
import DioramaTensor
import DioramaTestSupport
import Testing

/// No picture or mask that a node of the user's own could make stops the program.
@Suite struct OddPictureTests {
    /// The nodes that take pictures or masks, and nothing that must be loaded.
    static let classes: [String] = {
        let own: Set = ["IMAGE", "MASK"]
        let others: Set = ["INT", "FLOAT", "BOOLEAN", "STRING", "COMBO"]
        return NodeCatalog.builtin.schemas.filter { schema in
            let types = Set(schema.inputs.map(\.type.name))
            return !types.isDisjoint(with: own) && types.isSubset(of: own.union(others))
                && schema.spec.lane == .compute
        }.map(\.spec.className)
    }()

    @Test("runs or says what is wrong", arguments: classes)
    func odd(className: String) async throws {
        let bench = try Workbench()
        let schema = try #require(NodeCatalog.builtin[className])
        for (pixels, coverage) in [
            ([0, 4, 5, 3], [0, 4, 5]), ([1, 0, 5, 3], [1, 0, 5]), ([1, 4, 0, 3], [1, 4, 0]),
            ([1, 4, 5, 0], [1, 4, 5]),
            ([4, 5, 3], [4, 5]), ([1, 1, 1, 1], [1, 1, 1]), ([3, 1, 9, 2], [2, 9, 1]),
            ([2, 7, 1, 7], [5, 1, 1]),
        ] {
            var given: [String: any PortValue] = [:]
            for input in schema.inputs {
                switch input.type.name {
                case "IMAGE": given[input.name] = ImageBatch(pixels: bench.noise(Shape(pixels)))
                case "MASK": given[input.name] = Mask(coverage: bench.noise(Shape(coverage)))
                default: break
                }
            }
            let failure = await bench.failure(of: className, given: given)
            let isEmpty = pixels.contains(0) || pixels.count < 4
            if let failure { #expect(failure.hasPrefix("node (\(className)): "), "\(pixels): \(failure)") }
            // Arithmetic on nothing is nothing.
            let isArithmetic = [
                "ImageInvert", "InvertMask", "ThresholdMask", "NormalizeImages", "AdjustBrightness",
                "AdjustContrast",
            ].contains(className)
            if isEmpty, given.keys.contains("image"), !isArithmetic {
                #expect(failure?.contains("image ") == true, "\(pixels): \(failure ?? "ran")")
            }
        }
    }
}
