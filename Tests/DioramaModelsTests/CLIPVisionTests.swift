import DioramaModels
import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Testing

/// Vision models and Redux from files, against ComfyUI's own code (`tools/golden/clip_vision.py`).
@Suite struct CLIPVisionTests {
    private static func open(
        _ name: String, with more: [SpeltFile.Entry] = []
    ) throws -> any TensorSource {
        let (folder, url) = try VisionGolden.file(name, with: more).write()
        defer { withExtendedLifetime(folder) {} }
        return try WeightsFile(url).open()
    }

    private static func load(
        _ name: String, on device: Device, with more: [SpeltFile.Entry] = []
    ) throws -> CLIPVisionModel {
        let loaded = try CLIPVisionFile(open(name, with: more)).load(on: device, precision: .f32)
        #expect(loaded.notes == [])
        return loaded.model
    }

    @Test("what is seen in pictures", arguments: VisionGolden.visions, Device.available)
    func states(_ name: String, on device: Device) throws {
        let golden = try VisionGolden.fixture(on: device)
        let model = try Self.load(name, on: device)
        let picture = golden["picture"][0..<golden["\(name).last"].shape[0]].asType(.f32)
        for place in ["", ".none"] where golden.keys.contains("\(name)\(place).last") {
            let pixels = model.pixels(of: picture, croppingCenter: place.isEmpty)
            let expected = golden["\(name)\(place).pixels"]
            // A value between two of the 256 may be rounded either way.
            let isOff = zip(pixels.floats(), expected.floats()).count { abs($0 - $1) > 1e-5 }
            #expect(pixels.shape == expected.shape && isOff <= 1, "\(place): \(isOff) off")
            #expect(maxError(pixels, expected) < 0.02)
            let seen = try model(expected)
            #expect(relativeError(seen.last, golden["\(name)\(place).last"]) < Tolerance.f32.block)
        }
        let seen = try model(golden["\(name).pixels"])
        let error: Float = relativeError(seen.penultimate, golden["\(name).penultimate"])
        figure("\(name): penultimate states, relative \(error)")
        #expect(error < Tolerance.f32.block)
        #expect(
            relativeError(seen.embeds, golden[name == "siglip" ? "siglip.last" : "\(name).embeds"])
                < Tolerance.f32.block)
    }

    /// One picture of which 384 pixels are made, as the script makes it.
    private func picture(_ coarse: Tensor, _ height: Int, _ width: Int, on device: Device) -> Tensor {
        let (columns, levels) = (coarse.shape[2], coarse.ints())
        var values: [Float] = []
        values.reserveCapacity(height * width * 3)
        for row in 0..<height {
            for column in 0..<width {
                let noise = Float((row * 7 + column * 3) % 11) / 64
                let start = ((row / 8) * columns + column / 8) * 3
                for channel in 0..<3 { values.append(Float(levels[start + channel]) / 255 + noise) }
            }
        }
        return Tensor(values, [1, height, width, 3], on: device)
    }

    @Test(
        "pictures of any size at 384 pixels",
        arguments: [("small", 37, 50), ("wide", 411, 700), ("tall", 900, 500), ("square", 384, 384)])
    func pixels(_ name: String, _ height: Int, _ width: Int) throws {
        let device = Device.cpu()
        let golden = try VisionGolden.fixture(on: device)
        let model = try Self.load("large", on: device)
        #expect(model.config.pictureSide == 384 && model.config.side == 27)
        let picture = picture(golden["level.\(name).coarse"], height, width, on: device)
        for place in ["", ".none"] {
            let pixels = model.pixels(of: picture, croppingCenter: place.isEmpty)
            #expect(pixels.shape == [1, 3, 384, 384])
            let expected = golden["level.\(name)\(place)"].ints()
            let lines = stride(from: 0, to: 384, by: 77).map { $0 }
            let found = (0..<3).flatMap { channel in
                lines.flatMap { line in
                    pixels[0][channel][line].floats().map { Int((($0 / 2 + 0.5) * 255).rounded()) }
                }
            }
            let differences = zip(found, expected).map { abs($0 - $1) }
            figure("\(name)\(place): \(differences.count { $0 > 0 }) of \(differences.count) levels differ")
            #expect(found.count == expected.count && (differences.max() ?? 9) <= 1)
            #expect(differences.count { $0 > 0 } * 1000 <= differences.count)
        }
    }

    @Test("Redux", arguments: Device.available)
    func redux(on device: Device) throws {
        let golden = try VisionGolden.fixture(on: device)
        let (model, notes) = try StyleModelFile(Self.open("redux")).load(on: device, precision: .f32)
        #expect(notes == [] && model.config.inputWidth == 128 && model.config.outputWidth == 64)
        #expect(
            relativeError(try model(golden["siglip.last"]), golden["redux.tokens"]) < Tolerance.f32.block)
        #expect {
            _ = try model(golden["clip.last"])
        } throws: {
            "\($0)".contains("gives states 64 wide, but the style model takes them 128 wide")
        }
    }

    // MARK: Configurations

    /// Shapes of a true model in transformers' names, of one layer and those numbered last.
    private func shapes(
        width: Int, inner: Int, layers: Int, patch: Int, positions: Int, projection: Int?
    ) -> ShapesOnly {
        var shapes: [String: Shape] = [
            "embeddings.patch_embedding.weight": [width, 3, patch, patch],
            "embeddings.position_embedding.weight": [positions, width],
        ]
        for layer in [0, layers - 1] {
            shapes["encoder.layers.\(layer).layer_norm1.weight"] = [width]
            shapes["encoder.layers.\(layer).mlp.fc1.weight"] = [inner, width]
        }
        if projection != nil { shapes["embeddings.class_embedding"] = [width] }
        var file = Dictionary(uniqueKeysWithValues: shapes.map { ("vision_model." + $0.key, $0.value) })
        if let projection { file["visual_projection.weight"] = [projection, width] }
        return ShapesOnly(file)
    }

    /// What ComfyUI's `clip_vision_*.json` have for the files that they are chosen for.
    @Test func publishedModels() throws {
        func config(
            _ width: Int, _ inner: Int, _ layers: Int, _ patch: Int, _ positions: Int, _ projection: Int?
        ) throws -> CLIPVisionConfig {
            try CLIPVisionFile(
                shapes(
                    width: width, inner: inner, layers: layers, patch: patch, positions: positions,
                    projection: projection)
            ).config
        }
        for (width, inner, layers, patch, positions, projection, activation, side) in [
            (1024, 4096, 24, 14, 257, 768 as Int?, CLIPVisionConfig.Activation.quickGELU, 224),
            (1024, 4096, 24, 14, 577, 768, .quickGELU, 336), (1280, 5120, 32, 14, 257, 1024, .gelu, 224),
            (1664, 8192, 48, 14, 257, 1280, .gelu, 224), (1152, 4304, 27, 14, 729, nil, .geluTanh, 384),
            (1152, 4304, 27, 16, 1024, nil, .geluTanh, 512),
        ] {
            let config = try config(width, inner, layers, patch, positions, projection)
            #expect(config.width == width && config.innerWidth == inner && config.layers == layers)
            #expect(config.heads == 16 && config.patch == patch && config.tokens == positions)
            #expect(config.projection == projection && config.activation == activation)
            #expect(config.pictureSide == side)
            #expect(config.kind == (projection == nil ? .sigLIP : .clip))
        }
    }

    // MARK: Files

    @Test func filesAreRecognised() throws {
        let parts: [SpeltFile.Entry] = [
            ("vision_model.head.probe", [1, 1, 128], "F16"),
            ("vision_model.head.mlp.fc1.weight", [96, 128], "F16"), ("logit_scale", [1], "F16"),
        ]
        let file = try Self.open("siglip", with: parts)
        let contents = ModelFileContents(file)
        let part = try #require(contents.parts.first)
        #expect(contents.parts.count == 1 && part.role == .visionModel && part.name == "SigLIP")
        #expect(part.problem == nil && part.needs.isEmpty)
        #expect(part.config["hidden_size"] == 128 && part.config["image_size"] == 16)
        let unused = contents.unused(on: .cpu())
        #expect(unused.keys == [] && unused.problems == [])

        let openCLIP = ModelFileContents(try Self.open("openclip"))
        #expect(openCLIP.parts.map(\.name) == ["CLIP"] && openCLIP.unused(on: .cpu()).keys == [])
        #expect(openCLIP.parts.first?.config["projection_dim"] == 32)

        let redux = ModelFileContents(try Self.open("redux"))
        #expect(redux.parts.map(\.role) == [.styleModel] && redux.unused(on: .cpu()).keys == [])
        #expect(redux.parts.first?.needs.map(\.folder) == ["clip_vision"])
        let alien = try CLIPVisionFile(Self.open("clip", with: [("alien", [3], "F16")])).load(on: .cpu())
        #expect(alien.notes == ["1 tensor is not used, such as alien"])
    }

    @Test func aCLIPWithBothEncodersIsBoth() throws {
        let text = try #require(try PublishedEncoder.all().first { $0.name == "CLIP-L" }).shapes
        var shapes = text
        let vision = self.shapes(
            width: 1024, inner: 4096, layers: 24, patch: 14, positions: 257, projection: 768)
        for key in vision.keys { shapes[key] = vision.info(key)?.shape }
        let contents = ModelFileContents(ShapesOnly(shapes))
        #expect(contents.parts.map(\.role) == [.textEncoder, .visionModel])
        #expect(contents.parts.map(\.name) == ["CLIP-L", "CLIP"])
    }

    private func text(_ body: () throws -> Void) -> String {
        do { try body() } catch { return "\(error)" }
        return ""
    }

    @Test func filesOfSomethingElseAreNamed() throws {
        let (vision, redux) = (try Self.open("siglip"), try Self.open("redux"))
        #expect(
            text { _ = try CLIPVisionFile(redux) }.contains(
                ": holds no vision model known here; it looks like a style model (FLUX.1 Redux): load it with Load Style Model; known are "
                    + "those of CLIP and SigLIP"))
        #expect(
            text { _ = try StyleModelFile(vision) }.contains(
                ": holds no style model known here; it looks like a vision model (SigLIP): load it with Load CLIP Vision; known is "
                    + "FLUX.1 Redux"))
        #expect(
            text { _ = try DiffusionFile(vision) }.contains("it looks like a vision model (SigLIP): load it"))
        let clip = ShapesOnly(try #require(try PublishedEncoder.all().first { $0.name == "CLIP-L" }).shapes)
        #expect(
            text { _ = try CLIPVisionFile(clip) }.contains(
                "it looks like a CLIP text encoder, CLIP-L: load it with Load CLIP; known are"))
        for (key, name) in [
            (
                "style_embedding",
                "a style adapter of Stable Diffusion 1 (T2I-Adapter), which is not supported"
            ),
            ("image_proj.proj.weight", "an IP-Adapter, which is not supported"),
            ("encoder.layer.39.layer_scale2.lambda1", "a vision model (DINOv2), which is not supported"),
            ("vision_model.encoder.layers.0.self_attn.q_proj.weight", "a part of a vision model"),
        ] {
            let file = ShapesOnly([key: [8, 8]])
            #expect(text { _ = try StyleModelFile(file) }.contains("; it looks like \(name); known is"))
            #expect(text { _ = try CLIPVisionFile(file) }.contains("; it looks like \(name); known are"))
        }
    }

    @Test func shapesThatDoNotFitAreTold() throws {
        let good = try Self.open("siglip")
        func problem(_ key: String, _ shape: Shape?) -> String {
            text { _ = try CLIPVisionFile(ShapesOnly(good, changing: key, to: shape)).config }
        }
        let start = "vision_model.embeddings."
        #expect(
            problem(start + "patch_embedding.weight", [128, 768]).contains(
                "is a SigLIP for pictures of any shape (NaFlex), which is not supported"))
        #expect(
            problem(start + "patch_embedding.weight", [128, 1, 4, 4]).contains(
                "has shape [128, 1, 4, 4], expected squares of pixels of 3 channels"))
        #expect(
            problem(start + "position_embedding.weight", [15, 128]).contains(
                "has 15 positions, of which 15 are no square of patches"))
        #expect(problem(start + "patch_embedding.weight", [130, 3, 4, 4]) == "")
        #expect(
            problem(start + "patch_embedding.weight", [193, 3, 4, 4]).contains(
                "has states 193 wide, which do not part into 3 attention heads"))
        #expect(problem(start + "position_embedding.weight", nil).contains("has no tensor"))

        let device = Device.cpu()
        let wrong = TamperedFile(
            good, ["vision_model.encoder.layers.1.mlp.fc2.weight": .zeros([128, 95], on: device)])
        #expect(
            text { _ = try CLIPVisionFile(wrong).load(on: device) }.contains(
                "vision_model.encoder.layers.1.mlp.fc2.weight has shape [128, 95], expected [128, 96]"))
        let model = try Self.load("siglip", on: device)
        #expect {
            _ = try model(.zeros([1, 3, 15, 16], on: device))
        } throws: {
            "\($0)" == "the pictures are [1, 3, 15, 16]; this model takes [B, 3, 16, 16]"
        }
    }
}
