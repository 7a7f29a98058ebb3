import DioramaJSON
import DioramaModels
import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Foundation
import Testing

/// ControlNets of Stable Diffusion 3 from files, against diffusers and ComfyUI's own code (`tools/golden/controlnet.py`).
@Suite struct ControlNetTests {
    static let names = ["original", "diffusers", "joint"]

    /// The tensors of a file of the golden, by their names and shapes.
    private static func entries(_ name: String) throws -> [SpeltFile.Entry] {
        let text = try #require(Fixture("models/controlnet.safetensors").metadata["tensors"])
        let rows = try #require(JSON(parsing: Array(text.utf8))[name]?.array)
        return try rows.map { row in
            let pair = try #require(row.array)
            return (
                try #require(pair[0].string), try #require(pair[1].array).compactMap(\.integer), "F16"
            )
        }
    }

    private static func open(
        _ name: String, with more: [SpeltFile.Entry] = []
    ) throws -> any TensorSource {
        let file = SpeltFile(isGGUF: false, prefix: "", marks: "", entries: try entries(name) + more)
        let (folder, url) = try file.write()
        defer { withExtendedLifetime(folder) {} }
        return try WeightsFile(url).open()
    }

    private static func shapes(_ name: String) throws -> [String: Shape] {
        try Dictionary(uniqueKeysWithValues: entries(name).map { ($0.name, Shape($0.shape)) })
    }

    /// The golden's transformer, one of its ControlNets, and what both are told.
    private struct Run {
        let golden: Fixture
        let model: any DiffusionModel
        let control: any ControlNetwork
        let context: TextContext

        init(_ name: String, on device: Device) throws {
            golden = try Fixture("models/controlnet.safetensors", on: device)
            model = try DiffusionFile(open("transformer")).load(on: device, precision: .f32).model
            let loaded = try ControlNetFile(open(name)).load(on: device, precision: .f32)
            #expect(loaded.notes == [])
            control = loaded.network
            context = TextContext(tokens: golden["context"], pooled: golden["pooled"])
        }

        func residuals(
            _ latent: Tensor, _ hint: Tensor, through runner: BlockRunner = .plain
        ) throws -> ControlResiduals {
            try control.residuals(
                latent, hint: hint, timestep: golden["timestep"], context: context, steering: model,
                through: runner)
        }

        func velocity(
            _ latent: Tensor, _ controls: [(residuals: ControlResiduals, strength: Float)]
        ) throws -> Tensor {
            try model(
                latent, timestep: golden["timestep"], context: context,
                through: BlockRunner(hooks: controls.isEmpty ? [] : [.steering(by: controls)]))
        }
    }

    @Test("what is added to each block agrees", arguments: names, Device.available)
    func residuals(_ name: String, on device: Device) throws {
        let run = try Run(name, on: device)
        let residuals = try run.residuals(run.golden["latent"], run.golden["hint"])
        // Blocks of the transformer out of order: each of the ControlNet's two is for two that follow one another.
        for position in [2, 0, 1, 2] {
            let residual = try #require(try residuals.after(position))
            let error: Float = relativeError(residual, run.golden["\(name).residual.\(position / 2)"])
            figure("ControlNet \(name), block \(position): relative \(error)")
            #expect(error < Tolerance.f32.block)
        }
        // ComfyUI steers the last block of Stability's files too, diffusers none.
        #expect(try (residuals.after(3) != nil) == (name == "original"))
        #expect(try residuals.after(4) == nil)
    }

    @Test("the steered velocity agrees", arguments: names, Device.available)
    func velocity(_ name: String, on device: Device) throws {
        let run = try Run(name, on: device)
        let (latent, hint) = (run.golden["latent"], run.golden["hint"])
        #expect(relativeError(try run.velocity(latent, []), run.golden["plain"]) < Tolerance.f32.block)
        let strength: Float = name == "original" ? 1 : 0.75
        let steered = try run.velocity(latent, [(run.residuals(latent, hint), strength)])
        #expect(relativeError(steered, run.golden[name]) < Tolerance.f32.block)
    }

