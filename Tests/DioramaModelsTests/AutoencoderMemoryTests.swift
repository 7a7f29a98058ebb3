import DioramaModels
import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Testing

/// How much tensors hold at most while pictures are encoded and decoded: the table in docs/PERFORMANCE.md, by a small autoencoder with
/// levels like those of Stable Diffusion 3 and FLUX.1, c, 2 c, 4 c and 4 c channels.
@Suite struct AutoencoderMemoryTests {
    private static let channels = [16, 32, 64, 64]
    /// Pixels each way.
    private static let side = 128

    /// Keys and shapes as diffusers has them.
    private static var shapes: [(String, Shape)] {
        var shapes: [(String, Shape)] = []
        func layer(_ key: String, _ shape: Int...) {
            shapes += [("\(key).weight", Shape(shape)), ("\(key).bias", [shape[0]])]
        }
        func resnet(_ key: String, _ input: Int, _ output: Int) {
            layer("\(key).norm1", input)
            layer("\(key).conv1", output, input, 3, 3)
            layer("\(key).norm2", output)
            layer("\(key).conv2", output, output, 3, 3)
            if input != output { layer("\(key).conv_shortcut", output, input, 1, 1) }
        }
        func half(
            _ key: String, _ channels: [Int], _ blocks: String, _ sampler: String, layers: Int, middle: Int
        ) {
            for (level, output) in channels.enumerated() {
                let block = "\(key).\(blocks)_blocks.\(level)"
                for index in 0..<layers {
                    resnet(
                        "\(block).resnets.\(index)", index == 0 ? channels[max(level - 1, 0)] : output, output
                    )
                }
                if level < channels.count - 1 { layer("\(block).\(sampler)s.0.conv", output, output, 3, 3) }
            }
            for index in 0..<2 { resnet("\(key).mid_block.resnets.\(index)", middle, middle) }
            layer("\(key).mid_block.attentions.0.group_norm", middle)
            for name in ["to_q", "to_k", "to_v", "to_out.0"] {
                layer("\(key).mid_block.attentions.0.\(name)", middle, middle)
            }
        }
        let (first, last) = (channels[0], channels[3])
        layer("encoder.conv_in", first, 3, 3, 3)
        half("encoder", channels, "down", "downsampler", layers: 2, middle: last)
        layer("encoder.conv_norm_out", last)
        layer("encoder.conv_out", 32, last, 3, 3)
        layer("decoder.conv_in", last, 16, 3, 3)
        half("decoder", channels.reversed(), "up", "upsampler", layers: 3, middle: last)
        layer("decoder.conv_norm_out", first)
        layer("decoder.conv_out", 3, first, 3, 3)
        return shapes
    }

    /// The most bytes that are held beside the model and what it is given, in feature maps of the first level at the picture's size.
    private func mostMaps(
        batch: Int, _ precision: Precision, _ shape: Shape, _ body: (AutoencoderKL, Tensor) throws -> Tensor
    ) throws -> Double {
        let device = Device.cpu(threads: 2)
        let tensors = Self.shapes.map { ($0, Tensor.zeros($1, on: device)) }
        let config = try ModelConfig(
            #"{"block_out_channels": [16, 32, 64, 64], "layers_per_block": 2, "latent_channels": 16, "norm_num_groups": 8, "use_quant_conv": false, "use_post_quant_conv": false, "shift_factor": 0.1, "scaling_factor": 0.4}"#,
            place: "config.json")
        let model = try AutoencoderKL(
            Weights(GivenTensors(tensors), on: device, precision: precision), AutoencoderKLConfig(config))
        let input = Tensor.zeros(Shape([batch] + shape.dims), on: device)
        let before = device.memory.current
        _ = try body(model, input)
        let map = batch * Self.channels[0] * Self.side * Self.side * (precision == .f32 ? 4 : 2)
        return Double(device.memory.peak - before) / Double(map)
    }

    @Test("decoding: the last level's input, and one map more", arguments: [1, 2], [Precision.f32, .bf16])
    func decoding(batch: Int, _ precision: Precision) throws {
        let most = try mostMaps(batch: batch, precision, [16, Self.side / 8, Self.side / 8]) {
            try $0.decode($1)
        }
        #expect(most <= 3.05, "\(most)")
    }

    @Test("encoding: two maps", arguments: [Precision.f32, .bf16])
    func encoding(_ precision: Precision) throws {
        for batch in [1, 2] {
            let most = try mostMaps(batch: batch, precision, [3, Self.side, Self.side]) {
                try $0.encode($1).mean
            }
            #expect(most <= 2.05, "\(most)")
        }
    }
}
