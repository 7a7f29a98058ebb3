import Diorama
import DioramaTensor
import DioramaTestSupport
import Testing

/// The nodes that lay out, cut and join pictures, against PyTorch and Pillow (`tools/golden/tile_nodes.py`).
@Suite struct TileNodeTests {
    let bench: Workbench
    let golden: Fixture

    init() throws {
        bench = try Workbench()
        golden = try Fixture("nodes/tiles.safetensors", on: bench.device)
    }

    /// The two pictures of the script.
    private func source(_ height: Int, _ width: Int, _ channels: Int) -> ImageBatch {
        let picture = (0..<height * width * channels).map { index in
            let (y, x, c) = (index / channels / width, index / channels % width, index % channels)
            return Float((7 * x + 13 * y + 29 * c) % 101) / 101
        }
        return ImageBatch(
            pixels: Tensor(picture + picture.map { 1 - $0 }, [2, height, width, channels], on: bench.device))
    }

    private func sampled(_ values: [Float]) -> [Float] {
        stride(from: 0, to: values.count, by: 47).map { values[$0] }
    }

    private func run(_ graph: String, _ given: [String: any PortValue], target: String) async throws
        -> RunResult
    {
        try bench.engine.environment.resource(GivenValues.self).give(given)
        let graph = try Graph(
            GraphFile(graph), catalog: .builtin + [Given.self], environment: bench.engine.environment,
            targets: [target])
        return try await bench.engine.run(Schedule(graph))
    }

    private func merge(_ cut: (Int, Int, Int), _ joined: (Int, Int, Int)) async throws -> ImageBatch? {
        let graph = """
            {"picture": {"class_type": "Given", "inputs": {"name": "picture"}},
             "split": {"class_type": "SplitImageToTileList", "inputs": {"image": ["picture", 0],
               "tile_width": \(cut.0), "tile_height": \(cut.1), "overlap": \(cut.2)}},
             "merge": {"class_type": "ImageMergeTileList", "inputs": {"image_list": ["split", 0],
               "final_width": \(joined.0), "final_height": \(joined.1), "overlap": \(joined.2)}}}
            """
        return try await run(graph, ["picture": source(70, 150, 3)], target: "merge").value(
            "merge", as: ImageBatch.self)
    }

    @Test("pictures are cut into tiles and joined", arguments: [(64, 64, 16), (100, 64, 0), (64, 80, 4096)])
    func tiles(width: Int, height: Int, overlap: Int) async throws {
        let name = "\(width)x\(height),\(overlap)"
        let result = try await bench.run(
            "SplitImageToTileList",
            ["tile_width": .integer(width), "tile_height": .integer(height), "overlap": .integer(overlap)],
            given: ["image": source(70, 150, 3)])
        let tiles = result.list("node", of: ImageBatch.self)
        #expect(
            tiles.flatMap { [Float($0.height), Float($0.width)] } == golden["split.\(name).shape"].floats())
        #expect(sampled(tiles.flatMap { $0.pixels.floats() }) == golden["split.\(name)"].floats())

        for joined in [(150, 70, overlap), (170, 90, 0), (128, 64, 30)] {
            let key = "merge.\(name).\(joined.0)x\(joined.1),\(joined.2)"
            let merged = try #require(try await merge((width, height, overlap), joined)).pixels
            #expect(merged.shape.dims.map { Float($0) } == golden["\(key).shape"].floats())
            #expect(
                relativeError(sampled(merged.floats()), golden[key].floats()) < Tolerance.f32.op, "\(key)")
        }
        let whole = try #require(try await merge((width, height, overlap), (150, 70, overlap)))
        #expect(relativeError(whole.pixels, source(70, 150, 3).pixels) < Tolerance.f32.op)
    }

    @Test func tilesThatDoNotGoTogetherAreSentences() async throws {
        let graph = """
            {"a": {"class_type": "Given", "inputs": {"name": "a"}}, "b": {"class_type": "Given", "inputs": {"name": "b"}},
             "list": {"class_type": "CreateList", "inputs": {"inputs.input0": ["a", 0], "inputs.input1": ["b", 0]}},
             "merge": {"class_type": "ImageMergeTileList", "inputs": {"image_list": ["list", 0], "overlap": 9}}}
            """
        let failure = await #expect(throws: RunFailure.self) {
            try await run(graph, ["a": source(64, 64, 3), "b": source(64, 64, 4)], target: "merge")
        }
        #expect(
            failure?.description
                == "merge (ImageMergeTileList): image_list has [2, 64, 64, 4] as tile 2, which does not go with the first, "
                + "[2, 64, 64, 3]")
        #expect(
            await bench.failure(of: "ImageMergeTileList", given: ["image_list": source(1, 1, 3)])
                == "node (ImageMergeTileList): image_list begins with a tile of 1x1, too small for an overlap of 128"
        )
    }

    @Test("pictures are laid out in rows", arguments: [3, 4])
    func grid(channels: Int) async throws {
        let (small, large) = (source(9, 11, channels), source(40, 33, channels))
        let graph = """
            {"a": {"class_type": "Given", "inputs": {"name": "a"}}, "b": {"class_type": "Given", "inputs": {"name": "b"}},
             "list": {"class_type": "CreateList", "inputs": {"inputs.input0": ["a", 0], "inputs.input1": ["b", 0]}},
             "grid": {"class_type": "ImageGrid", "inputs": {"images": ["list", 0], "columns": 3, "cell_width": 33,
               "cell_height": 40, "padding": 0}}}
            """
        func check(_ grid: ImageBatch?, _ key: String) throws {
            let pixels = try #require(grid).pixels
            #expect(pixels.shape.dims.map { Float($0) } == golden["grid.\(channels).\(key).shape"].floats())
            #expect(sampled(pixels.floats()) == golden["grid.\(channels).\(key)"].floats(), "\(key)")
        }
        try check(
            try await run(graph, ["a": small, "b": large], target: "grid").value("grid", as: ImageBatch.self),
            "3,33x40,0")
        func one(_ images: ImageBatch, _ columns: Int, _ width: Int, _ height: Int, _ padding: Int)
            async throws -> ImageBatch
        {
            try await bench.output(
                of: "ImageGrid",
                [
                    "columns": .integer(columns), "cell_width": .integer(width),
                    "cell_height": .integer(height),
                    "padding": .integer(padding),
                ], given: ["images": images])
        }
        try check(try await one(small, 2, 32, 33, 3), "2,32x33,3")
        try check(try await one(large, 1, 32, 40, 50), "1,32x40,50")
    }
}
