import DioramaModels
import DioramaNN
import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Testing

/// Case 27 of the project's list of hostile files for every family: tensors of other shapes than the model has.
@Suite struct WrongShapesTests {
    private let device = Device.planning(threads: 1)

    /// What files of text encoders have twice, or for words that are to come.
    private static let unread: Set = ["lm_head.weight", "encoder.embed_tokens.weight"]

    @Test("the models themselves fit", arguments: try EveryModel.all())
    func whole(_ model: EveryModel) {
        #expect(model.problem(model.file, on: device) == "")
        #expect(model.middleKeys.count > 3)
    }

    /// Each tensor is wrong in one way; those of a model are so in all.
    @Test("case 27: one row more or fewer, or the transpose", arguments: try EveryModel.all())
    func one(_ model: EveryModel) throws {
        var ways = Set<Int>()
        for (index, key) in model.middleKeys.enumerated() {
            let shape = try #require(model.file.info(key)?.shape)
            let rest = Array(shape.dims.dropFirst())
            let isSquare = rest.isEmpty || rest[0] == shape.dims[0]
            let way = isSquare ? index % 2 : ways.contains(2) ? index % 3 : 2
            let wrong = [
                [shape.dims[0] + 1] + rest, [shape.dims[0] - 1] + rest,
                isSquare ? [] : [rest[0], shape.dims[0]] + rest.dropFirst(),
            ][way]
            ways.insert(way)
            let problem = model.problem(model.file.changing([key: Shape(wrong)]), on: device)
            #expect(
                problem.contains("planned.safetensors: ")
                    && problem.contains("\(key) has shape \(Shape(wrong))") && problem.contains("expected ")
                    && problem.contains("fetch it again"), "\(key) \(wrong): \(problem)")
        }
        // All matrices of the autoencoders are square.
        let isAutoencoder = model.role == .autoencoder || model.role == .tiny
        #expect(ways == (isAutoencoder ? [0, 1] : [0, 1, 2]))
    }

    @Test("case 27: several at once are told at once", arguments: try EveryModel.all())
    func several(_ model: EveryModel) throws {
        let keys = model.middleKeys.suffix(4)
        var changes: [String: Shape?] = [:]
        for key in keys {
            let shape = try #require(model.file.info(key)?.shape)
            changes[key] = Shape([shape.dims[0] + 1] + shape.dims.dropFirst())
        }
        let problem = model.problem(model.file.changing(changes), on: device)
        #expect(problem.contains("4 tensors do not fit the model: "), "\(problem)")
        for key in keys { #expect(problem.contains("\(key) has shape "), "\(key): \(problem)") }
    }

    /// The same numbers in the same order, so that it is used; but bytes and blocks have scales for rows, and belong to one.
    @Test(
        "case 27: a matrix of one row that is stored as a column, or the other way round",
        arguments: ["F32", "F8_E4M3 scaled", "F8_E5M2 scaled", "I8 scaled"],
        [([1, 32], [32, 1]), ([32, 1], [1, 32])])
    func column(_ type: String, _ shapes: (stored: [Int], wanted: [Int])) throws {
        let file = SpeltFile(
            isGGUF: false, prefix: "", marks: "comfy_quant", entries: [("layer.weight", shapes.stored, type)])
        let (folder, url) = try file.write()
        defer { withExtendedLifetime(folder) {} }
        let device = Device.cpu()
        let weights = Weights(try WeightsFile(url).open(), on: device)
        let (outputs, inputs) = (shapes.wanted[0], shapes.wanted[1])
        func made() throws -> Tensor {
            try Linear(weights["layer"], from: inputs, to: outputs, bias: false)(
                .full(1, [2, inputs], on: device))
        }
        guard type == "I8 scaled" else {
            let result = try made()
            #expect(result.shape == [2, outputs] && result.allFinite)
            return
        }
        let error = #expect(throws: WeightsError.self) { try made() }
        #expect(error?.problem.hasPrefix("layer.weight is stored as I8, expected floats") == true)
    }

    /// Such as no published model has; memory for them is never asked for.
    ///
    /// Each of the tensors that tell sizes is so in one way, and has no axes.
    @Test(
        "case 27: huge, empty and other tensors",
        arguments: try EveryModel.all().filter { !$0.name.contains("GGUF") && !$0.name.contains("diffusers") }
    )
    func extents(_ model: EveryModel) throws {
        for (index, key) in model.firstKeys.enumerated() where !Self.unread.contains(key) {
            let shape = try #require(model.file.info(key)?.shape)
            let rest = Array(shape.dims.dropFirst())
            for dims in [[[0] + rest, [1 << 40] + rest, rest + [1 << 40]][index % 3], []] {
                let problem = model.problem(model.file.changing([key: Shape(dims)]), on: device)
                #expect(problem.contains(": "), "\(key) \(dims): \(problem)")
            }
        }
    }

    @Test(
        "case 27: a patch whose area is no number here",
        arguments: try EveryModel.diffusion(["diffusers", "original"]).filter { $0.patchKey != nil })
    func patches(_ model: EveryModel) throws {
        let key = try #require(model.patchKey)
        let shape = try #require(model.file.info(key)?.shape)
        let changed = model.file.changing([key: [shape[0], shape[1], 1 << 40, 1 << 40]])
        let problem = model.problem(changed, on: device)
        #expect(problem.contains("patch_size: expected a whole number in 1...64, found"), "\(problem)")
    }
}

extension EveryModel {
    /// The convolution that cuts patches, of families that have one.
    fileprivate var patchKey: String? {
        file.keys.first { $0 == "x_embedder.proj.weight" || $0 == "pos_embed.proj.weight" }
    }
}
