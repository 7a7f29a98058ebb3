import DioramaModels
import DioramaSampling
import DioramaTensor

/// How a run of the sampler asks the model with one prompt, and how much the answer counts.
struct PromptQuery: Sendable {
    /// For each latent of the batch.
    let context: TextContext
    /// The shape of the latents that the model is asked about, [B, C, h, w].
    let latent: Shape
    /// What steers the model.
    let controls: [PlacedControl]
    /// Whether the prediction is the mean where it is the only one: it holds always and everywhere.
    let isPlain: Bool
    /// The weight of the prediction, [B, 1, h, w].
    let weight: Tensor
    private let window: SigmaWindow
    /// The cells that the model is asked about; all when nil.
    private let area: CellRectangle?

    /// Prepares a prompt.
    ///
    /// - Parameters:
    ///   - prompt: the prompt and its part of the picture.
    ///   - whole: the shape of the latents that are denoised at once, [B, C, H, W].
    ///   - model: what will be asked.
    ///   - placedControls: the run's ControlNets.
    ///   - coverage: what may change, [B, 1, H, W]; nil where everything may.
    /// - Throws: `ModelInputError` where the prompt's area lies outside of the latents, or a picture or a ControlNet beside it does not
    ///   fit.
    init(
        _ prompt: PlacedPrompt, _ whole: Shape, _ model: Model, _ placedControls: inout PlacedControls,
        _ coverage: Tensor? = nil
    ) throws {
        let (entry, sampling) = (prompt.entry, model.sampling)
        window =
            entry.percents == 0...1
            ? .whole : sampling.window(fromPercent: entry.percents.lowerBound, to: entry.percents.upperBound)
        area = try prompt.area.map { area in
            guard let within = area.within(height: whole[2], width: whole[3]) else {
                throw ModelInputError(
                    "a prompt's area begins \(area.left) cells from the left and \(area.top) from the top, outside of the "
                        + "latent, which is \(whole[3]) wide and \(whole[2]) high; a cell has 8 by 8 pixels")
            }
            return within
        }
        context = try Self.context(of: entry, area, whole, model, coverage)
        let latent = area.map { [whole[0], whole[1], $0.height, $0.width] } ?? whole
        self.latent = latent
        controls = try (model.controls + entry.controls).map { try placedControls.placed($0, latent) }
        isPlain = entry.percents == 0...1 && entry.mask == nil && entry.strength == 1 && area == nil
        weight = Self.weight(of: entry, area, whole)
    }

    /// Whether the same steers the model as for another prompt.
    func isSteered(like other: PromptQuery) -> Bool { controls.elementsEqual(other.controls, by: ===) }

    /// Whether it holds at a noise level; those where it begins and ends belong to it.
    func holds(at sigma: Float) -> Bool { sigma <= window.start && sigma >= window.end }

    /// What the model is asked about, [B, C, h, w], of a whole latent.
    func part(of x: Tensor) -> Tensor { area.map { x.part($0) } ?? x }

    /// A part in its place among zeros.
    ///
    /// - Parameters:
    ///   - part: [B, C, h, w].
    ///   - whole: the shape of the latents that are denoised at once.
    /// - Returns: [B, C, H, W].
    func placed(_ part: Tensor, in whole: Shape) -> Tensor {
        guard let area else { return part }
        return part.padded([
            (axis: 2, before: area.top, after: whole[2] - area.top - area.height),
            (axis: 3, before: area.left, after: whole[3] - area.left - area.width),
        ])
    }

    /// The text and what the model looks at beside it, for each latent of the batch.
    private static func context(
        of entry: Conditioning.Entry, _ area: CellRectangle?, _ whole: Shape, _ model: Model,
        _ coverage: Tensor?
    ) throws -> TextContext {
        func repeated(_ tensor: Tensor) throws -> Tensor {
            guard whole[0].isMultiple(of: tensor.shape[0]) else {
                throw ModelInputError(
                    "a prompt has \(tensor.shape[0]) pictures beside it, the latent a batch of \(whole[0])")
            }
            return tensor.repeated(whole[0] / tensor.shape[0], axis: 0)
        }
        var context = entry.context.repeated(whole[0] / entry.context.tokens.shape[0])
        context.guidance = entry.isUnguided ? .unguided : entry.guidance.map { .scale(Float($0)) }
        context.referenceMethod = entry.referenceMethod
        context.references = try entry.references.map { model.latentFormat.toModel(try repeated($0)) }
        if model.cachesReferences, !context.references.isEmpty {
            context.referenceMethod = context.referenceMethod ?? .indexTimestepZero
            context.referenceCache = ReferenceCache()
        }
        let device = context.tokens.device
        // Where no node gave a picture, models that want one are shown a latent of zeros, scaled as any other, of which is made anew what
        // may change: so does ComfyUI.
        let picture = try entry.inpainting.map { try repeated($0.latent) } ?? .zeros(whole, on: device)
        let inpainting = InpaintingInput(
            latent: model.latentFormat.toModel(picture),
            mask: try entry.inpainting?.mask.map(repeated) ?? coverage)
        let shown = try model.network.concatenated(inpainting, for: whole, on: device)
        context.concatenated = area.flatMap { area in shown.map { $0.part(area) } } ?? shown
        return context
    }

    /// Masks count as they are; an area without one fades out towards the edges that lie within the picture.
    private static func weight(
        of entry: Conditioning.Entry, _ area: CellRectangle?, _ whole: Shape
    ) -> Tensor {
        let device = entry.context.tokens.device
        if let mask = entry.mask {
            let planes = mask.planes(for: whole)
            return (area.map { planes.part($0) } ?? planes) * Float(entry.maskStrength)
                * Float(entry.strength)
        }
        guard let area else {
            return .full(Float(entry.strength), [whole[0], 1, whole[2], whole[3]], on: device)
        }
        let even = Tensor.full(Float(entry.strength), [whole[0], 1, area.height, area.width], on: device)
        let rows = ramps(area.height, start: area.top > 0, end: area.top + area.height < whole[2])
        let columns = ramps(area.width, start: area.left > 0, end: area.left + area.width < whole[3])
        return even * Tensor(rows, [1, 1, area.height, 1], on: device)
            * Tensor(columns, [1, 1, 1, area.width], on: device)
    }

    /// Factors along a side: from near 0 at its ends, where they fade, to 1 over 8 cells, or a quarter of a short side.
    private static func ramps(_ count: Int, start: Bool, end: Bool) -> [Float] {
        let length = min(8, count / 4)
        func ramp(_ distance: Int) -> Float {
            distance < length ? Float(1 / Double(length) * Double(distance + 1)) : 1
        }
        return (0..<count).map { (start ? ramp($0) : 1) * (end ? ramp(count - 1 - $0) : 1) }
    }
}

extension Tensor {
    /// A rectangle of the last two axes.
    fileprivate func part(_ area: CellRectangle) -> Tensor {
        narrowed(axis: 2, area.top..<area.top + area.height)
            .narrowed(axis: 3, area.left..<area.left + area.width)
    }
}
