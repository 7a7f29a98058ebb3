import DioramaCommands
import DioramaGraph
import Testing

@Suite struct GraphOverridesTests {
    /// The graph after the changes, in API form.
    private func changed(_ overrides: GraphOverrides, _ changes: String = "{}") throws -> JSON {
        try overrides.applied(to: try Toy.graph(changes), catalog: try Toy.catalog).json
    }

    /// The sentence of the error that the changes end in, which must be one of wrong usage.
    private func complaint(_ overrides: GraphOverrides, _ changes: String = "{}") throws -> String? {
        let error = try #require(#expect(throws: SettingError.self) { try changed(overrides, changes) })
        let told = CommandError(error)
        #expect(told.status == .usage)
        return told.message
    }

    @Test func everySettingFindsItsNode() throws {
        let overrides = GraphOverrides(
            prompt: "a castle", negative: "people", seed: .max, steps: 8, cfg: 3,
            width: 256, height: 192)
        let graph = try changed(overrides)
        #expect(graph["prompt"]?["inputs"]?["text"] == "a castle")
        #expect(graph["avoid"]?["inputs"]?["text"] == "people")
        let sampler = graph["sampler"]?["inputs"]
        #expect(sampler?["seed"] == .unsigned(.max))
        #expect(sampler?["steps"] == 8)
        #expect(sampler?["cfg"] == .double(3))
        #expect(graph["empty"]?["inputs"]?["width"] == 256)
        #expect(graph["empty"]?["inputs"]?["height"] == 192)
    }

    @Test func noChangeLeavesTheGraphAsItIs() throws {
        #expect(try changed(GraphOverrides()) == Toy.graph().json)
    }

    @Test func aLinkedValueIsChangedWhereItStands() throws {
        let changes = """
            {"words": {"class_type": "PrimitiveString", "inputs": {"value": "a fox"}},
             "number": {"class_type": "PrimitiveInt", "inputs": {"value": 3}},
             "prompt": {"class_type": "CLIPTextEncode", "inputs": {"text": ["words", 0]}},
             "sampler": {"class_type": "KSampler", "inputs": {"model": ["model", 0], "seed": ["number", 0],
                "positive": ["prompt", 0], "negative": ["avoid", 0], "latent_image": ["empty", 0]}}}
            """
        let graph = try changed(GraphOverrides(prompt: "a castle", seed: 9), changes)
        #expect(graph["words"]?["inputs"]?["value"] == "a castle")
        #expect(graph["number"]?["inputs"]?["value"] == 9)
        #expect(graph["prompt"]?["inputs"]?["text"] == ["words", 0])
    }

    @Test func nodesThatChangeBothConditioningsAreFollowedByTheirOutput() throws {
        let changes = """
            {"control": {"class_type": "ControlNetApplyAdvanced",
                "inputs": {"positive": ["prompt", 0], "negative": ["avoid", 0]}},
             "sampler": {"class_type": "KSampler", "inputs": {"model": ["model", 0], "positive": ["control", 0],
                "negative": ["control", "negative"], "latent_image": ["empty", 0]}}}
            """
        let graph = try changed(GraphOverrides(prompt: "a castle", negative: "people"), changes)
        #expect(graph["prompt"]?["inputs"]?["text"] == "a castle")
        #expect(graph["avoid"]?["inputs"]?["text"] == "people")
    }

    @Test func severalEncodersAreNamed() throws {
        let changes = """
            {"more": {"class_type": "CLIPTextEncode", "inputs": {"text": "snow"}},
             "both": {"class_type": "ConditioningCombine",
                "inputs": {"conditioning_1": ["prompt", 0], "conditioning_2": ["more", 0]}},
             "sampler": {"class_type": "KSampler", "inputs": {"model": ["model", 0], "positive": ["both", 0],
                "negative": ["avoid", 0], "latent_image": ["empty", 0]}}}
            """
        #expect(
            try complaint(GraphOverrides(prompt: "a castle"), changes) == """
                --prompt: the graph has 2 places for it: prompt (CLIPTextEncode "The Prompt"), more (CLIPTextEncode); \
                choose with --set prompt.text=... or --set more.text=...
                """)
    }

    /// A second sampler that refines the first one's latent, upscaled.
    private static let refined = """
        {"larger": {"class_type": "LatentUpscale", "inputs": {"samples": ["sampler", 0]}},
         "refine": {"class_type": "KSampler", "inputs": {"model": ["model", 0], "seed": 2,
            "positive": ["prompt", 0], "negative": ["avoid", 0], "latent_image": ["larger", 0]}},
         "save": {"class_type": "SaveImage", "inputs": {"images": ["refine", 0]}}}
        """

    @Test func twoSamplersMayShareAPrompt() throws {
        let graph = try changed(GraphOverrides(prompt: "a castle"), Self.refined)
        #expect(graph["prompt"]?["inputs"]?["text"] == "a castle")
    }

    @Test func twoSamplersHaveTwoSeedsAndTwoSizes() throws {
        #expect(
            try complaint(GraphOverrides(seed: 7), Self.refined) == """
                --seed: the graph has 2 places for it: sampler (KSampler), refine (KSampler); \
                choose with --set sampler.seed=... or --set refine.seed=...
                """)
        #expect(
            try complaint(GraphOverrides(width: 64, height: 64), Self.refined)?
                .contains("--set empty.width=... or --set larger.width=...") == true)
    }

    @Test func aSamplerThatNoOutputNeedsIsNotLookedAt() throws {
        let changes = """
            {"idle": {"class_type": "KSampler", "inputs": {"model": ["model", 0], "positive": ["prompt", 0],
                "negative": ["avoid", 0], "latent_image": ["empty", 0]}}}
            """
        #expect(try changed(GraphOverrides(seed: 7), changes)["sampler"]?["inputs"]?["seed"] == 7)
    }

    @Test func onePromptForBothSidesIsNoNegativePrompt() throws {
        let changes = """
            {"sampler": {"class_type": "KSampler", "inputs": {"model": ["model", 0], "positive": ["prompt", 0],
                "negative": ["prompt", 0], "latent_image": ["empty", 0]}}}
            """
        #expect(try complaint(GraphOverrides(negative: "rain"), changes)?.contains("are one node") == true)
        #expect(
            try changed(GraphOverrides(prompt: "a hill"), changes)["prompt"]?["inputs"]?["text"] == "a hill")
    }

    @Test func aGraphWithoutSamplerSaysSo() throws {
        let message = try complaint(GraphOverrides(seed: 7), #"{"sampler": null, "save": null}"#)
        #expect(message?.hasPrefix("--seed: the graph has no sampler") == true)
        #expect(message?.contains("--set node.input=value") == true)
    }

    @Test func aCircleOfValueNodesEnds() throws {
        let changes = """
            {"a": {"class_type": "PrimitiveInt", "inputs": {"value": ["b", 0]}},
             "b": {"class_type": "PrimitiveInt", "inputs": {"value": ["a", 0]}},
             "sampler": {"class_type": "KSampler", "inputs": {"model": ["model", 0], "seed": ["a", 0],
                "positive": ["prompt", 0], "negative": ["avoid", 0], "latent_image": ["empty", 0]}}}
            """
        #expect(
            try complaint(GraphOverrides(seed: 7), changes)?.contains("no input 'seed' was found") == true)
    }
}
