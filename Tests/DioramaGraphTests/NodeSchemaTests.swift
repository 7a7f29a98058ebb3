import DioramaGraph
import Testing

private struct Latent: PortValue {
    static let portType: PortType = "LATENT"
}

private struct Everything: Node {
    static let spec = NodeSpec(
        "Everything", title: "Every Thing", category: "test/all", "Has every kind of port.", lane: .io,
        searchAliases: ["all"], isExperimental: true)

    @Input("A socket.") var latentImage: Latent
    @Input("Steps.", in: 1...10000, step: 1) var steps = 20
    @Input("Scale.", in: 0...100, step: 0.1, round: 0.01) var cfg = 8.0
    @Input("Seed.", controlAfterGenerate: true) var seed: UInt64 = 0
    @Input("Prompt.", multiline: true, dynamicPrompts: true) var text: String
    @Input("Sampler.", options: ["euler", "heun"]) var samplerName = "euler"
    @Input("Other.", options: ["euler", "heun"]) var other = "heun"
    @Input("Model.", options: { _ in ["a", "b"] }) var ckptName: String
    @Input("Image.", options: { _ in [] }, validateOptions: false, attributes: ["image_upload": true])
    var image: String
    @Input("Switch.", labelOn: "yes") var useVAETiling = false
    @Input("Prefix.") var filenamePrefix = "ComfyUI"
    @Input("", name: "modF.") var plain: String
    @Input("Whole.") var tile: Int
    @Input("Mask.", optional: true) var mask: Latent?
    @Input("Count.", optional: true) var count: Int?
    @Input("Device.", options: ["default", "cpu"], optional: true, advanced: true) var device = "default"
    @Output("The image.", name: "images") var result: Latent
    @Output("The latent.") var rest: Latent
    @Hidden(.prompt) var prompt: JSON
    @Hidden(.extraPNGInfo) var extra: JSON
    @Hidden(.uniqueID) var id: String

    func run(_ context: RunContext) {}
}

private struct Wrong: Node {
    static let spec = NodeSpec("Wrong", category: "test", "Has mistakes.")
    @Input("Below.", in: 1...10) var low = 0
    @Input("Above.", in: 0...1) var high = 1.5
    @Input("Not listed.", options: ["a", "b"]) var choice = "c"
    @Input("Twice.") var first = 1
    @Input("Twice.", name: "first") var second = 2
    @Output("Twice.") var one: Int
    @Output("Twice.") var two: Int

    func run(_ context: RunContext) {}
}

private struct Useless: Node {
    static let spec = NodeSpec("Constant", category: "test", "Takes a name that is taken.")

    func run(_ context: RunContext) {}
}

@Suite struct NodeSchemaTests {
    /// The shape of ComfyUI's `/object_info`.
    @Test func describesEveryKindOfPort() {
        let json = NodeSchema(of: Everything.self).json(in: Toys.environment())
        #expect(
            json["input"]?["required"] == [
                "latent_image": ["LATENT", ["tooltip": "A socket."]],
                "steps": ["INT", ["default": 20, "min": 1, "max": 10000, "step": 1, "tooltip": "Steps."]],
                "cfg": [
                    "FLOAT",
                    [
                        "default": 8.0, "min": 0.0, "max": 100.0, "step": 0.1, "round": 0.01,
                        "tooltip": "Scale.",
                    ],
                ],
                "seed": [
                    "INT",
                    [
                        "default": 0, "min": 0, "max": .unsigned(.max), "control_after_generate": true,
                        "tooltip": "Seed.",
                    ],
                ],
                "text": ["STRING", ["multiline": true, "dynamicPrompts": true, "tooltip": "Prompt."]],
                "sampler_name": [["euler", "heun"], ["tooltip": "Sampler."]],
                "other": [["euler", "heun"], ["default": "heun", "tooltip": "Other."]],
                "ckpt_name": [["a", "b"], ["tooltip": "Model."]],
                "image": [[], ["image_upload": true, "tooltip": "Image."]],
                "use_vae_tiling": ["BOOLEAN", ["default": false, "label_on": "yes", "tooltip": "Switch."]],
                "filename_prefix": ["STRING", ["default": "ComfyUI", "tooltip": "Prefix."]],
                "modF.": ["STRING", [:]],
                "tile": ["INT", ["tooltip": "Whole."]],
            ])
        #expect(
            json["input"]?["optional"] == [
                "mask": ["LATENT", ["tooltip": "Mask."]],
                "count": ["INT", ["tooltip": "Count."]],
                "device": [["default", "cpu"], ["advanced": true, "tooltip": "Device."]],
            ])
        #expect(
            json["input"]?["hidden"]
                == ["prompt": "PROMPT", "extra_pnginfo": "EXTRA_PNGINFO", "unique_id": "UNIQUE_ID"])
        #expect(json["input_order"]?["optional"] == ["mask", "count", "device"])
        #expect(json["input_order"]?["hidden"] == ["prompt", "extra_pnginfo", "unique_id"])
        #expect(json["output"] == ["LATENT", "LATENT"])
        #expect(json["output_name"] == ["images", "LATENT"])
        #expect(json["output_is_list"] == [false, false])
        #expect(json["output_tooltips"] == ["The image.", "The latent."])
        #expect(json["name"] == "Everything")
        #expect(json["display_name"] == "Every Thing")
        #expect(json["category"] == "test/all")
        #expect(json["description"] == "Has every kind of port.")
        #expect(json["output_node"] == false)
        #expect(json["experimental"] == true)
        #expect(json["deprecated"] == false)
        #expect(json["search_aliases"] == ["all"])
    }

    @Test func mistakesInDeclarationsAreReportedTogether() {
        let error = #expect(throws: NodeDeclarationError.self) {
            try Toys.catalog([Wrong.self, Useless.self])
        }
        #expect(
            error?.problems == [
                "Wrong: two inputs are named \"first\"",
                "Wrong: two outputs are named \"INT\"; give them names with @Output(\"...\", name: \"...\")",
                "Wrong: the default 0 of \"low\" is below its minimum 1",
                "Wrong: the default 1.5 of \"high\" is above its maximum 1.0",
                "Wrong: the default \"c\" of \"choice\" is not among its options",
                "Useless: it has no @Output and is no output node",
                "Useless: the class name \"Constant\" is taken by Constant",
            ])
    }

    @Test func catalogsGrowAsValues() throws {
        let small = try NodeCatalog([Constant.self])
        let large = try small + [Everything.self]
        #expect(small.classNames == ["Constant"])
        #expect(large.classNames == ["Constant", "Everything"])
        #expect(large["Everything"]?.spec.lane == .io)
        #expect(small["Everything"] == nil)
        #expect(large.json(in: Toys.environment()).object?.keys == ["Constant", "Everything"])
    }

    /// A node can be used without an engine, as its own tests do.
    @Test func nodesRunByHand() throws {
        let node = Add()
        node.a = 2
        node.b = 3
        let label = NodeLabel(id: "1", className: "Add")
        try node.run(RunContext(node: label, environment: Toys.environment()))
        #expect(node.sum == 5)
    }
}
