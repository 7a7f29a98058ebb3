import Diorama
import DioramaTensor
import DioramaTestSupport
import Testing

@Suite struct LogicNodeTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    @Test("a switch hands on the side it takes, a link or a literal")
    func switches() async throws {
        for (isOn, expected) in [(true, "yes"), (false, "no")] {
            let text: AnyValue = try await bench.output(
                of: "ComfySwitchNode", ["switch": .bool(isOn), "on_true": "yes", "on_false": "no"])
            #expect(text.value as? String == expected)
        }
        let number: AnyValue = try await bench.output(
            of: "ComfySwitchNode", ["switch": true, "on_false": "no"], given: ["on_true": 7])
        #expect(number.value as? Int == 7)
    }

    @Test(
        "values count as true as in Python",
        arguments: [
            (JSON.bool(true), true), (false, false), (0, false), (-1, true), (0.0, false), (0.5, true),
            ("", false),
            ("false", true),
        ])
    func truth(value: JSON, isTrue: Bool) async throws {
        let and: Bool = try await bench.output(
            of: "ComfyAndNode", ["values.value0": true, "values.value1": value])
        let or: Bool = try await bench.output(
            of: "ComfyOrNode", ["values.value0": 0, "values.value1": value])
        let not: Bool = try await bench.output(of: "ComfyNotNode", ["value": value])
        #expect((and, or, not) == (isTrue, isTrue, !isTrue))
    }

    @Test func aTensorCountsAsTrue() async throws {
        let latent = Latent(samples: bench.noise([1, 4, 2, 2]))
        #expect(try await bench.output(of: "ComfyNotNode", given: ["value": latent]) == false)
    }

    @Test func listsAreJoinedInOrderAndTakenApart() async throws {
        let list = try await bench.run(
            "CreateList", ["inputs.input0": "a", "inputs.input2": "c", "inputs.input1": "b"])
        #expect(list.list("node", of: AnyValue.self).map { $0.value as? String } == ["a", "b", "c"])
        let item: AnyValue = try await bench.output(of: "GetItemFromList", ["list": "only", "index": -1])
        #expect(item.value as? String == "only")
        #expect(
            await bench.failure(of: "GetItemFromList", ["list": "only", "index": 2])
                == "node (GetItemFromList): index is 2, but the list has 1 value: take 0 to 0, or -1 for the last"
        )
        #expect(await bench.failure(of: "GetItemFromList", ["list": "only", "index": .integer(.min)]) != nil)
    }

    @Test func picturesAreCutIntoBatches() async throws {
        let pixels = bench.noise([5, 2, 3, 3])
        let result = try await bench.run(
            "RebatchImages", ["batch_size": 2], given: ["images": ImageBatch(pixels: pixels)])
        let batches = result.list("node", of: ImageBatch.self)
        #expect(batches.map(\.count) == [2, 2, 1])
        #expect(batches.flatMap { $0.pixels.floats() } == pixels.floats())
    }

    @Test func latentsKeepTheirPlacesAndMasks() async throws {
        let samples = bench.noise([3, 4, 2, 2])
        let mask = Mask(coverage: Tensor([0, 0.5, 1, 1], [1, 2, 2], on: bench.device))
        let latent = Latent(samples: samples, noiseMask: mask)
        let result = try await bench.run("RebatchLatents", ["batch_size": 2], given: ["latents": latent])
        let batches = result.list("node", of: Latent.self)
        #expect(batches.map(\.batchIndex) == [[0, 1], [2]])
        #expect(batches.flatMap { $0.samples.floats() } == samples.floats())
        #expect(batches.map { $0.noiseMask?.coverage.shape } == [[2, 2, 2], [1, 2, 2]])
        #expect(batches[0].noiseMask?.coverage.floats() == mask.coverage.floats() + mask.coverage.floats())
        let plain = try await bench.run(
            "RebatchLatents", given: ["latents": Latent(samples: samples, batchIndex: [7, 8, 9])])
        #expect(plain.list("node", of: Latent.self).map(\.batchIndex) == [[7], [8], [9]])
        #expect(plain.list("node", of: Latent.self).allSatisfy { $0.noiseMask == nil })
    }

    @Test func picturesOfDifferentSizesAreASentence() async throws {
        let graph = try Graph(
            GraphFile(
                """
                {"a": {"class_type": "Given", "inputs": {"name": "a"}}, "b": {"class_type": "Given", "inputs": {"name": "b"}},
                 "list": {"class_type": "CreateList", "inputs": {"inputs.input0": ["a", 0], "inputs.input1": ["b", 0]}},
                 "batch": {"class_type": "RebatchImages", "inputs": {"images": ["list", 0]}}}
                """), catalog: .builtin + [Given.self],
            environment: bench.engine.environment, targets: ["batch"])
        try bench.engine.environment.resource(GivenValues.self).give([
            "a": ImageBatch(pixels: bench.noise([1, 2, 3, 3])),
            "b": ImageBatch(pixels: bench.noise([1, 4, 3, 4])),
        ])
        let failure = await #expect(throws: RunFailure.self) { try await bench.engine.run(Schedule(graph)) }
        #expect(
            failure?.description
                == "batch (RebatchImages): images are of different sizes: the first is 3x2 with 3 channels, number 2 is "
                + "3x4 with 4; scale them to one size")
    }
}
