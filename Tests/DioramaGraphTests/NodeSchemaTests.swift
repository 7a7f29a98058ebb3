import DioramaGraph
import Testing

private struct Latent: PortValue {
    static let portType: PortType = "LATENT"
}

private struct Everything: Node {
    static let spec = NodeSpec(
        "Everything", title: "Every Thing", category: "test/all", "Has every kind of port.",
        searchAliases: ["all"])

    @Input("A socket.") var latentImage: Latent
    @Input("Steps.", in: 1...10000, step: 1) var steps = 20
    @Input("Scale.", in: 0...100, step: 0.1, round: 0.01) var cfg = 8.0
    @Input("Seed.", controlAfterGenerate: true) var seed: UInt64 = 0
    @Input("Prompt.", multiline: true, dynamicPrompts: true) var text: String
    @Input("Sampler.", options: ["euler", "heun"]) var samplerName = "euler"
    @Input("Model.", options: { _ in ["a", "b"] }) var ckptName: String
    @Input("Image.", options: { _ in [] }, validateOptions: false, attributes: ["image_upload": true])
    var image: String
    @Input("Switch.", labelOn: "yes") var useVAETiling = false
    @Input("Prefix.") var filenamePrefix = "ComfyUI"
    @Input("Plain text.") var note: String
    @Input("Whole.") var tile: Int
    @Input("Mask.", optional: true) var mask: Latent?
    @Input("Device.", options: ["default", "cpu"], optional: true, advanced: true) var device = "default"
    @Output("Image.", name: "images") var result: Latent
    @Output("Latent.") var other: Latent
    @Hidden(.prompt) var prompt: JSON
    @Hidden(.extraPNGInfo) var extraPNGInfo: JSON
    @Hidden(.uniqueID) var uniqueID: String
    func run(_ context: RunContext) async throws {
        result = latentImage
        throw context.fail($steps, "bad")
    }
}

@Suite struct NodeSchemaTests {
    @Test func readsEveryKindOfPort() {
        let schema = NodeSchema(of: Everything.self)
        #expect(
            schema.inputs.map(\.name) == [
                "latent_image", "steps", "cfg", "seed", "text", "sampler_name", "ckpt_name", "image",
                "use_vae_tiling", "filename_prefix", "note", "tile", "mask", "device",
            ])
        #expect(schema.outputs.map(\.name) == ["images", "LATENT"])
        #expect(schema.hidden.map(\.name) == ["prompt", "extra_pnginfo", "unique_id"])
    }
}
