import Diorama
import DioramaModels
import DioramaSampling
import DioramaTensor
import DioramaTestSupport
import Testing

/// One step of guiders over prompts with areas, masks, strengths and times, against ComfyUI's own run of the same nodes
/// (`tools/golden/comfyui_runs.py`).
@Suite struct GuiderGoldenTests {
    let bench: Workbench
    private let golden: Fixture
    private let model: Model

    init() async throws {
        bench = try Workbench()
        golden = try Fixture("comfyui/guiders.safetensors", on: bench.device)
        var model = try await bench.checkpoint().model
        model.network = LocalNetwork()
        model.sampling = try .flow(shift: 3, multiplier: 1000)
        self.model = model
    }

    private static let cases: JSON.Object = {
        let text = try? Fixture("comfyui/guiders.safetensors").metadata["cases"]
        return text.flatMap { try? JSON(parsing: Array($0.utf8)).object } ?? [:]
    }()

    /// A prompt of the golden: for each entry its number and the nodes that change it.
    private func conditioning(_ prompts: JSON) async throws -> Conditioning {
        var entries: [Conditioning.Entry] = []
        for prompt in try #require(prompts.array) {
            let parts = try #require(prompt.array)
            let number = Float(try #require(parts[0].double))
            var conditioning = Conditioning([ToyNetwork.prompt(number, on: bench.device)])
            for change in parts.dropFirst() {
                var literals = try #require(change[1]?.object)
                var given: [String: any PortValue] = ["conditioning": conditioning]
                if let mask = literals["mask"]?.string {
                    given["mask"] = Mask(coverage: golden["mask.\(mask)"])
                    literals = JSON.Object(literals.filter { $0.key != "mask" }.map { ($0.key, $0.value) })
                }
                conditioning = try await bench.output(
                    of: try #require(change[0]?.string), literals, given: given)
            }
            entries += conditioning.entries
        }
        return Conditioning(entries: entries)
    }

    @Test("prompts count where and when they do in ComfyUI", arguments: cases.map(\.key).sorted())
    func agrees(name: String) async throws {
        let settings = try #require(Self.cases[name])
        guard settings["style"] == nil else { return }
        let guided = try GuidedModel(
            model, positive: try await conditioning(try #require(settings["positive"])),
            negative: try await conditioning(try #require(settings["negative"])),
            guidance: Guidance(scale: try #require(settings["cfg"]?.double)), latent: golden["x"].shape,
            needsUnconditional: false)
        let sigma = Float(try #require(settings["sigma"]?.double))
        let found = try guided(golden["x"], sigma: sigma).guided.narrowed(axis: 1, 0..<4)
        #expect(relativeError(found, golden[name]) < Tolerance.f32.op)
    }

    @Test func thereAreCases() { #expect(Self.cases.count > 30) }

    @Test("an area that begins outside of the picture is a sentence")
    func outside() async throws {
        let prompt = Conditioning([ToyNetwork.prompt(1, on: bench.device)])
        let outside: Conditioning = try await bench.output(
            of: "ConditioningSetArea", ["x": 104], given: ["conditioning": prompt])
        let failure = await bench.failure(
            of: "KSampler", ["steps": 1],
            given: [
                "model": model, "positive": outside, "negative": prompt,
                "latent_image": Latent(samples: .zeros([1, 16, 9, 13], on: bench.device)),
            ])
        #expect(
            failure?.hasSuffix(
                "a prompt's area begins 13 cells from the left and 0 from the top, outside of the latent, which is 13 wide and 9 "
                    + "high; a cell has 8 by 8 pixels") == true, "\(failure ?? "")")
    }

    @Test func rectanglesOfAnySizeHaveBounds() {
        let beyond = CellRectangle(top: .min, left: .max, height: .max, width: .max)
        #expect(beyond == CellRectangle(top: 0, left: 1 << 30, height: 1 << 30, width: 1 << 30))
        #expect(beyond.contains(beyond) && beyond.within(height: 8, width: 8) == nil)
        let shares = ConditioningArea.shares(height: .nan, width: .infinity, top: -1, left: 0.5)
        #expect(
            shares.rectangle(ofHeight: 9, width: 13) == CellRectangle(top: 0, left: 6, height: 1, width: 13))
    }

    /// The sample model itself, whose patches have two by two cells, takes rectangles of odd sizes.
    @Test func theSampleModelTakesOddRectangles() async throws {
        let loaded = try await bench.run("CheckpointLoaderSimple", ["ckpt_name": "diorama-tiny"])
        let sample = try #require(loaded.value("node", output: 0, as: Model.self))
        let clip = try #require(loaded.value("node", output: 1, as: CLIP.self))
        let prompt = Conditioning([try clip.encode("a red boat on the sea").context])
        let placed: Conditioning = try await bench.output(
            of: "ConditioningSetArea", ["width": 72, "height": 88, "x": 24, "y": 8],
            given: ["conditioning": prompt])
        let latent: Latent = try await bench.output(
            of: "KSampler", ["steps": 2, "cfg": 3],
            given: [
                "model": sample, "positive": Conditioning(entries: prompt.entries + placed.entries),
                "negative": Conditioning([try clip.encode("").context]),
                "latent_image": Latent(samples: .zeros([1, 8, 16, 16], on: bench.device)),
            ])
        #expect(latent.samples.allFinite)
    }
}

/// A network whose velocity is half of what it is shown, its prompt's number, and a slope from the upper left corner.
private struct LocalNetwork: DiffusionModel {
    let latentChannels = 16

    func check(latent: Shape, context: TextContext) throws {}

    func callAsFunction(
        _ latent: Tensor, timestep: Tensor, context: TextContext, through runner: BlockRunner
    ) throws -> Tensor {
        let (height, width) = (latent.shape[2], latent.shape[3])
        let slope = Tensor(
            (0..<height * width).map { Float($0 / width) / 8 - Float($0 % width) / 32 },
            [1, 1, height, width],
            on: latent.device)
        let numbers = (0..<latent.shape[0]).map { context.tokens[$0].floats()[0] }
        return latent * 0.5 + Tensor(numbers, [latent.shape[0], 1, 1, 1], on: latent.device) + slope
    }
}
