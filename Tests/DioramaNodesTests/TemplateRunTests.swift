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

    /// Graphs with the classes and files of templates of which no UI graph is at hand (`tools/golden/row_graphs.py`), and the files of the
    /// tiny models that stand for theirs.
    static let rows: [String: [(file: String, as: String)]] = [
        "image_flux2_klein_image_edit_4b_distilled": [
            ("diffusion_models/flux-2-klein-base-4b-fp8", "diffusion_models/flux-2-klein-4b-fp8")
        ],
        "image_flux2_klein_image_edit_9b_distilled": [
            ("diffusion_models/flux-2-klein-base-9b-fp8", "diffusion_models/flux-2-klein-9b-fp8")
        ],
        "image_flux2_klein_9b_kv_image_edit": [
            ("diffusion_models/flux-2-klein-base-9b-fp8", "diffusion_models/flux-2-klein-9b-kv-fp8")
        ],
        "flux_kontext_dev_basic": [
            ("diffusion_models/flux1-krea-dev_fp8_scaled", "diffusion_models/flux1-dev-kontext_fp8_scaled")
        ],
        "flux1_dev_uso_reference_image_gen": [("checkpoints/flux1-schnell-fp8", "checkpoints/flux1-dev-fp8")],
        "flux_fill_inpaint_example": [], "flux_canny_model_example": [], "flux_dev_checkpoint_example": [],
        "image_z_image_int8": [
            ("diffusion_models/z_image_turbo_int8_convrot", "diffusion_models/z_image_int8_convrot")
        ],
        "image_z_image_turbo_fun_union_controlnet": [],
        "sd3.5_large_depth": [
            ("controlnet/sd3.5_large_controlnet_canny", "controlnet/sd3.5_large_controlnet_depth")
        ],
        "sd3.5_large_blur": [
            ("controlnet/sd3.5_large_controlnet_canny", "controlnet/sd3.5_large_controlnet_blur")
        ],
    ]

    /// Literals that make runs short: sides, steps, and the size that pictures are brought to.
    private static let shortened: [String: [String: JSON]] = [
        "EmptySD3LatentImage": ["width": 64, "height": 96],
        "EmptyFlux2LatentImage": ["width": 64, "height": 96],
        "KSampler": ["steps": 2], "Flux2Scheduler": ["steps": 2, "width": 64, "height": 96],
        "BasicScheduler": ["steps": 2], "ImageScaleToTotalPixels": ["megapixels": .double(0.01)],
        "ImageScale": ["width": 64, "height": 96], "ImageScaleToMaxDimension": ["largest_size": 64],
        "ResolutionSelector": ["megapixels": .double(0.1)],
        "ImagePadForOutpaint": ["left": 16, "top": 0, "right": 24, "bottom": 0, "feathering": 8],
    ]

    @Test func templatesRunToPictures() async throws {
        let models = try TinyModels()
        try models.folder.write(TinyLora.zImage, to: "loras/pixel_art_style_z_image_turbo.safetensors")
        try models.folder.write(TinyLora.flux, to: "loras/removal_timestep_alpha-2-1740.safetensors")
        try models.folder.write(TinyLora.fluxControl, to: "loras/flux1-depth-dev-lora.safetensors")
        let input = try Self.pictures(Self.templates.values.joined())
        for (name, _) in Self.templates.sorted(by: { $0.key < $1.key }) {
            let ui = try Data(contentsOf: Golden.url("workflows/ui/\(name).json"))
            try await Self.run(name, "api", as: ui, models: models.folder.url, input: input.url)
        }
    }

    @Test func rowsRunToPictures() async throws {
        let models = try TinyModels()
        try models.folder.write(TinyLora.flux, to: "loras/uso-flux1-dit-lora-v1.safetensors")
        for copy in Self.rows.values.joined() {
            let bytes = try Data(
                contentsOf: models.folder.url.appending(path: copy.file + ".safetensors"))
            try models.folder.write(Array(bytes), to: copy.as + ".safetensors")
        }
        let input = try Self.pictures(["picture_1.png", "picture_2.png"])
        for name in Self.rows.keys.sorted() {
            let graph = try Data(contentsOf: Golden.url("workflows/rows/\(name).json"))
            try await Self.run(name, "rows", as: graph, models: models.folder.url, input: input.url)
        }
    }

    /// A folder of pictures with these names.
    private static func pictures(_ names: some Sequence<String>) throws -> TemporaryFolder {
        let input = try TemporaryFolder()
        for name in names {
            let bitmap = try Bitmap(
                width: 64, height: 48, channels: .rgb, pixels: (0..<64 * 48 * 3).map { UInt8($0 * 7 % 251) })
            let bytes =
                name.hasSuffix(".png") ? try PNG.encode(bitmap) : try JPEG.encode(bitmap, quality: 90).bytes
            try input.write(bytes, to: name)
        }
        return input
    }

    /// Checks a graph as it is, and runs it in API form with short runs.
    private static func run(
        _ name: String, _ folder: String, as saved: Data, models: URL, input: URL
    ) async throws {
        let output = try TemporaryFolder()
        let session = Session(
            nodes: .builtin,
            options: SessionOptions(
                folders: Folders(
                    models: [models], input: input, output: output.url,
                    temp: output.url.appending(path: "temp"))))
        // As it is: read, converted and validated.
        #expect(throws: Never.self) { try session.graph(GraphFile(data: saved, catalog: .builtin)) }
        let short = try session.graph(Self.shortened(Golden.url("workflows/\(folder)/\(name).json")))
        let files = try await session.render(short)
        try await plan(short.file, name, session.folders)
        // Pictures that are shown beside the saved ones may have two values, as edges do.
        let kept = files.filter { !$0.pathComponents.contains("temp") }
        #expect(!files.isEmpty, "\(name)")
        for file in kept.isEmpty ? files : kept {
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
        let session = Session(nodes: .builtin, options: options)
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
