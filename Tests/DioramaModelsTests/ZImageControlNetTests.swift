import DioramaJSON
import DioramaModels
import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Testing

/// Z-Image's Fun ControlNets from files, against ComfyUI's own code (`tools/golden/zimage_control.py`).
@Suite struct ZImageControlNetTests {
    static let names = ["1", "2.0", "2.1"]
    private static let strength: Float = 0.75

    /// The tensors of a file of the golden, by their names and shapes.
    private static func entries(_ name: String, type: String = "F16") throws -> [SpeltFile.Entry] {
        let text = try #require(Fixture("comfyui/zimage_control.safetensors").metadata["tensors"])
        let rows = try #require(JSON(parsing: Array(text.utf8))[name]?.array)
        return try rows.map { row in
            let pair = try #require(row.array)
            let (key, shape) = (
                try #require(pair[0].string), try #require(pair[1].array).compactMap(\.integer)
            )
            let isMatrix = shape.count == 2 && shape[1].isMultiple(of: 32)
            return (key, shape, isMatrix ? type : "F16")
        }
    }

    private static func open(
        _ name: String, type: String = "F16", with more: [SpeltFile.Entry] = []
    ) throws -> any TensorSource {
        let file = SpeltFile(
            isGGUF: type.hasPrefix("Q"), prefix: "", marks: "", entries: try entries(name, type: type) + more)
        let (folder, url) = try file.write()
        defer { withExtendedLifetime(folder) {} }
        let source = try WeightsFile(url).open()
        guard name == "2.0" else { return source }
        // Its own refiner was not trained: what it would give is zero.
        let empty = source.keys.filter {
            $0.hasPrefix("control_noise_refiner.") && $0.contains(".after_proj.")
        }
        return try GivenTensors(
            source.keys.map { key in
                let tensor = try source.tensor(key, on: .cpu())
                return (key, empty.contains(key) ? .zeros(tensor.shape, on: .cpu()) : tensor)
            })
    }

    /// The golden's transformer, and what it is told.
    private struct Run {
        let golden: Fixture
        let model: any DiffusionModel
        let context: TextContext

        init(on device: Device) throws {
            golden = try Fixture("comfyui/zimage_control.safetensors", on: device)
            model = try DiffusionFile(open("transformer")).load(on: device, precision: .f32).model
            context = TextContext(tokens: golden["context"])
        }

        func control(_ name: String) throws -> any ControlNetwork {
            let (network, notes) = try ModelPatchFile(open(name)).load(on: golden.device, precision: .f32)
            #expect(notes == [])
            return network
        }

        func residuals(
            _ control: any ControlNetwork, _ name: String, _ latent: Tensor? = nil,
            through runner: BlockRunner = .plain
        ) throws -> ControlResiduals {
            try control.residuals(
                latent ?? golden["latent"], hint: golden["\(name).hint"], timestep: golden["timestep"],
                context: context, steering: model, through: runner)
        }

        func velocity(
            _ latent: Tensor, _ controls: [ControlResiduals], hooks: [BlockHook] = []
        ) throws -> Tensor {
            let steering = controls.map { (residuals: $0, strength: strength) }
            return try model(
                latent, timestep: golden["timestep"], context: context,
                through: BlockRunner(hooks: hooks + (steering.isEmpty ? [] : [.steering(by: steering)])))
        }
    }

