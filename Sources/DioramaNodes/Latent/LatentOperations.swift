import DioramaGraph
import DioramaSampling
import DioramaTensor

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Applies an operation to latents.
struct LatentApplyOperation: Node {
    static let spec = NodeSpec(
        "LatentApplyOperation", category: "model/latent/advanced/operations",
        "Applies an operation, such as sharpening, to latents.", isExperimental: true)

    @Input("The latents.") var samples: Latent
    @Input("What to do with them.") var operation: LatentOperation

    @Output("The changed latents.") var latent: Latent

    func run(_ context: RunContext) async throws {
        latent = samples.with(samples: try operation(samples.samples))
    }
}

/// Applies an operation to what guidance adds, in every step.
struct LatentApplyOperationCFG: Node {
    static let spec = NodeSpec(
        "LatentApplyOperationCFG", category: "model/latent/advanced/operations",
        "Applies an operation in every step of sampling to what the prompt adds to the prediction, before cfg makes it larger.",
        isExperimental: true)

    @Input("The model to change; the original stays as it is.") var model: Model
    @Input("What to do.") var operation: LatentOperation

    @Output("The model whose guidance is changed.") var patched: Model

    func run(_ context: RunContext) async throws {
        let operation = operation
        var changed = model
        changed.guidance.before.append { step, _ in
            if let unconditional = step.unconditional {
                step.conditional = try operation(step.conditional - unconditional) + unconditional
            } else {
                step.conditional = try operation(step.conditional)
            }
        }
        patched = changed
    }
}

/// Reinhard's tone mapping for latents.
struct LatentOperationTonemapReinhard: Node {
    static let spec = NodeSpec(
        "LatentOperationTonemapReinhard", category: "model/latent/advanced/operations",
        "An operation that brings in the places of a latent that are far stronger than the rest, as tone mapping does with "
            + "light; applied to guidance it allows a high cfg.", searchAliases: ["hdr", "compress"],
        isExperimental: true)

    @Input("How strong a place may become, in five deviations above the mean.", in: 0...100, step: 0.01)
    var multiplier = 1.0

    @Output("The operation.") var operation: LatentOperation

    func run(_ context: RunContext) async throws {
        let multiplier = Float(multiplier)
        operation = LatentOperation { latents in
            let lengths = latents.channelLengths + 1e-10
            let shape = lengths.shape
            let flat = lengths.reshaped(shape[0], shape[2] * shape[3])
            let mean = flat.mean(axis: 1, keepDims: true)
            let spread = (flat - mean) * (flat - mean)
            // As torch.std: over one less than the count, and no number for a single place.
            let deviation = sqrt(spread.sum(axis: 1, keepDims: true) / Float(flat.shape[1] - 1))
            let top = ((deviation * 5 + mean) * multiplier).reshaped(shape[0], 1, 1, 1)
            let share = lengths * (1 / top)
            return latents / lengths * (share / (share + 1) * top)
        }
    }
}

/// Sharpening for latents.
struct LatentOperationSharpen: Node {
    static let spec = NodeSpec(
        "LatentOperationSharpen", category: "model/latent/advanced/operations",
        "An operation that sharpens latents: it turns each place away from the mean direction of its surroundings and keeps its "
            + "length.", isExperimental: true)

    @Input("How far the surroundings reach, in cells.", in: 1...31, step: 1, advanced: true)
    var sharpenRadius = 9
    @Input(
        "Width of the bell curve that weighs them; their edge is at 1.", in: 0.1...10, step: 0.1,
        advanced: true)
    var sigma = 1.0
    @Input("How much to sharpen; 0 changes nothing.", in: 0...5, step: 0.01, advanced: true) var alpha = 0.1

    @Output("The operation.") var operation: LatentOperation

    func run(_ context: RunContext) async throws {
        let radius = sharpenRadius
        let weights = Self.kernel(radius: radius, sigma: sigma, alpha: alpha)
        operation = LatentOperation { latents in
            let shape = latents.shape
            guard min(shape[2], shape[3]) > radius else {
                throw LatentTooSmall(shape: shape, radius: radius)
            }
            let lengths = latents.channelLengths + 1e-6
            let side = 2 * radius + 1
            let kernel = Tensor(weights, [1, 1, side, side], on: latents.device)
                .broadcast(to: [shape[1], 1, side, side])
            let padded = (latents / lengths).reflected(by: radius, axis: 2).reflected(by: radius, axis: 3)
            return lengths * conv2d(padded, weight: kernel)
        }
    }

    /// The weights of [2 radius + 1, 2 radius + 1] places: minus a bell curve, and a middle that makes their sum 1.
    private static func kernel(radius: Int, sigma: Double, alpha: Double) -> [Float] {
        let side = 2 * radius + 1
        let bell: [Double] = (0..<side * side).map { place in
            let (y, x) = (Double(place / side - radius), Double(place % side - radius))
            let squared = (x * x + y * y) / Double(radius * radius)
            return exp(-squared / (2 * sigma * sigma))
        }
        let whole = bell.reduce(0, +)
        var weights = bell.map { $0 / whole * alpha * -10 }
        let middle = side * side / 2
        weights[middle] += 1 - weights.reduce(0, +)
        return weights.map { Float($0) }
    }
}

extension Tensor {
    /// An axis continued on both sides by its own mirror image, whose edge is not repeated; it is longer than `count`.
    fileprivate func reflected(by count: Int, axis: Int) -> Tensor {
        let extent = shape[axis]
        return .concatenated(
            [
                narrowed(axis: axis, 1..<count + 1).flipped(axis: axis), self,
                narrowed(axis: axis, extent - count - 1..<extent - 1).flipped(axis: axis),
            ], axis: axis)
    }
}

/// A latent whose surroundings would reach beyond it.
private struct LatentTooSmall: Error, CustomStringConvertible {
    let shape: Shape
    let radius: Int

    var description: String {
        "a latent of \(shape[3])x\(shape[2]) cells cannot be sharpened with sharpen_radius \(radius); "
            + "the radius must be less than both sides"
    }
}
