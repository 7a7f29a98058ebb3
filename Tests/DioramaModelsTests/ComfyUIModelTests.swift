import DioramaModels
import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Testing

/// Original files against ComfyUI's own model code.
@Suite struct ComfyUIModelTests {
    /// A model of `tools/golden/spellings.py` from its original file, and its inputs.
    private struct Run {
        let model: any DiffusionModel
        let golden: Fixture
        let context: TextContext

        init(_ name: String) throws {
            let spelled = try SpelledModel(name, "float16")
            let (folder, url) = try spelled.file.write()
            golden = try spelled.golden(on: .cpu())
            model = try DiffusionFile(WeightsFile(url).open()).load(on: golden.device, precision: .f32).model
            context = spelled.context(golden)
            withExtendedLifetime(folder) {}
        }

        /// How far the model is from ComfyUI's.
        func error(_ latent: Tensor, _ expected: Tensor, _ changes: (inout TextContext) -> Void = { _ in })
            throws -> Float
        {
            var context = context
            changes(&context)
            return relativeError(try model(latent, timestep: golden["timestep"], context: context), expected)
        }
    }

    private let comfyUI: Fixture

    init() throws { comfyUI = try Fixture("comfyui/models.safetensors") }

    private func expected(_ key: String, like run: Run) -> Tensor { comfyUI[key, on: run.golden.device] }

    @Test("gives the same velocity, at odd sizes too", arguments: ["flux", "chroma", "z-image", "sd3"])
    func velocity(_ name: String) throws {
        let run = try Run(name)
        let latent = run.golden["latent"]
        #expect(try run.error(latent, expected("\(name).velocity", like: run)) < Tolerance.f32.block)
        let odd = latent.narrowed(axis: 2, 0..<5).narrowed(axis: 3, 0..<7)
        #expect(try run.error(odd, expected("\(name).odd", like: run)) < Tolerance.f32.block)
    }

    @Test func guidance() throws {
        let run = try Run("flux")
        let error = try run.error(run.golden["latent"], expected("flux.guidance", like: run)) {
            $0.guidance = .scale(1)
        }
        #expect(error < Tolerance.f32.block)
    }

    @Test("places of reference pictures", arguments: ["offset", "index", "uxo"])
    func references(_ method: String) throws {
        let run = try Run("flux")
        let error = try run.error(run.golden["latent"], expected("flux.\(method)", like: run)) {
            $0.references = (0..<3).map { expected("flux.reference.\($0)", like: run) }
            $0.referenceMethod = ReferenceMethod(rawValue: method)
        }
        #expect(error < Tolerance.f32.block)
    }

    /// The first evaluation runs all tokens and keeps what they attend to; the second, of another latent at half the time, runs none of
    /// the pictures'.
    @Test("pictures seen at time 0, and kept", arguments: ["flux", "flux2"])
    func keptReferences(_ name: String) throws {
        let run = try Run(name)
        let cache = ReferenceCache()
        let pictures = (0..<(name == "flux" ? 3 : 2)).map { expected("\(name).reference.\($0)", like: run) }
        func error(_ latent: Tensor, _ time: Tensor, _ key: String, _ cache: ReferenceCache?) throws -> Float
        {
            var context = run.context
            context.references = pictures
            context.referenceMethod = .indexTimestepZero
            context.referenceCache = cache
            return relativeError(
                try run.model(latent, timestep: time, context: context), expected(key, like: run))
        }
        let (first, time) = (run.golden["latent"], run.golden["timestep"])
        #expect(try error(first, time, "\(name).index_timestep_zero", nil) < Tolerance.f32.block)
        #expect(try error(first, time, "\(name).index_timestep_zero", cache) < Tolerance.f32.block)
        let later = expected("\(name).later", like: run)
        #expect(try error(later, time * 0.5, "\(name).kept", cache) < Tolerance.f32.block)
        // What is kept is what makes the difference: the pictures at another time give another velocity.
        #expect(try error(later, time * 0.5, "\(name).index_timestep_zero", cache) > 10 * Tolerance.f32.block)
    }

    @Test("FLUX.2, with its guidance and places of reference pictures")
    func flux2() throws {
        let run = try Run("flux2")
        let latent = run.golden["latent"]
        #expect(try run.error(latent, expected("flux2.velocity", like: run)) < Tolerance.f32.block)
        let guided = try run.error(latent, expected("flux2.guidance", like: run)) { $0.guidance = .scale(1) }
        #expect(guided < Tolerance.f32.block)
        let beside = try run.error(latent, expected("flux2.references", like: run)) {
            $0.references = (0..<2).map { expected("flux2.reference.\($0)", like: run) }
        }
        #expect(beside < Tolerance.f32.block)
    }

    @Test(arguments: ["wide", "tall"])
    func pixArt(_ shape: String) throws {
        let run = try Run("pixart")
        let latent = expected("pixart.\(shape).latent", like: run)
        #expect(try run.error(latent, expected("pixart.\(shape)", like: run)) < Tolerance.f32.block)
    }
}
