import DioramaNN
import DioramaTensor
import DioramaWeights

/// One way through a tiny autoencoder: convolutions, residual blocks and changes of size, one after another.
///
/// Layers are numbered; those without weights, a rectifier and doublings, are the numbers that are missing.
struct TinyNetwork: Sendable {
    private enum Layer: Sendable {
        case conv(TinyConv)
        case block(TinyBlock)
        case relu
        case doubled
    }

    let inputChannels: Int, outputChannels: Int
    /// How many times larger, or smaller, its result is each way.
    let scale: Int
    /// Whether blocks look at the whole picture, as those of FLUX.2's do.
    let hasPooling: Bool
    private let layers: [Layer]

    /// More layers than any has.
    private static let most = 64

    /// The number of the last layer with weights; nil where there is none.
    static func last(in w: Weights) -> Int? {
        (0..<most).last { w.contains("\($0).weight") || w.contains("\($0).conv.0.weight") }
    }

    /// Channels that the next layer with weights takes; nil where there is none.
    private static func input(after index: Int, in w: Weights) -> Int? {
        (index + 1..<most).lazy.compactMap { next in
            ["\(next).conv.0.weight", "\(next).weight"].lazy.compactMap { w.shape(of: $0) }.first
        }.first.flatMap { $0.rank == 4 && $0[1] > 0 ? $0[1] : nil }
    }

    /// The way to pictures: a convolution, a rectifier, then blocks, doublings and convolutions without bias.
    init(decoderOf w: Weights) throws {
        try self.init(w, isDecoder: true)
    }

    /// The way to latents: convolutions without bias halve.
    init(encoderOf w: Weights) throws {
        try self.init(w, isDecoder: false)
    }

    private init(_ w: Weights, isDecoder: Bool) throws {
        var (layers, channels, scale, hasPooling): ([Layer], [Int], Int, Bool) = ([], [], 1, false)
        let gaps = TinyGaps(w, isDecoder: isDecoder)
        let last = Self.last(in: w)
        for index in 0...(last ?? 0) where scale <= 64 {
            let place = w[index]
            if place.contains("conv.0.weight") {
                guard let width = channels.last else { break }
                let block = try TinyBlock(place, channels: width)
                hasPooling = hasPooling || block.hasPooling
                layers.append(.block(block))
            } else if let shape = place.shape(of: "weight") {
                guard shape.rank == 4, shape.dims.allSatisfy({ $0 > 0 }) else {
                    throw WeightsError(
                        w.place, "\(place.path).weight has shape \(shape), expected a 3x3 convolution's")
                }
                // The first and the last have one in any case.
                let hasBias = place.contains("bias") || index == 0 || index == last
                let size = isDecoder || hasBias ? 1 : 2
                let input = channels.last ?? shape[1]
                let output = Self.input(after: index, in: w) ?? shape[0]
                channels += channels.isEmpty ? [input, output] : [output]
                scale *= size
                layers.append(
                    .conv(
                        try TinyConv(
                            place, from: input, to: output, kernel: 3, stride: size, hasBias: hasBias)))
            } else {
                guard let width = channels.last else {
                    throw WeightsError(
                        w.place, "has no tensor \(place.path).weight, the first convolution's")
                }
                switch gaps[index] {
                case .relu: layers.append(.relu)
                case .doubled:
                    layers.append(.doubled)
                    scale *= 2
                case .conv:
                    let size = isDecoder ? 1 : 2
                    layers.append(
                        .conv(
                            try TinyConv(
                                place, from: width, to: width, kernel: 3, stride: size, hasBias: false)))
                    scale *= size
                case .block: layers.append(.block(try TinyBlock(place, channels: width)))
                }
            }
        }
        guard let first = channels.first, let end = channels.last, scale <= 64 else {
            throw WeightsError(
                w.place,
                "\(w.path) is no tiny autoencoder's: expected convolutions and blocks, numbered from 0")
        }
        (inputChannels, outputChannels, self.scale, self.hasPooling) = (first, end, scale, hasPooling)
        self.layers = layers
    }

