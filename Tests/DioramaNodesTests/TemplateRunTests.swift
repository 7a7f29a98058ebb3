import Diorama
import DioramaImage
import DioramaJSON
import DioramaTestSupport
import FoundationEssentials
import Testing

/// ComfyUI's own templates of the families that are known here, as people save them, run to pictures with tiny models.
@Suite(.serialized) struct TemplateRunTests {
    /// Templates, and the pictures that they load.
    static let templates: [String: [String]] = [
        "image_z_image_turbo": [], "image_z_image_turbo_int8": [], "image_z_image": [],
        "basic_switch_node": [],
        "flux1_krea_dev": [], "flux_dev_full_text_to_image": [], "flux_schnell_full_text_to_image": [],
        "flux_schnell": [], "flux_fill_outpaint_example": ["flux_fill_outpaint_example_input_image.png"],
        "image_flux.1_fill_dev_OneReward": ["image_flux.1_fill_dev_OneReward_input_image.png"],
        "image_flux2_klein_text_to_image": [], "image_flux2_text_to_image_9b": [],
        "image_flux2_klein_image_edit_4b_base": ["robed_women.png", "pink_tone_chair.png"],
        "image_flux2_klein_image_edit_9b_base": ["comfy_logo_blue.png", "car_interior_white.jpeg"],
        "sd3.5_simple_example": [], "image_chroma_text_to_image": [],
        "utility_z_image_turbo_2k_upscaler.app": ["fighter_jet.png"],
        "sd3.5_large_canny_controlnet_example": ["sd3.5_large_canny_controlnet_example_input_image.png"],
        "flux_depth_lora_example": ["flux_depth_lora_example_input_image.png"],
        "flux_redux_model_example": [
            "flux_redux_model_example_reference_image_1.png",
            "flux_redux_model_example_reference_image_2.png",
        ],
        "image_lotus_depth_v1_1": ["image_lotus_depth_v1_1_input_image.png"],
    ]

    /// Literals that make runs short: sides, steps, and the size that pictures are brought to.
    private static let shortened: [String: [String: JSON]] = [
        "EmptySD3LatentImage": ["width": 64, "height": 96],
        "EmptyFlux2LatentImage": ["width": 64, "height": 96],
        "KSampler": ["steps": 2], "Flux2Scheduler": ["steps": 2, "width": 64, "height": 96],
        "BasicScheduler": ["steps": 2], "ImageScaleToTotalPixels": ["megapixels": .double(0.01)],
        "ImageScale": ["width": 64, "height": 96],
        "ResolutionSelector": ["megapixels": .double(0.1)],
        "ImagePadForOutpaint": ["left": 16, "top": 0, "right": 24, "bottom": 0, "feathering": 8],
    ]

    @Test func templatesRunToPictures() async throws {
        let models = try TinyModels()
        try models.folder.write(TinyLora.zImage, to: "loras/pixel_art_style_z_image_turbo.safetensors")
        try models.folder.write(TinyLora.flux, to: "loras/removal_timestep_alpha-2-1740.safetensors")
        try models.folder.write(TinyLora.fluxControl, to: "loras/flux1-depth-dev-lora.safetensors")
        let input = try TemporaryFolder()
        for name in Self.templates.values.joined() {
            let bitmap = try Bitmap(
                width: 64, height: 48, channels: .rgb, pixels: (0..<64 * 48 * 3).map { UInt8($0 * 7 % 251) })
            let bytes =
                name.hasSuffix(".png") ? try PNG.encode(bitmap) : try JPEG.encode(bitmap, quality: 90).bytes
            try input.write(bytes, to: name)
        }
        for (name, _) in Self.templates.sorted(by: { $0.key < $1.key }) {
            try await Self.run(name, models: models.folder.url, input: input.url)
        }
    }

    private static func run(_ name: String, models: URL, input: URL) async throws {
        let output = try TemporaryFolder()
        let session = Session(
            nodes: try .builtin,
            options: SessionOptions(
                folders: Folders(
                    models: [models], input: input, output: output.url,
                    temp: output.url.appending(path: "temp"))))
        let text = try Data(contentsOf: Golden.url("workflows/ui/\(name).json"))
        // As it is: read, converted and validated.
        #expect(throws: Never.self) { try session.graph(GraphFile(data: text, catalog: .builtin)) }
        let short = try session.graph(Self.shortened(Golden.url("workflows/api/\(name).json")))
        let files = try await session.render(short)
        try await plan(short.file, name, session.folders)
        // Pictures that are shown beside the saved ones may have two values, as edges do.
        let saved = files.filter { !$0.pathComponents.contains("temp") }
        #expect(!files.isEmpty, "\(name)")
        for file in saved.isEmpty ? files : saved {
            let picture = try ImageFile.decode(Array(try Data(contentsOf: file))).converted(to: .rgb)
            let spread = Set(picture.pixels).count
            #expect(
                picture.width >= 32 && spread > 16,
                "\(name): \(picture.width)x\(picture.height), \(spread) values")
        }
    }

    /// Goes through a graph without computing: nothing may fail, and nothing is written.
    private static func plan(_ file: GraphFile, _ name: String, _ folders: Folders) async throws {
        var options = SessionOptions(folders: folders, threads: 2)
        options.plansMemory = true
        let session = Session(nodes: try .builtin, options: options)
        let written = try await session.render(session.graph(file))
        #expect(written.isEmpty, "\(name)")
        let peak = try #require(session.device.memoryPlan?.peak)
        #expect(peak.total > 0, "\(name)")
    }

    /// A template in API form with short runs.
    private static func shortened(_ url: URL) throws -> GraphFile {
        var nodes = try #require(JSON(parsing: Array(try Data(contentsOf: url))).object)
        for id in nodes.keys {
            guard var node = nodes[id]?.object, var inputs = node["inputs"]?.object,
                let changes = Self.shortened[node["class_type"]?.string ?? ""]
            else { continue }
            for (input, value) in changes { inputs[input] = value }
            node["inputs"] = .object(inputs)
            nodes[id] = .object(node)
        }
        return try GraphFile(data: Data(JSON.object(nodes).text().utf8))
    }
}
