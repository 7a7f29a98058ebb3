import DioramaModels
import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Testing

/// Tiny autoencoders against diffusers' `AutoencoderTiny`, in each spelling (`tools/golden/models.py`).
@Suite struct AutoencoderTinyTests {
    /// Of 4 channels, and as FLUX.2's, whose blocks look at the whole picture.
    static let names = ["vae-tiny", "vae-tiny-pooled"]
    private let plain = LatentFormat(scale: 1, shift: 0)

    /// The original spelling: a number more in the decoder, whose first step has no weights.
    private static func original(_ key: String, _ part: String, prefix: String = "") -> String? {
        let steps = key.split(separator: ".", maxSplits: 3)
        guard steps.count == 4, steps[0] == part, let index = Int(steps[2]) else { return nil }
        return "\(prefix)\(part == "decoder" ? index + 1 : index).\(steps[3])"
    }

    private func agrees(_ model: AutoencoderTiny, _ golden: GoldenModel) throws {
        let isPacked = model.latentChannels == 128
        #expect(model.factor == (isPacked ? 16 : 8))
        // FLUX.2's latents are squares of four cells: the tests' have odd sides, which those cannot have.
        if isPacked {
            let even = golden["encoded"]
            #expect(
                try model.latents(of: golden["image"]).shape == [
                    1, 128, even.shape[2] / 2, even.shape[3] / 2,
                ])
            let packed = try model.latents(of: golden["image"])
            let cells = packed.reshaped(1, 32, 2, 2, packed.shape[2], packed.shape[3]).permuted(
                0, 1, 4, 2, 5, 3
            )
            .reshaped(even.shape)
            #expect(relativeError(cells, even) < Tolerance.f32.block)
            #expect(try model.pictures(of: packed).shape == golden["image"].shape)
        } else {
            #expect(
                relativeError(try model.latents(of: golden["image"]), golden["encoded"]) < Tolerance.f32.block
            )
            #expect(
                relativeError(try model.pictures(of: golden["latent"]), golden["decoded"])
                    < Tolerance.f32.block)
        }
    }

    @Test("agrees with diffusers", arguments: names, Device.available)
    func agrees(_ name: String, on device: Device) throws {
        let golden = try GoldenModel(name, on: device)
        let weights = golden.weights
        try agrees(try AutoencoderTiny(weights, latentFormat: plain), golden)
        #expect(weights.unusedKeys.allSatisfy { !$0.hasPrefix("model.") })
    }

    @Test("in files of each spelling", arguments: names)
    func files(_ name: String) throws {
        let golden = try GoldenModel(name, on: .cpu())
        let device = golden.fixture.device
        let one = try golden.renamed { $0 }
        let comfy = try golden.renamed {
            Self.original($0, "decoder", prefix: "taesd_decoder.")
                ?? Self.original($0, "encoder", prefix: "taesd_encoder.")
        }
        let decoder = try golden.renamed { Self.original($0, "decoder") }
        let encoder = try golden.renamed { Self.original($0, "encoder") }
        for file in [TinyAutoencoderFile(one), TinyAutoencoderFile(comfy)] {
            let loaded = try #require(file).load(on: device)
            try agrees(loaded.autoencoder, golden)
            #expect(loaded.notes.count == 1 && loaded.notes[0].hasPrefix("nothing says whose latents"))
            #expect(file?.latentChannels == loaded.autoencoder.latentChannels)
        }
        let pair = try TinyAutoencoderFile(decoder: decoder, encoder: encoder)
        try agrees(try pair.load(on: device, named: "taef2").autoencoder, golden)
        // A decoder alone makes pictures.
        let half = try #require(TinyAutoencoderFile(decoder)).load(on: device).autoencoder
        #expect(throws: ModelInputError.self) { try half.latents(of: golden["image"]) }
        if half.latentChannels == 4 {
            #expect(
                relativeError(try half.pictures(of: golden["latent"]), golden["decoded"])
                    < Tolerance.f32.block)
        }
    }

    /// Decoders take latents as the model has them; nodes hand on those of the large autoencoder.
    @Test(
        "latents are scaled as their family's, by ComfyUI's settings", arguments: TinyAutoencoderFile.names)
    func scales(_ name: String) throws {
        let settings = try #require(FamilySettingsTests.comfyUI("tiny")[name])
        let scale = Float(try #require(settings["scale"]?.double))
        let shift = Float(try #require(settings["shift"]?.double))
        let golden = try GoldenModel("vae-tiny", on: .cpu())
        let device = golden.fixture.device
        let file = try #require(TinyAutoencoderFile(try golden.renamed { $0 }))
        let loaded = try file.load(on: device, named: name)
        #expect(
            loaded.notes.isEmpty
                && loaded.autoencoder.latentFormat == LatentFormat(scale: scale, shift: shift))
        let latent = golden["latent"] / scale + shift
        #expect(
            relativeError(try loaded.autoencoder.pictures(of: latent), golden["decoded"])
                < Tolerance.f32.block)
        let said = TamperedFile(
            try golden.renamed { $0 },
            ["vae_scale": .full(scale, [], on: device), "vae_shift": .full(shift, [1], on: device)])
        #expect(
            try #require(TinyAutoencoderFile(said)).load(on: device).autoencoder.latentFormat
                == loaded.autoencoder.latentFormat)
    }

    @Test func whatDoesNotFitIsASentence() throws {
        let golden = try GoldenModel("vae-tiny", on: .cpu())
        let device = golden.fixture.device
        let model = try AutoencoderTiny(golden.weights, latentFormat: plain)
        #expect(throws: ModelInputError.self) { try model.pictures(of: .zeros([1, 16, 4, 4], on: device)) }
        #expect(throws: ModelInputError.self) { try model.latents(of: .zeros([1, 3, 12, 16], on: device)) }
        func problem(_ changes: [String: Tensor?]) throws -> String {
            do {
                let file = TamperedFile(try golden.renamed { $0 }, changes)
                _ = try TinyAutoencoderFile(file)?.load(on: device)
                return ""
            } catch { return "\(error)" }
        }
        #expect(
            try problem(["decoder.layers.2.conv.2.weight": .zeros([6, 5, 3, 3], on: device)]).contains(
                "expected [6, 6, 3, 3]"))
        #expect(
            try problem(["decoder.layers.3.conv.4.bias": nil]).contains(
                "has no tensor decoder.layers.3.conv.4.bias"))
        #expect(
            try problem([
                "decoder.layers.18.weight": .zeros([7, 6, 3, 3], on: device),
                "decoder.layers.18.bias": .zeros([7], on: device),
            ]).contains("makes pictures of 7 channels"))
        #expect(
            try problem(["decoder.layers.6.weight": .zeros([6, 9, 3, 3], on: device)]).contains(
                "decoder.layers.6.weight has shape [6, 9, 3, 3], expected [6, 6, 3, 3]"))
        #expect(try problem(["vae_scale": .full(0, [], on: device)]).contains("vae_scale is 0"))
        var hostile: [String: Tensor?] = [:]
        for index in 1..<64 { hostile["encoder.layers.\(index).weight"] = .zeros([6, 6, 3, 3], on: device) }
        #expect(try !problem(hostile).isEmpty)
        #expect(TinyAutoencoderFile(try OriginalFile(GoldenModel("vae-quant", on: .cpu()))) == nil)
        let other = try OriginalFile(GoldenModel("flux", on: .cpu()))
        #expect(throws: WeightsError.self) { try TinyAutoencoderFile(decoder: other, encoder: nil) }
    }
}