    @Test("what is added to each block agrees", arguments: names, Device.available)
    func residuals(_ name: String, on device: Device) throws {
        let run = try Run(on: device)
        let residuals = try run.residuals(run.control(name), name)
        func entered(_ key: String) -> BlockState { BlockState(image: run.golden[key]) }
        func compare(_ residual: Tensor?, _ key: String) throws {
            let error: Float = relativeError(try #require(residual), run.golden["\(name).\(key)"])
            figure("ControlNet \(name), \(key): relative \(error)")
            #expect(error < Tolerance.f32.block, "\(key)")
        }
        // Version 1 leaves the refiner alone; a model has two such blocks.
        for index in 0...2 {
            let residual = try residuals.afterRefiner(index, entered: entered("entered"))
            #expect((residual != nil) == (name != "1" && index < 2))
            if let residual { try compare(residual, "refiner.\(index)") }
        }
        // Three layers for five blocks: 0, 2 and 4.
        for position in 0..<5 {
            let residual = try residuals.after(position, entered: entered("\(name).entered"))
            #expect((residual != nil) == position.isMultiple(of: 2))
            if let residual { try compare(residual, "layer.\(position)") }
        }
        #expect(try residuals.after(6) == nil)
    }

    @Test("the steered velocity agrees", arguments: names, Device.available)
    func velocity(_ name: String, on device: Device) throws {
        let run = try Run(on: device)
        let latent = run.golden["latent"]
        #expect(relativeError(try run.velocity(latent, []), run.golden["plain"]) < Tolerance.f32.block)
        let steered = try run.velocity(latent, [run.residuals(run.control(name), name)])
        let error: Float = relativeError(steered, run.golden[name])
        figure("ControlNet \(name), velocity: relative \(error)")
        #expect(error < Tolerance.f32.block)
    }

    @Test func severalAddUpAndOddSidesAreContinued() throws {
        let run = try Run(on: .cpu())
        let latent = run.golden["latent"]
        let both = try ["1", "2.1"].map { try run.residuals(run.control($0), $0) }
        #expect(relativeError(try run.velocity(latent, both), run.golden["both"]) < Tolerance.f32.block)
        let odd = latent.narrowed(axis: 2, 0..<5).narrowed(axis: 3, 0..<7)
        let steered = try run.velocity(odd, [run.residuals(run.control("2.1"), "2.1", odd)])
        #expect(relativeError(steered, run.golden["2.1.odd"]) < Tolerance.f32.block)
    }

    /// A batch is steered as each of it is, whose times differ.
    @Test func eachOfABatchIsSteeredByItself() throws {
        let run = try Run(on: .cpu())
        let (control, golden) = (try run.control("2.1"), run.golden)
        func steered(_ count: Int, _ times: [Float]) throws -> Tensor {
            let (latent, hint) = (
                golden["latent"].repeated(count, axis: 0), golden["2.1.hint"].repeated(count, axis: 0)
            )
            let (time, context) = (
                Tensor(times, [count], on: golden.device), run.context.repeated(count)
            )
            let residuals = try control.residuals(
                latent, hint: hint, timestep: time, context: context, steering: run.model, through: .plain)
            let strength: Float = 1
            let hook = BlockHook.steering(by: [(residuals, strength)])
            return try run.model(
                latent, timestep: time, context: context, through: BlockRunner(hooks: [hook]))
        }
        let together = try steered(2, [0.75, 0.25])
        #expect(relativeError(together[0..<1], try steered(1, [0.75])) < Tolerance.f32.op)
        #expect(relativeError(together[1..<2], try steered(1, [0.25])) < Tolerance.f32.op)
    }

    /// Blocks are numbered as ever: hooks do not see the noise refiner, which ControlNets reach.
    @Test func hooksCountTheSameBlocks() throws {
        let run = try Run(on: .cpu())
        let (seen, told) = (CallLog(), CallLog())
        let hook = BlockHook(.all) { state, call, block in
            seen.append("\(call.name), \(call.position) of \(call.total)")
            return try block(state)
        }
        let residuals = try run.residuals(
            run.control("2.1"), "2.1",
            through: BlockRunner(onBlock: { told.append("\($0.call.name) of \($0.call.total)") }))
        let steered = try run.velocity(run.golden["latent"], [residuals], hooks: [hook])
        #expect(relativeError(steered, run.golden["2.1"]) < Tolerance.f32.block)
        #expect(seen.lines == (0..<5).map { "single block \($0), \($0) of 5" })
        #expect(told.lines == (0..<5).map { "control block \($0) of 5" })
        // What a hook leaves out is steered still.
        let skipped = try run.velocity(
            run.golden["latent"], [run.residuals(run.control("2.1"), "2.1")], hooks: [.skip(.all)])
        let unsteered = try run.velocity(run.golden["latent"], [], hooks: [.skip(.all)])
        #expect(relativeError(skipped, unsteered) > 0.01)
    }

    @Test(
        "weights in other types give what the same numbers give in f32",
        arguments: ["BF16", "F8_E4M3", "Q8_0", "Q4_0"])
    func otherTypes(_ type: String) throws {
        let run = try Run(on: .cpu())
        let device = run.golden.device
        let source = try Self.open("2.1", type: type)
        let numbers = try GivenTensors(
            source.keys.map { ($0, try source.tensor($0, on: device).asType(.f32)) })
        let velocities = try [source, numbers].map { file in
            let control = try ModelPatchFile(file).load(on: device, precision: .f32).network
            return try run.velocity(run.golden["latent"], [run.residuals(control, "2.1")])
        }
        #expect(relativeError(velocities[0], velocities[1]) < Tolerance.f32.block)
        #expect(relativeError(velocities[0], run.golden["plain"]) > 0.01)
    }

    @Test func aModelOfAnotherFamilyOrWidthIsASentence() throws {
        let control = try ModelPatchFile(Self.open("1")).load(on: .cpu()).network
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
                == "the ControlNet is for a Z-Image that is 96 wide, and this model is FLUX.1: load a ControlNet that was made for it"
        )
        let other = try GoldenModel("z-image", on: .cpu())
        let model = try ZImageTransformer(other.weights, ZImageConfig(other.config))
        let (width, heads, channels) = (model.config.width, model.config.heads, model.config.channels)
        #expect(width != 96 || heads != 3 || channels != 4)
        #expect(
            complaint(model)
                == (width == 96
                    ? "the ControlNet is for a Z-Image that is 96 wide with 3 heads and latents of 4 channels, and this model has \(heads) "
                        + "heads and latents of \(channels) channels"
                    : "the ControlNet is for a Z-Image that is 96 wide, and this model is \(width) wide: load the ControlNet of this size "
                        + "of the model"))
        #expect(complaint(try Run(on: .cpu()).model) == "none")
    }

    @Test("a file is known for what it is", arguments: names)
    func contents(_ name: String) throws {
        let contents = ModelFileContents(
            name == "2.0" ? try Self.open(name) : try Self.open(name, with: [("alien", [2], "F16")]))
        let part = try #require(contents.parts.first)
        #expect(contents.parts.count == 1 && part.role == .controlNet && part.name == "Z-Image")
        #expect(part.problem == nil && part.config["n_layers"] == 3)
        #expect(part.config["in_channels"] == (name == "1" ? 4 : 9))
        #expect(part.needs.map(\.what) == ["diffusion model Z-Image, 96 wide"])
        let unused = contents.unused(on: .cpu())
        #expect(unused.keys == (name == "2.0" ? [] : ["alien"]) && unused.problems == [])
        let advice = "it looks like a ControlNet of Z-Image: load it with Load Model Patch; known are "
        let model = #expect(throws: WeightsError.self) { try DiffusionFile(Self.open(name)) }
        #expect(model?.problem.hasPrefix("holds no diffusion model known here; \(advice)") == true)
        let control = #expect(throws: WeightsError.self) { try ControlNetFile(Self.open(name)) }
        #expect(
            control?.problem
                == "holds no ControlNet known here; \(advice)those of Stable Diffusion 3 and 3.5")
    }

    /// What published files are, by the shapes that decide.
    @Test(
        "the published sizes",
        arguments: [(6, 16, false, 16, false), (15, 33, true, 16, true), (3, 33, true, 16, true)])
    func sizes(_ layers: Int, _ inputs: Int, _ steersRefiner: Bool, _ channels: Int, _ hasMask: Bool) throws {
        var shapes: [String: Shape] = ["control_all_x_embedder.2-1.weight": [3840, 4 * inputs]]
        for index in 0..<layers { shapes["control_layers.\(index).attention.norm_q.weight"] = [128] }
        for index in 0..<2 {
            shapes["control_noise_refiner.\(index).attention.norm_q.weight"] = [128]
            if steersRefiner { shapes["control_noise_refiner.\(index).after_proj.weight"] = [3840, 3840] }
        }
        let config = try ModelPatchFile(ShapesOnly(shapes)).config
        #expect(config.width == 3840 && config.blocks.heads == 30 && config.blocks.layers == layers)
        #expect(config.latentChannels == channels && config.hasMask == hasMask)
        #expect(config.refining == (steersRefiner ? .byRefiner : .nothing))
    }

    @Test(
        "what is no patch of Z-Image is named",
        arguments: [
            (
                ["controlnet_blocks.0.y_rms.weight", "img_in.weight"],
                "it looks like a ControlNet of Qwen-Image (DiffSynth), which is not supported"
            ),
            (
                ["feature_embedder.mid_layer_norm.bias", "feature_embedder.mid_projection.weight"],
                "it looks like USO's projector of styles, which goes beside FLUX.1 and is not supported"
            ),
            (["pos_embed_input.proj.weight", "something.else"], "it looks like a ControlNet"),
            (["something.else"], "its first tensor is something.else"),
        ])
    func others(_ keys: [String], _ guess: String) {
        let file = ShapesOnly(Dictionary(uniqueKeysWithValues: keys.map { ($0, [4, 4]) }))
        let error = #expect(throws: WeightsError.self) { try ModelPatchFile(file) }
        #expect(error?.problem.hasPrefix("holds no model patch known here; \(guess)") == true)
        #expect(error?.problem.hasSuffix("; known are Fun ControlNets of Z-Image") == true)
    }

    @Test func whatIsMissingOrMisshapenIsSaid() throws {
        let source = try Self.open("2.1")
        func problem(_ key: String, _ shape: Shape?) throws -> String? {
            var tensors = try source.keys.filter { $0 != key }
                .map { ($0, try source.tensor($0, on: .cpu())) }
            if let shape { tensors.append((key, .zeros(shape, on: .cpu()))) }
            let error = #expect(throws: WeightsError.self) {
                try ModelPatchFile(GivenTensors(tensors)).load(on: .cpu())
            }
            return error?.problem
        }
        for (key, shape) in [
            ("control_layers.1.after_proj.weight", [96, 64]), ("control_layers.0.before_proj.bias", nil),
            ("control_noise_refiner.1.after_proj.weight", nil),
            ("control_noise_refiner.0.after_proj.weight", [96, 64]),
        ] as [(String, Shape?)] {
            #expect(try problem(key, shape)?.contains(key) == true, "\(key)")
        }
        let none = ShapesOnly(["control_all_x_embedder.2-1.weight": [96, 16]])
        #expect(throws: WeightsError.self) { try ModelPatchFile(none).config }
    }
}
