import Diorama
import DioramaModels
import DioramaSampling
import DioramaTensor
import DioramaTestSupport
import Testing

/// ControlNets that are put into a model, from files, in whole runs against ComfyUI's own nodes (`tools/golden/zimage_control.py`).
@Suite struct ModelPatchNodeTests {
    private let folder: TemporaryFolder
    private let bench: Workbench
    private let golden: Fixture
    private let model: Model
    private let vae: VAE

    init() async throws {
        folder = try TemporaryFolder()
        bench = try Workbench(models: [folder.url])
        golden = try Fixture("comfyui/zimage_control.safetensors", on: bench.device)
        let text = try #require(golden.metadata["tensors"])
        let files = try #require(JSON(parsing: Array(text.utf8)).object)
        for (name, place) in [
            ("transformer", "diffusion_models"), ("autoencoder", "vae"), ("1", "model_patches"),
            ("2.1", "model_patches"),
        ] {
            let entries = try #require(files[name]?.array).map { row -> SpeltFile.Entry in
                let pair = try #require(row.array)
                return (
                    try #require(pair[0].string), try #require(pair[1].array).compactMap(\.integer), "F16"
                )
            }
            try folder.write(SpeltFile(entries: entries).bytes, to: "\(place)/\(name).safetensors")
        }
        model = try await bench.output(
            of: "UNETLoader", ["unet_name": "transformer.safetensors", "precision": "f32"])
        vae = try await bench.output(
            of: "VAELoader", ["vae_name": "autoencoder.safetensors", "precision": "f32"])
    }

    private func patch(_ name: String) async throws -> ModelPatch {
        try await bench.output(
            of: "ModelPatchLoader", ["name": .string(name + ".safetensors"), "precision": "f32"])
    }

    /// A picture of the golden, whose pixels are squares of 8.
    private func picture(_ key: String, columns: Int? = nil) -> ImageBatch {
        let squares = golden[key].narrowed(axis: 2, 0..<(columns ?? golden[key].shape[2]))
        let (height, width) = (squares.shape[1], squares.shape[2])
        return ImageBatch(
            pixels: squares.reshaped(1, height, 1, width, 1, 3).repeated(8, axis: 2).repeated(8, axis: 4)
                .reshaped(1, 8 * height, 8 * width, 3))
    }

    private var mask: Mask { Mask(coverage: golden["mask"]) }

    private func patched(
        _ name: String, by className: String = "ZImageFunControlnet", strength: Double = 1,
        _ pictures: [String: any PortValue], _ given: Model? = nil
    ) async throws -> Model {
        var inputs: [String: any PortValue] = [
            "model": given ?? model, "model_patch": try await patch(name), "vae": vae,
        ]
        for (key, value) in pictures { inputs[key] = value }
        return try await bench.output(of: className, ["strength": .double(strength)], given: inputs)
    }

    private func sampled(_ model: Model, cfg: Double = 1, steps: Int = 3, batch: Int = 1) async throws
        -> Tensor
    {
        let latent: Latent = try await bench.output(
            of: "KSampler",
            [
                "seed": 7, "steps": .integer(steps), "cfg": .double(cfg), "sampler_name": "euler",
                "scheduler": "simple",
            ],
            given: [
                "model": model, "positive": Conditioning([TextContext(tokens: golden["context"])]),
                "negative": Conditioning([TextContext(tokens: golden["negative"])]),
                "latent_image": Latent(samples: .zeros([batch, 4, 6, 8], on: bench.device)),
            ])
        return latent.samples
    }

    private func compare(_ model: Model, cfg: Double = 1, _ name: String) async throws {
        let error: Float = relativeError(try await sampled(model, cfg: cfg), golden["run.\(name)"])
        figure("run \(name): \(error)")
        #expect(error < Tolerance.f32.block, "\(name)")
    }

    @Test func aPictureSteers() async throws {
        try await compare(model, "plain")
        try await compare(
            patched(
                "1", by: "QwenImageDiffsynthControlnet", strength: 0.75, ["image": picture("image")]), "1")
    }

    /// Two prompts, a picture to be cut and scaled, the known part of another, and a mask of any size.
    @Test func aPictureAndTheKnownPartOfAnotherSteer() async throws {
        let pictures: [String: any PortValue] = [
            "image": picture("image"), "inpaint_image": picture("inpaint_image"), "mask": mask,
        ]
        try await compare(patched("2.1", strength: 1.25, pictures), cfg: 3, "2.1")
    }

    @Test func aMaskAloneOrAKnownPartAlone() async throws {
        try await compare(
            patched(
                "2.1", by: "QwenImageDiffsynthControlnet", strength: -0.5,
                ["image": picture("inpaint_image", columns: 8), "mask": mask]), "mask")
        try await compare(
            patched("2.1", ["inpaint_image": picture("inpaint_image"), "mask": mask]), "known")
    }

    @Test func withoutStrengthNothingChanges() async throws {
        let unchanged = try await sampled(model).floats()
        let none = try await patched("1", strength: 0, ["image": picture("image")])
        #expect(none.controls.isEmpty)
        #expect(try await sampled(none).floats() == unchanged)
    }

    /// What caches leave nothing out of, hooks that change nothing, and a second ControlNet that counts for nothing.
    @Test func itStandsBesideHooks() async throws {
        let pictures = ["image": picture("image")]
        let steered = try await sampled(patched("2.1", pictures), cfg: 3).floats()
        for (className, literals) in [
            ("FirstBlockCache", ["residual_diff_threshold": 0]), ("EasyCache", ["reuse_threshold": 0]),
            ("DiTBlocks", ["action": "scale", "amount": 1]),
        ] as [(String, JSON.Object)] {
            let before: Model = try await bench.output(of: className, literals, given: ["model": model])
            #expect(
                try await sampled(patched("2.1", pictures, before), cfg: 3).floats() == steered,
                "\(className)")
            let after: Model = try await bench.output(
                of: className, literals, given: ["model": try await patched("2.1", pictures)])
            #expect(try await sampled(after, cfg: 3).floats() == steered, "\(className)")
        }
        // First Block Cache leaves blocks out, and what stays is steered.
        let cached: Model = try await bench.output(
            of: "FirstBlockCache", ["residual_diff_threshold": 3],
            given: ["model": try await patched("2.1", pictures)])
        let quick = try await sampled(cached, steps: 6)
        #expect(quick.allFinite)
        #expect(relativeError(quick, try await sampled(model, steps: 6)) > 0.01)
    }

    @Test func aLoRAMayStandBeforeOrBehindIt() async throws {
        try folder.write(
            TinyLora.of("diffusion_model.layers.1.attention.qkv", inputs: 96, outputs: 288),
            to: "loras/tiny.safetensors")
        func adapted(_ model: Model) async throws -> Model {
            try await bench.output(
                of: "LoraLoaderModelOnly", ["lora_name": "tiny.safetensors", "strength_model": 1],
                given: ["model": model])
        }
        let pictures = ["image": picture("image")]
        let before = try await sampled(patched("1", pictures, adapted(model))).floats()
        #expect(try await sampled(adapted(patched("1", pictures))).floats() == before)
        #expect(try await sampled(patched("1", pictures)).floats() != before)
        #expect(try await sampled(adapted(model)).floats() != before)
    }

    @Test func severalAddUp() async throws {
        let pictures = ["image": picture("image")]
        let half = try await patched("1", strength: 0.5, pictures)
        let twice = try await sampled(patched("1", strength: 0.25, pictures, half))
        let once = try await sampled(patched("1", strength: 0.75, pictures))
        #expect(relativeError(twice, once) < Tolerance.f32.block)
    }

    @Test func aPictureForEachLatent() async throws {
        let images = ImageBatch(pixels: bench.noise([2, 48, 64, 3]))
        let both = try await sampled(patched("2.1", ["image": images, "mask": mask]), batch: 2)
        // The noise of a batch's first latent is that of a batch of one.
        let first = try await sampled(
            patched("2.1", ["image": ImageBatch(pixels: images.pixels[0..<1]), "mask": mask]))
        #expect(relativeError(both[0..<1], first) < Tolerance.f32.block)
        let same = ImageBatch(pixels: .concatenated([images.pixels[0..<1], images.pixels[0..<1]], axis: 0))
        let others = try await sampled(patched("2.1", ["image": same, "mask": mask]), batch: 2)
        #expect(relativeError(both[1..<2], others[1..<2]) > 0.001)
    }

    @Test func mistakesAreSentences() async throws {
        var given: [String: any PortValue] = [
            "model": model, "model_patch": try await patch("1"), "vae": vae,
            "inpaint_image": picture("image"),
        ]
        let className = "ZImageFunControlnet"
        func failure() async -> String? { await bench.failure(of: className, given: given) }
        let place = "node (ZImageFunControlnet): "
        #expect(
            await failure()
                == "\(place)image is not connected, and this ControlNet looks at nothing else: connect a picture"
        )
        given["inpaint_image"] = nil
        given["model_patch"] = try await patch("2.1")
        #expect(
            await failure()
                == "\(place)image is not connected, and neither is inpaint_image: connect the picture that shall steer"
        )
        given["image"] = picture("image")
        given["vae"] = try await bench.checkpoint().vae
        #expect(
            await failure()
                == "\(place)vae gives latents of 8 channels, and this ControlNet looks at latents of 4: connect the autoencoder of the model "
                + "that it was made for")
        given["vae"] = vae
        given["model"] = try await bench.checkpoint().model
        #expect(
            await failure()
                == "\(place)model_patch does not fit: the ControlNet is for a Z-Image that is 96 wide, and this model is Stable Diffusion 3: "
                + "load a ControlNet that was made for it")
        // What version 1 does not look at is left out, and said.
        given["model"] = model
        given["model_patch"] = try await patch("1")
        given["mask"] = mask
        let notices = Recorder()
        _ = try await bench.run(className, ["strength": 1], given: given) { event in
            if case .notice(_, let words) = event { notices.append(words) }
        }
        #expect(
            notices.ids == [
                "this ControlNet looks at no mask and at one picture alone: inpaint_image and mask are left out; version 2.1 looks at them"
            ])
    }
}
