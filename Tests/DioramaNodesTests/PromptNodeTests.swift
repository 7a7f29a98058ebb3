import Diorama
import DioramaModels
import DioramaTensor
import DioramaTestSupport
import Testing

/// CLIPSetLastLayer and FluxGuidance.
@Suite struct PromptNodeTests {
    let bench: Workbench
    private let clip: CLIP

    init() async throws {
        bench = try Workbench()
        let loaded = try await bench.run("CheckpointLoaderSimple", ["ckpt_name": "diorama-tiny"])
        clip = try #require(loaded.value("node", output: 1, as: CLIP.self))
    }

    private func encoded(_ text: String, _ clip: CLIP) async throws -> TextContext {
        let prompt: Conditioning = try await bench.output(
            of: "CLIPTextEncode", ["text": .string(text)], given: ["clip": clip])
        return try #require(prompt.entries.first).context
    }

    /// The encoders have two layers each, so -3 and -24 give their last, normed states.
    @Test("a text encoder stops where ComfyUI's does", arguments: [nil, -1, -2, -3, -24])
    func lastLayer(layer: Int?) async throws {
        let golden = try Fixture("comfyui/clip_layers.safetensors")
        let text = try PipelineRun("boat").settings.prompt
        var stopped = clip
        if let layer {
            stopped = try await bench.output(
                of: "CLIPSetLastLayer", ["stop_at_clip_layer": .integer(layer)], given: ["clip": clip])
        }
        let context = try await encoded(text, stopped)
        let key = layer.map(String.init) ?? "None"
        let tokens = golden["\(key).tokens"]
        let count = tokens.shape[1]
        #expect(
            relativeError(context.tokens.narrowed(axis: 1, 0..<count), tokens) < Tolerance.f32.block)
        #expect(relativeError(context.pooled, golden["\(key).pooled"]) < Tolerance.f32.block)
        // The zero tokens in T5's place stay as they are.
        #expect(context.tokens.shape[1] == count + 1 && context.tailCount == 256)
        #expect(context.tokens.narrowed(axis: 1, count..<count + 1).floats().allSatisfy { $0 == 0 })
    }

    @Test func theLayerLastsThroughALoRA() async throws {
        let stopped: CLIP = try await bench.output(
            of: "CLIPSetLastLayer", ["stop_at_clip_layer": -1], given: ["clip": clip])
        let (model, _) = try await bench.checkpoint()
        let adapted: CLIP = try await bench.output(
            1, of: "LoraLoader", ["lora_name": "cyanotype.safetensors", "strength_clip": 0.5],
            given: ["model": model, "clip": stopped])
        #expect(adapted.layer == -1)
    }

    @Test func anEncoderWithoutLayersSaysSo() async throws {
        let one = CLIP(encoder: OneLayer(device: bench.device), layer: -2)
        #expect(
            await bench.failure(of: "CLIPTextEncode", ["text": "a boat"], given: ["clip": one])?
                .hasSuffix(
                    "this text encoder gives the states of one layer only; leave out CLIP Set Last Layer")
                == true)
    }

    @Test func guidanceIsSaidOfEveryEntry() async throws {
        let prompt = Conditioning([1, 2].map { ToyNetwork.prompt($0, on: bench.device) })
        let guided: Conditioning = try await bench.output(
            of: "FluxGuidance", ["guidance": 2.5], given: ["conditioning": prompt])
        #expect(guided.entries.map(\.guidance) == [2.5, 2.5])
        #expect(prompt.entries.map(\.guidance) == [nil, nil])
    }
}

private struct OneLayer: TextEncoder {
    let device: Device

    func encode(_ text: String) throws -> EncodedText {
        throw ModelInputError("not asked for")
    }
}
