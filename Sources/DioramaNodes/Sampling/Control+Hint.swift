import DioramaModels
import DioramaNN
import DioramaTensor

extension Control {
    /// What the network looks at, encoded and scaled as it has it.
    ///
    /// - Parameter latent: the shape of the latents that the model is asked about, [B, C, h, w].
    /// - Returns: [1 or B, C', h, w], sides filled up to multiples of what the network takes.
    /// - Throws: `ModelInputError` where the autoencoder does not take the pictures.
    func hint(for latent: Shape) throws -> Tensor {
        let form = network.hint
        func side(_ cells: Int) -> Int { (cells + form.multiple - 1) / form.multiple * form.multiple }
        let cells = (height: side(latent[2]), width: side(latent[3]))
        let pixels = Pictures(control: self, cells: cells)
        let sizes = [images?.count, inpainted?.count, mask?.coverage.shape[0]].compactMap { $0 }
        let count = sizes.allSatisfy { $0 == 1 } ? 1 : latent[0]

        /// A batch of which item i is made of the pictures i, over and over; each different one once.
        func batch(_ different: Int, _ make: (Int) throws -> Tensor) rethrows -> Tensor {
            let made = try (0..<min(count, different)).map(make)
            return .concatenated((0..<count).map { made[$0 % made.count] }, axis: 0)
        }
        func encoded(_ different: Int, _ picture: (Int) -> Tensor) throws -> Tensor {
            form.latentFormat.toModel(
                try batch(different) {
                    try vae.autoencoder.latents(of: form.prepared(picture($0)) * 2 - 1)
                })
        }
        let shown = try encoded(images?.count ?? 1) { pixels.of(images, $0) }
        guard form.hasMask else { return shown }
        let masks = mask?.coverage.shape[0] ?? 1
        let second = try encoded(inpainted.map { $0.count * masks } ?? 1) {
            pixels.known(of: inpainted, $0)
        }
        return .concatenated([shown, batch(masks) { pixels.known(at: cells, $0) }, second], axis: 1)
    }
}

/// A control's pictures at the size of what is made.
private struct Pictures {
    let control: Control
    /// The sides of the latents.
    let cells: (height: Int, width: Int)

    private var device: Device { control.images?.pixels.device ?? control.inpainted?.pixels.device ?? .cpu() }

    private var size: (height: Int, width: Int) {
        let factor = control.vae.autoencoder.factor
        return (cells.height * factor, cells.width * factor)
    }

    /// A picture of a batch, which begins again at its end, [1, 3, H, W]; a gray one where there is no batch.
    func of(_ batch: ImageBatch?, _ item: Int) -> Tensor {
        guard let batch else { return .full(0.5, [1, 3, size.height, size.width], on: device) }
        let place = item % batch.count
        let pixels = batch.pixels[place..<place + 1].narrowed(axis: 3, 0..<3)
        return resized(
            pixels.permuted(0, 3, 1, 2), height: size.height, width: size.width,
            by: control.network.hint.scaling, crop: .center)
    }

    /// The same with gray where masks cover more than half.
    func known(of batch: ImageBatch?, _ item: Int) -> Tensor {
        let pixels = of(batch, item)
        guard batch != nil, control.mask != nil else { return pixels }
        let kept = covered(item, size, by: .bilinear).mapped { $0.rounded(.toNearestOrEven) }
        return (pixels - 0.5) * kept + 0.5
    }

    /// How far each cell is known, [1, 1, h, w]; not at all where there is no mask.
    func known(at cells: (height: Int, width: Int), _ item: Int) -> Tensor {
        control.mask == nil
            ? .zeros([1, 1, cells.height, cells.width], on: device) : covered(item, cells, by: .nearest)
    }

    /// What a mask leaves, [1, 1, H, W]; all where there is none.
    private func covered(
        _ item: Int, _ size: (height: Int, width: Int), by method: ResizeMethod
    ) -> Tensor {
        guard let coverage = control.mask?.coverage else {
            return .full(1, [1, 1, size.height, size.width], on: device)
        }
        let place = item % coverage.shape[0]
        let left = 1 - coverage[place..<place + 1]
        return resized(
            left.reshaped(1, 1, coverage.shape[1], coverage.shape[2]), height: size.height, width: size.width,
            by: method, crop: .center)
    }
}
