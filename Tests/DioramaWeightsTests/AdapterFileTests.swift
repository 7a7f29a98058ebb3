import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Testing

/// How the keys of adapter files are read.
@Suite struct AdapterFileTests {
    private let device = Device.cpu(threads: 1)

    private func file(_ keys: [String]) -> AdapterFile {
        AdapterFile(GivenTensors(keys.map { ($0, .zeros([1, 1], on: device)) }))
    }

    @Test(
        "every spelling names its layer and kind",
        arguments: [
            (
                ["transformer.x.to_q.lora_A.weight", "transformer.x.to_q.lora_B.weight"],
                "transformer.x.to_q", "LoRA"
            ),
            (["x.to_q.lora_A.default.weight", "x.to_q.lora_B.default.weight"], "x.to_q", "LoRA"),
            (["x.to_q.lora_A", "x.to_q.lora_B"], "x.to_q", "LoRA"),
            (
                [
                    "lora_unet_x_to_q.lora_down.weight", "lora_unet_x_to_q.lora_up.weight",
                    "lora_unet_x_to_q.alpha",
                ],
                "lora_unet_x_to_q", "LoRA"
            ),
            (["x.to_q.lora.down.weight", "x.to_q.lora.up.weight"], "x.to_q", "LoRA"),
            (
                ["x.processor.to_q_lora.down.weight", "x.processor.to_q_lora.up.weight"], "x.processor.to_q",
                "LoRA"
            ),
            (
                ["x.q_proj.lora_linear_layer.down.weight", "x.q_proj.lora_linear_layer.up.weight"],
                "x.q_proj", "LoRA"
            ),
            (
                ["x.to_out.0.lora_A.weight", "x.to_out.0.lora_B.weight", "x.to_out.0.lora_magnitude_vector"],
                "x.to_out.0", "DoRA"
            ),
            (["x.lora_A.weight", "x.lora_B.weight", "x.lora_magnitude_vector.default.weight"], "x", "DoRA"),
            (["x.lora_down.weight", "x.lora_up.weight", "x.dora_scale"], "x", "DoRA"),
            (["x.hada_w1_a", "x.hada_w1_b", "x.hada_w2_a", "x.hada_w2_b"], "x", "LoHa"),
            (["x.lokr_w1", "x.lokr_w2_a", "x.lokr_w2_b"], "x", "LoKr"),
            (["x.diff", "x.diff_b"], "x", "difference"), (["x.set_weight"], "x", "replacement"),
            (["x.w_norm", "x.b_norm"], "x", "difference"),
            (
                ["x.lora_down.weight", "x.lora_mid.weight", "x.lora_up.weight"], "x",
                "a Tucker core (lora_mid)"
            ),
            (["x.oft_blocks"], "x", "OFT (oft_blocks)"),
        ])
    func spellings(keys: [String], layer: String, kind: String) {
        let file = file(keys)
        #expect(file.layers.map(\.name) == [layer])
        #expect(file.layers.map(\.kind) == [kind])
        #expect(file.otherKeys == [])
    }

    @Test func checkpointsAreNoAdapters() {
        let keys = [
            "text_model.embeddings.weight", "blocks.0.up.weight", "conv_up.weight", "act.alpha", "up.weight",
            "lora_A.weight", "", ".", "..weight",
        ]
        let file = file(keys)
        #expect(file.layers.isEmpty)
        #expect(Set(file.otherKeys) == Set(keys))
    }

    @Test func twoSpellingsOfOneTensorCountOnce() {
        let file = file(["x.lora_A.weight", "x.lora_down.weight", "x.lora_B.weight"])
        #expect(file.layers.count == 1)
        #expect(file.otherKeys == ["x.lora_down.weight"])
    }
}
