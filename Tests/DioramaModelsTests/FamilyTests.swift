import DioramaModels
import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Synchronization
import Testing

/// Transformers of the families beside Stable Diffusion 3, against diffusers.
@Suite struct FamilyTests {
    /// The model of a golden, from diffusers' names or from those of original files.
    private func model(_ golden: GoldenModel, original prefix: String? = nil) throws -> (
        any DiffusionModel, Weights
    ) {
        let source: any TensorSource =
            try prefix.map { try OriginalFile(golden, prefix: $0) } ?? golden.fixture.file
        return try Family.golden(golden).model(source, prefix: prefix ?? "model.", golden)
    }

    private func context(_ golden: GoldenModel) -> TextContext {
        var context = TextContext(
            tokens: golden["context"],
            pooled: golden.fixture.keys.contains("pooled") ? golden["pooled"] : nil)
        context.guidance = .scale(2.5)
        if golden.fixture.keys.contains("beside") { context.concatenated = golden["beside"] }
        return context
    }

    @Test("agrees with diffusers", arguments: Family.allCases, Device.available)
    func agrees(_ family: Family, on device: Device) throws {
        let golden = try GoldenModel(family.rawValue, on: device)
        let (model, weights) = try model(golden)
        let result = try model(golden["latent"], timestep: golden["timestep"], context: context(golden))
        #expect(relativeError(result, golden[family.result]) < Tolerance.f32.block)
        #expect(weights.unusedKeys.isEmpty)
    }

    @Test("original files give the same", arguments: Family.allCases)
    func originalFiles(_ family: Family) throws {
        let golden = try GoldenModel(family.rawValue, on: .cpu())
        let whole = try model(golden).0(
            golden["latent"], timestep: golden["timestep"], context: context(golden))
        for prefix in ["", "model.diffusion_model."] {
            let (model, weights) = try model(golden, original: prefix)
            let result = try model(golden["latent"], timestep: golden["timestep"], context: context(golden))
            #expect(maxError(result, whole) == 0)
            #expect(weights.unusedKeys.isEmpty, "\(prefix)")
        }
    }

    /// The pictures beside the model's own: Kontext's, and two of FLUX.2.
    @Test("reference pictures", arguments: [Family.flux, .fluxSchnell, .flux2, .flux2Klein])
    func references(_ family: Family) throws {
        let golden = try GoldenModel(family.rawValue, on: .cpu())
        let isFirst = family == .flux || family == .fluxSchnell
        var context = context(golden)
        context.references =
            isFirst ? [golden["reference"]] : [golden["reference.0"], golden["reference.1"]]
        let result = try model(golden).0(
            golden["latent"], timestep: golden["timestep"], context: context)
        #expect(relativeError(result, golden[isFirst ? "kontext" : "edited"]) < Tolerance.f32.block)
    }

    @Test("a picture of a batch is that picture alone", arguments: Family.allCases)
    func batches(_ family: Family) throws {
        let golden = try GoldenModel(family.rawValue, on: .cpu())
        let whole = context(golden)
        var alone = TextContext(tokens: whole.tokens[1..<2], pooled: whole.pooled?[1..<2])
        alone.guidance = whole.guidance
        alone.concatenated = whole.concatenated?[1..<2]
        let result = try model(golden).0(
            golden["latent"][1..<2], timestep: golden["timestep"][1..<2], context: alone)
        #expect(relativeError(result, golden[family.result][1..<2]) < Tolerance.f32.block)
    }

    /// Sides that are no multiple of a patch are continued from the other edge.
    @Test("odd sizes", arguments: Family.allCases)
    func oddSizes(_ family: Family) throws {
        let golden = try GoldenModel(family.rawValue, on: .cpu())
        let latent = golden["latent"]
        let (height, width) = (latent.shape[2], latent.shape[3])
        guard family != .flux2, family != .flux2Klein else { return }
        func odd(_ x: Tensor) -> Tensor {
            x.narrowed(axis: 2, 0..<height - 1).narrowed(axis: 3, 0..<width - 1)
        }
        func continued(_ x: Tensor) -> Tensor {
            let cut = odd(x)
            let rows = Tensor.concatenated([cut, cut.narrowed(axis: 2, 0..<1)], axis: 2)
            return .concatenated([rows, rows.narrowed(axis: 3, 0..<1)], axis: 3)
        }
        var (small, large) = (context(golden), context(golden))
        small.concatenated = small.concatenated.map(odd)
        large.concatenated = large.concatenated.map(continued)
        let model = try model(golden).0
        let result = try model(odd(latent), timestep: golden["timestep"], context: small)
        let expected = try model(continued(latent), timestep: golden["timestep"], context: large)
        #expect(maxError(result, odd(expected)) == 0)
    }