    @Test func severalAddUpAndOddSidesAreContinued() throws {
        let run = try Run("original", on: .cpu())
        let (latent, hint) = (run.golden["latent"], run.golden["hint"])
        let chain = try run.velocity(
            latent,
            [(run.residuals(latent, hint), 0.75), (run.residuals(latent, run.golden["second"]), 0.5)])
        #expect(relativeError(chain, run.golden["original.chain"]) < Tolerance.f32.block)
        func odd(_ x: Tensor) -> Tensor { x.narrowed(axis: 2, 0..<5).narrowed(axis: 3, 0..<7) }
        let steered = try run.velocity(odd(latent), [(run.residuals(odd(latent), odd(hint)), 0.75)])
        #expect(relativeError(steered, run.golden["original.odd"]) < Tolerance.f32.block)
    }

    /// As `mmdit-dual` has them: another width, and the same width with other text.
    @Test func aModelOfAnotherFamilyOrWidthIsASentence() throws {
        let control = try ControlNetFile(Self.open("original")).load(on: .cpu()).network
        func complaint(_ model: any DiffusionModel) -> String {
            do {
                try control.check(steers: model)
                return "none"
            } catch {
                return "\(error)"
            }
        }
        let flux = try GoldenModel("flux", on: .cpu())
        #expect(
            complaint(try FluxTransformer(flux.weights, FluxConfig(flux.config)))
                == "the ControlNet is for a Stable Diffusion 3 that is 64 wide, and this model is FLUX.1: load a ControlNet that was made for it"
        )
        let other = try GoldenModel("mmdit-dual", on: .cpu())
        let narrow = try SD3Transformer(other.weights, SD3Config(other.config))
        #expect(
            complaint(narrow)
                == "the ControlNet is for a Stable Diffusion 3 that is 64 wide, and this model is \(narrow.config.width) wide "
                + "(\(narrow.config.layers) blocks): load the ControlNet of this size of the model")
        let spelled = try SpelledModel("sd3", "float16")
        let (folder, url) = try spelled.file.write()
        defer { withExtendedLifetime(folder) {} }
        #expect(
            complaint(try DiffusionFile(WeightsFile(url).open()).load(on: .cpu()).model)
                == "the ControlNet is for a Stable Diffusion 3 that is 64 wide with 4 channels in patches of 2 and text of 48 pooled, "
                + "and this model has 4 channels in patches of 2 and text of 64 pooled")
    }

    @Test("a file is known for what it is", arguments: names)
    func contents(_ name: String) throws {
        let contents = ModelFileContents(try Self.open(name, with: [("alien", [2], "F16")]))
        let part = try #require(contents.parts.first)
        #expect(contents.parts.count == 1 && part.role == .controlNet && part.name == "Stable Diffusion 3")
        #expect(part.problem == nil && part.config["num_layers"] == 2)
        #expect(part.needs.map(\.what) == ["diffusion model Stable Diffusion 3, 64 wide"])
        let unused = contents.unused(on: .cpu())
        #expect(unused.keys == ["alien"] && unused.problems == [])
        let error = #expect(throws: WeightsError.self) { try DiffusionFile(Self.open(name)) }
        #expect(
            error?.problem.hasPrefix(
                "holds no diffusion model known here; it looks like a ControlNet of Stable Diffusion 3: load it with "
                    + "Load ControlNet Model; known are ") == true)
    }

    /// Stability's files say what they look at: 0, 1 or 2.
    @Test(
        arguments: [
            (nil, ControlHint.Values.asTheyAre), (0, .asTheyAre), (1, .edges), (2, .inverted),
        ] as [(Float?, ControlHint.Values)])
    func whatAFileLooksAt(_ number: Float?, _ values: ControlHint.Values) throws {
        let source = try Self.open("original")
        let type = number.map { [("control_type", Tensor([$0], [1], on: .cpu()))] } ?? []
        let file = try GivenTensors(
            source.keys.map { ($0, try source.tensor($0, on: .cpu())) } + type)
        let hint = try ControlNetFile(file).load(on: .cpu()).network.hint
        #expect(hint.values == values && hint.latentFormat == LatentFormat(scale: 1.5305, shift: 0.0609))
    }

    @Test func preparedPictures() throws {
        func prepared(_ values: ControlHint.Values) -> [Float] {
            ControlHint(channels: 4, latentFormat: LatentFormat(scale: 1, shift: 0), values: values)
                .prepared(Tensor([0, 0.25, 1], [3], on: .cpu())).floats()
        }
        #expect(prepared(.asTheyAre) == [0, 0.25, 1])
        #expect(prepared(.edges) == [0.5, 32.375, 128])
        #expect(prepared(.inverted) == [1, 0.75, 0])
        // InstantX's are not shifted.
        let hint = try ControlNetFile(Self.open("joint")).load(on: .cpu()).network.hint
        #expect(hint.latentFormat == LatentFormat(scale: 1.5305, shift: 0) && hint.channels == 4)
    }

    @Test(
        "a ControlNet of another family is named",
        arguments: [
            (["controlnet_blocks.0.weight", "double_blocks.0.img_attn.qkv.weight"], "FLUX.1 (XLabs)"),
            (["controlnet_blocks.0.weight", "controlnet_x_embedder.weight"], "FLUX.1"),
            (["controlnet_blocks.0.linear.weight", "double_blocks.0.x"], "FLUX.1 (MistoLine)"),
            (["controlnet_blocks.0.weight", "transformer_blocks.0.img_mlp.net.0.proj.weight"], "Qwen-Image"),
            (["zero_convs.0.0.weight"], "Stable Diffusion 1, 2 or XL"),
        ])
    func otherFamilies(_ keys: [String], _ family: String) {
        let file = ShapesOnly(Dictionary(uniqueKeysWithValues: keys.map { ($0, [4, 4]) }))
        let error = #expect(throws: WeightsError.self) { try ControlNetFile(file) }
        #expect(
            error?.problem
                == "holds no ControlNet known here; it looks like a ControlNet of \(family), which is not supported; known are those of "
                + "Stable Diffusion 3 and 3.5")
        #expect(ModelFileContents(file).guess == "a ControlNet of \(family), which is not supported")
    }

    @Test func whatIsNoControlNetOrNotSupportedIsSaid() throws {
        let model = #expect(throws: WeightsError.self) { try ControlNetFile(Self.open("transformer")) }
        #expect(
            model?.problem
                == "holds no ControlNet known here; it looks like Stable Diffusion 3: load it with Load Diffusion Model; known are those of "
                + "Stable Diffusion 3 and 3.5")
        let mask = ShapesOnly(
            ShapesOnly(try Self.shapes("joint")), changing: "pos_embed_input.proj.weight", to: [64, 5, 2, 2])
        let inpainting = #expect(throws: WeightsError.self) { try ControlNetFile(mask).config }
        #expect(
            inpainting?.problem
                == "is a ControlNet that is shown 1 channel beside the picture (a mask, for inpainting), which is not supported"
        )
        let pooled = ShapesOnly(
            ShapesOnly(try Self.shapes("original")),
            changing: "time_text_embed.text_embedder.linear_1.weight", to: [64, 64])
        let medium = #expect(throws: WeightsError.self) { try ControlNetFile(pooled).config }
        #expect(medium?.problem.contains("reads the model's own vector of the pooled text, 64 wide") == true)
    }

    @Test func theControlNetsOwnBlocksAreTold() throws {
        let run = try Run("joint", on: .cpu())
        let told = CallLog()
        let residuals = try run.residuals(
            run.golden["latent"], run.golden["hint"],
            through: BlockRunner(onBlock: { told.append("\($0.call.name) of \($0.call.total)") }))
        #expect(told.lines.isEmpty)
        _ = try run.velocity(run.golden["latent"], [(residuals, 1)])
        #expect(told.lines == ["control block 0 of 2", "control block 1 of 2"])
    }
}
