import Diorama
import DioramaImage
import DioramaJSON
import DioramaModels
import DioramaSampling
import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import FoundationEssentials
import Testing

/// Lotus, which makes a depth map of a picture in one step.
@Suite struct LotusTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    @Test("the template's one step is ComfyUI's")
    func step() async throws {
        let golden = try Fixture("models/unet-lotus.safetensors", on: bench.device)
        let config = try UNetConfig(
            ModelConfig(try #require(golden.metadata["config"]), place: "unet-lotus"))
        let network = try UNet(
            Weights(golden.file, on: bench.device, names: UNet.names(config, prefix: "model.")), config)
        let model = Model(
            network: network,
            sampling: try ModelSampling(.picture(betaStart: 0.00085, betaEnd: 0.012)),
            latentFormat: LatentFormat(scale: 1, shift: 0))
        let prompt = Conditioning([TextContext(tokens: golden["context"][0..<1])])
        let guider: Guider = try await bench.output(
            of: "BasicGuider", given: ["model": model, "conditioning": prompt])
        let steps: Sigmas = try await bench.output(
            of: "BasicScheduler", ["scheduler": "normal", "steps": 1, "denoise": 1], given: ["model": model])
        let sigmas: Sigmas = try await bench.output(
            of: "SetFirstSigma", ["sigma": 10000], given: ["sigmas": steps])
        let noise: Noise = try await bench.output(of: "DisableNoise")
        let result: Latent = try await bench.output(
            of: "SamplerCustomAdvanced",
            given: [
                "noise": noise, "guider": guider, "sampler": try Sampler.named("euler"), "sigmas": sigmas,
                "latent_image": Latent(samples: golden["latent"][0..<1]),
            ])
        // At a level of 10000, single precision leaves a few steps of rounding to the last sum.
        #expect(relativeError(result.samples, golden["comfyui"]) < Tolerance.f32.block)
    }

    @Test("the prompt is that of the published model")
    func prompt() async throws {
        let prompt: Conditioning = try await bench.output(of: "LotusConditioning")
        let tokens = try #require(prompt.entries.first?.context.tokens)
        #expect(prompt.entries.count == 1 && tokens.shape == [1, 2, 1024])
        // The first and the largest of the numbers in ComfyUI's node.
        let values = tokens.floats()
        #expect(values.first == -0.3134765625 && values.allSatisfy(\.isFinite))
        #expect(values.map(\.magnitude).max() == 13.0234375)
    }

    @Test("the depth part of ComfyUI's template runs to a picture")
    func template() async throws {
        let models = try TinyModels()
        let (input, output) = (try TemporaryFolder(), try TemporaryFolder())
        let bitmap = try Bitmap(
            width: 72, height: 56, channels: .rgb, pixels: (0..<72 * 56 * 3).map { UInt8($0 * 7 % 251) })
        try input.write(try PNG.encode(bitmap), to: "flux_depth_lora_example_input_image.png")
        let whole = try #require(
            JSON(
                parsing: Array(
                    try Data(contentsOf: Golden.url("workflows/api/flux_depth_lora_example.json")))
            ).object)
        var part: JSON.Object = [
            "out": [
                "class_type": "SaveImage",
                "inputs": ["filename_prefix": "depth", "images": ["150:41:99", 0]],
            ]
        ]
        for id in whole.keys where id == "17" || id.hasPrefix("150:41:") {
            guard var node = whole[id]?.object, var inputs = node["inputs"]?.object else { continue }
            // The picture is small as it is.
            if node["class_type"]?.string == "VAEEncode" { inputs["pixels"] = ["17", 0] }
            node["inputs"] = .object(inputs)
            part[id] = .object(node)
        }
        let session = Session(
            nodes: .builtin,
            options: SessionOptions(
                folders: Folders(
                    models: [models.folder.url], input: input.url, output: output.url,
                    temp: output.url.appending(path: "temp"))))
        let graph = try session.graph(GraphFile(data: Data(JSON.object(part).text().utf8)))
        let files = try await session.render(graph)
        let picture = try ImageFile.decode(Array(try Data(contentsOf: try #require(files.first)))).converted(
            to: .rgb)
        #expect(picture.width == 72 && picture.height == 56 && Set(picture.pixels).count > 16)
    }
}