    @Test("what does not fit is told", arguments: Family.allCases)
    func misfits(_ family: Family) throws {
        let golden = try GoldenModel(family.rawValue, on: .cpu())
        let model = try model(golden).0
        let (latent, time, good) = (golden["latent"], golden["timestep"], context(golden))
        let narrow = Tensor.zeros([2, latent.shape[1] + 1, 6, 8], on: .cpu())
        #expect(throws: ModelInputError.self) { try model(narrow, timestep: time, context: good) }
        let stranger = TextContext(tokens: .zeros([2, 5, 13], on: .cpu()), pooled: good.pooled)
        let error = #expect(throws: ModelInputError.self) {
            try model(latent, timestep: time, context: stranger)
        }
        #expect(error?.description.contains("another model's text encoder") == true)
        if good.pooled != nil {
            let bare = TextContext(tokens: good.tokens)
            #expect(throws: ModelInputError.self) { try model(latent, timestep: time, context: bare) }
        }
        if good.concatenated != nil {
            var bare = good
            bare.concatenated = nil
            #expect(throws: ModelInputError.self) { try model(latent, timestep: time, context: bare) }
        }
    }

    @Test("blocks are hooked by their kinds", arguments: Family.allCases)
    func hooks(_ family: Family) throws {
        let golden = try GoldenModel(family.rawValue, on: .cpu())
        let model = try model(golden).0
        let log = Mutex<[BlockCall]>([])
        let runner = BlockRunner { report in log.withLock { $0.append(report.call) } }
        _ = try model(
            golden["latent"], timestep: golden["timestep"], context: context(golden), through: runner)
        let calls = log.withLock { $0 }
        let counts = model.blockGroups.map { group in calls.filter { $0.kind == group.kind }.count }
        #expect(counts == model.blockGroups.map(\.count) && !counts.isEmpty)
        #expect(calls.map(\.position) == Array(0..<counts.reduce(0, +)))
    }
}

/// The goldens of `tools/golden/families.py`.
enum Family: String, CaseIterable {
    case flux
    case fluxSchnell = "flux-schnell"
    case fluxFill = "flux-fill"
    case flux2
    case flux2Klein = "flux2-klein"
    case chroma
    case zImage = "z-image"
    case pixArtSigma = "pixart-sigma"

    static func golden(_ golden: GoldenModel) throws -> Family {
        try #require(Family(rawValue: golden.config.place))
    }

    /// The name of what the reference gives.
    var result: String { self == .pixArtSigma ? "noise" : "velocity" }

    func model(
        _ source: any TensorSource, prefix: String, _ golden: GoldenModel
    ) throws -> (any DiffusionModel, Weights) {
        let device = golden.fixture.device
        let config = golden.config
        switch self {
        case .flux, .fluxSchnell, .fluxFill:
            let config = try FluxConfig(config)
            let weights = Weights(source, on: device, names: FluxTransformer.names(config, prefix: prefix))
            return (try FluxTransformer(weights, config), weights)
        case .flux2, .flux2Klein:
            let config = try Flux2Config(config)
            let weights = Weights(source, on: device, names: Flux2Transformer.names(config, prefix: prefix))
            return (try Flux2Transformer(weights, config), weights)
        case .chroma:
            let config = try ChromaConfig(config)
            let weights = Weights(source, on: device, names: ChromaTransformer.names(config, prefix: prefix))
            return (try ChromaTransformer(weights, config), weights)
        case .zImage:
            let config = try ZImageConfig(config)
            let weights = Weights(source, on: device, names: ZImageTransformer.names(prefix: prefix))
            return (try ZImageTransformer(weights, config), weights)
        case .pixArtSigma:
            let config = try PixArtConfig(config)
            let weights = Weights(source, on: device, names: PixArtTransformer.names(prefix: prefix))
            return (try PixArtTransformer(weights, config), weights)
        }
    }
}