    /// [B, C, H, W] to [B, C', H', W'].
    func callAsFunction(_ x: Tensor) -> Tensor {
        layers.reduce(x) { x, layer in
            switch layer {
            case .conv(let conv): conv(x)
            case .block(let block): block(x)
            case .relu: relu(x)
            case .doubled:
                resized(x, height: 2 * x.shape[2], width: 2 * x.shape[3], by: .nearestExact)
            }
        }
    }
}

/// What the numbers are that have no weights: layers without any, and those of which the weights are missing.
private struct TinyGaps {
    enum Layer { case relu, doubled, conv, block }

    private let w: Weights
    private let isDecoder: Bool

    init(_ w: Weights, isDecoder: Bool) { (self.w, self.isDecoder) = (w, isDecoder) }

    /// In decoders 1 is a rectifier, and a convolution follows each doubling; encoders have weights in every layer, of which each fourth
    /// halves.
    subscript(index: Int) -> Layer {
        guard isDecoder else { return index % 4 == 2 ? .conv : .block }
        if index == 1 { return .relu }
        if isDoubled(index) { return .doubled }
        return isGap(index - 1) && isDoubled(index - 1) ? .conv : .block
    }

    private func isDoubled(_ index: Int) -> Bool {
        index > 1 && (isConv(index + 1) || isGap(index + 1) && !isConv(index + 2))
    }

    private func isConv(_ index: Int) -> Bool { w.contains("\(index).weight") }

    private func isGap(_ index: Int) -> Bool {
        !isConv(index) && !w.contains("\(index).conv.0.weight")
    }
}

/// A residual block of three convolutions.
struct TinyBlock: Sendable {
    private let convs: [TinyConv]
    private let pooling: Pooling?

    /// What looks at the whole picture before the convolutions.
    private struct Pooling: Sendable {
        let widened: TinyConv, norm: GroupNorm, narrowed: TinyConv

        init(_ w: Weights, channels: Int) throws {
            widened = try TinyConv(w[0], from: channels, to: 4 * channels, kernel: 1, hasBias: false)
            norm = try GroupNorm(w[1], channels: 4 * channels, groups: 4, eps: 1e-5)
            narrowed = try TinyConv(w[3], from: 4 * channels, to: channels, kernel: 1, hasBias: false)
        }
    }

    init(_ w: Weights, channels: Int) throws {
        convs = try [0, 2, 4].map {
            try TinyConv(w["conv"][$0], from: channels, to: channels, kernel: 3, hasBias: true)
        }
        pooling = w.contains("pool.0.weight") ? try Pooling(w["pool"], channels: channels) : nil
    }

    var hasPooling: Bool { pooling != nil }

    func callAsFunction(_ input: Tensor) -> Tensor {
        var x = input
        if let pooling { x = x + pooling.narrowed(relu(pooling.norm(pooling.widened(x)))) }
        return relu(convs[2](relu(convs[1](relu(convs[0](x))))) + x)
    }
}

/// A convolution that keeps the size but for its stride, and may have no bias.
struct TinyConv: Sendable {
    private let weight: Tensor
    private let bias: Tensor?
    private let stride: Int, padding: Int
    private let precision: Precision

    init(_ w: Weights, from input: Int, to output: Int, kernel: Int, stride: Int = 1, hasBias: Bool) throws {
        weight = try w.tensor("weight", [output, input, kernel, kernel])
        bias = hasBias ? try w.tensor("bias", [output]) : nil
        (self.stride, padding, precision) = (stride, kernel / 2, w.precision(of: weight))
    }

    func callAsFunction(_ x: Tensor) -> Tensor {
        conv2d(x, weight: weight, bias: bias, stride: stride, padding: padding, precision: precision)
    }
}
