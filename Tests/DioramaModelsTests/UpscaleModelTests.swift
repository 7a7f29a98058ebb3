import DioramaModels
import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Testing

/// Networks that make pictures larger, against spandrel, and tiles against ComfyUI's function (`tools/golden/upscaling.py`).
@Suite struct UpscaleModelTests {
    static let names = [
        "esrgan-x4", "esrgan-x2-unshuffle", "esrgan-x1-unshuffle", "esrgan-plus-x2", "compact-x4",
    ]

    private func load(
        _ golden: Fixture, _ rename: (String) -> String? = { $0 }
    ) throws -> any UpscaleModel {
        let start = "model."
        let source = try GivenTensors(golden.file, on: golden.device) { key in
            key.hasPrefix(start) ? rename(String(key.dropFirst(start.count))) : nil
        }
        let (model, notes) = try UpscaleModelFile(source).load(on: golden.device)
        #expect(notes.isEmpty)
        return model
    }

    @Test("agrees with spandrel", arguments: names, Device.available)
    func agrees(_ name: String, on device: Device) throws {
        let golden = try Fixture("upscaling/\(name).safetensors", on: device)
        let model = try load(golden)
        #expect("\(model.scale)" == golden.metadata["scale"])
        #expect(model.inputChannels == 3 && model.outputChannels == 3)
        let larger = model(golden["image"]).clamped(0, 1)
        #expect(relativeError(larger, golden["larger"]) < Tolerance.f32.block)
    }

    @Test("in older spellings", arguments: names)
    func spellings(_ name: String) throws {
        let golden = try Fixture("upscaling/\(name).safetensors", on: .cpu())
        for spelling in ["old", "trunk"] {
            guard let text = golden.metadata[spelling] else { continue }
            let table = try ModelConfig(text, place: spelling)
            let model = try load(golden) { try? "netG." + table.string($0) }
            let larger = model(golden["image"]).clamped(0, 1)
            #expect(relativeError(larger, golden["larger"]) < Tolerance.f32.block, "\(spelling)")
        }
    }

    @Test("by tiles as ComfyUI blends them", arguments: names)
    func tiles(_ name: String) throws {
        let golden = try Fixture("upscaling/\(name).safetensors", on: .cpu())
        let tiles = UpscaleTiles(side: 8, overlap: 2)
        var count = 0
        let larger = try tiles.upscaled(golden["image"], by: load(golden)) { count += 1 }
        #expect(relativeError(larger, golden["tiled"]) < Tolerance.f32.block)
        #expect(relativeError(golden["tiled"], golden["larger"]) > Tolerance.f32.model)
        let shape = golden["image"].shape
        #expect(count > 1 && count == tiles.count(height: shape[2], width: shape[3]))
    }

    /// The last steps run in pieces of 128 cells, each with a margin.
    @Test func piecesDoNotShow() throws {
        let golden = try Fixture("upscaling/esrgan-x4.safetensors", on: .cpu())
        let model = try load(golden)
        let image = golden["image"].repeated(11, axis: 2)
        let whole = model(image)
        #expect(whole.shape == [1, 3, 4 * 143, 4 * 18])
        // Of the blocks 2 · 15 + 2 convolutions reach, and the last steps 2 cells: far from the cut the rows of half the picture are the whole's.
        let part = model(image.narrowed(axis: 2, 60..<143))
        let rows = 4 * 40..<4 * 83
        let expected = whole.narrowed(axis: 2, 4 * 100..<4 * 143)
        #expect(relativeError(part.narrowed(axis: 2, rows), expected) < Tolerance.f32.block)
    }

    @Test func aFileOfSomethingElseIsNamed() throws {
        let device = Device.cpu()
        let lora = GivenTensors([("double_blocks.0.img_attn.qkv.lora_A.weight", .zeros([4, 64], on: device))])
        #expect {
            try UpscaleModelFile(lora)
        } throws: {
            "\($0)".contains("holds no upscale model known here; it looks like an adapter (LoRA)")
        }
        let golden = try Fixture("upscaling/esrgan-x4.safetensors", on: device)
        let source = try GivenTensors(golden.file, on: device) {
            $0.hasPrefix("model.") ? String($0.dropFirst("model.".count)) : nil
        }
        #expect {
            try AutoencoderFile(source)
        } throws: {
            "\($0)".contains("it looks like an upscale model (ESRGAN): load it with Load Upscale Model")
        }
        let part = try #require(ModelFileContents(source).parts.first)
        #expect(part.role == .upscaleModel && part.name == "ESRGAN" && part.problem == nil)
        #expect(part.config["scale"]?.integer == 4 && part.config["num_block"]?.integer == 2)
        #expect(ModelFileContents(source).unused(on: device).keys.isEmpty)
    }

    @Test func shapesThatDoNotFitAreTold() throws {
        let device = Device.cpu()
        let golden = try Fixture("upscaling/esrgan-x4.safetensors", on: device)
        let tensors = try golden.keys.filter { $0.hasPrefix("model.") }.map {
            (String($0.dropFirst("model.".count)), try golden.file.tensor($0, on: device))
        }
        let wrong = GivenTensors(
            tensors + [("body.1.rdb2.conv3.weight", .zeros([8, 30, 3, 3], on: device))])
        #expect {
            _ = try UpscaleModelFile(wrong).load(on: device)
        } throws: {
            "\($0)".contains("body.1.rdb2.conv3.weight has shape [8, 30, 3, 3], expected [8, 32, 3, 3]")
        }
        let short = GivenTensors(tensors.filter { !$0.0.hasPrefix("conv_up") })
        #expect(try UpscaleModelFile(short).load(on: device).model.scale == 1)
    }
}
