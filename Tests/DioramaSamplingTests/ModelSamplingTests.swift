import DioramaSampling
import DioramaTensor
import Testing

@Suite struct ModelSamplingTests {
    @Test func fluxTypeShiftsTimeAsDiffusersDoes() throws {
        let golden = try SamplingGolden.load("diffusers.json", as: SamplingGolden.Diffusers.self)
        for run in golden.shiftedTimes {
            let model = try ModelSampling.flux(shift: run.mu)
            let sigmas = run.times.map { Float(model.sigma(at: $0)) }
            #expect(largestRelativeDifference(sigmas, run.sigmas) <= 1e-5, "mu \(run.mu)")
        }
    }

    /// PixArt's: sqrt((1 - a) / a) with a the running product of 1 - beta in double precision by PyTorch, betas 0.0001 to 0.02.
    @Test func evenBetas() throws {
        let model = try ModelSampling.epsilon(betaStart: 0.0001, betaEnd: 0.02, spacing: .even)
        let expected: [(index: Int, sigma: Float)] = [
            (0, 0.0100005), (1, 0.014830924), (250, 0.95803374), (499, 3.4241366), (998, 155.82519),
            (999, 157.40728),
        ]
        for (index, sigma) in expected { #expect(abs(model.sigmas[index] - sigma) <= 1e-6 * sigma) }
        #expect(model.timestep(of: 3.4241366) == 499)
    }

    @Test func timesAndLevelsAreInverse() throws {
        let discrete = try ModelSampling.epsilon()
        for index in [0, 1, 499, 998, 999] {
            #expect(discrete.timestep(of: discrete.sigmas[index]) == Float(index))
            let level = Float(discrete.sigma(at: Double(index)))
            #expect(abs(level - discrete.sigmas[index]) <= 1e-6 * level)
        }
        #expect(discrete.timestep(of: 1000) == 999)
        #expect(discrete.timestep(of: 0) == 0)
        #expect(try ModelSampling.flow(shift: 3, multiplier: 1000).timestep(of: 0.25) == 250)
        #expect(try ModelSampling.flow(shift: 3, multiplier: 1).timestep(of: 0.25) == 0.25)
        #expect(try ModelSampling.flux(shift: 1.15).timestep(of: 0.25) == 0.25)
    }

    @Test func percentsRunFromNoiseToPicture() throws {
        let models: [ModelSampling] = try [.flow(shift: 3), .flux(shift: 1.15), .epsilon()]
        for model in models {
            let levels = stride(from: 0.0, through: 1, by: 0.125).map { model.sigma(atPercent: $0) }
            #expect(zip(levels, levels.dropFirst()).allSatisfy { $0 > $1 })
            #expect(levels.last == 0)
        }
        #expect(try ModelSampling.flow(shift: 3).sigma(atPercent: 0.5) == 0.75)
    }

    @Test func aLevelKnowsItsPercent() throws {
        for model in try [.flow(shift: 3), .flow(shift: 1), .flux(shift: 1.15), .flux(shift: -1)]
            as [ModelSampling]
        {
            for percent in stride(from: 0.0, through: 1, by: 0.0625) {
                #expect(abs(model.percent(of: model.sigma(atPercent: percent)) - percent) < 1e-6)
            }
        }
        // A noise-predicting model knows only the levels of its table.
        let discrete = try ModelSampling.epsilon()
        for percent in stride(from: 0.0, through: 1, by: 0.0625) {
            #expect(
                abs(discrete.percent(of: discrete.sigma(atPercent: percent)) - percent) <= 0.5 / 999 + 1e-9)
        }
    }

    /// ComfyUI's rule: above the end's level, up to and with the start's.
    @Test func aWindowHoldsAboveItsEndUpToItsStart() throws {
        let model = try ModelSampling.flow(shift: 3)
        let whole = model.window(fromPercent: 0, to: 1)
        #expect(whole.contains(1) && whole.contains(1e-6) && !whole.contains(0))
        let middle = model.window(fromPercent: 0.5, to: 0.75)
        #expect(
            !middle.contains(0.7501) && middle.contains(0.75) && middle.contains(0.5001)
                && !middle.contains(0.5))
        for empty in [(1.0, 1.0), (0.5, 0.5), (0.6, 0.4), (1, 0)] {
            let window = model.window(fromPercent: empty.0, to: empty.1)
            #expect(![1, 0.9, 0.75, 0.5, 0.01].contains(where: window.contains), "\(empty)")
        }
        #expect(try ModelSampling.epsilon().window(fromPercent: 0, to: 1).contains(14.6))
    }

    @Test(arguments: [0, -1, .nan, .infinity, 1e-45] as [Double])
    func aShiftWithoutUsableLevelsIsASentence(shift: Double) throws {
        let error = #expect(throws: SamplingError.self) { try ModelSampling.flow(shift: shift) }
        #expect(error?.description.contains("shift \(shift)") == true)
        #expect(error?.description.contains("the shift must be above 0") == true)
    }

    @Test(arguments: [100, -1000, .nan, .infinity] as [Double])
    func anExponentWithoutUsableLevelsIsASentence(shift: Double) throws {
        let error = #expect(throws: SamplingError.self) { try ModelSampling.flux(shift: shift) }
        #expect(error?.description.contains("shift \(shift)") == true)
    }

    @Test func otherImpossibleParametersAreSentences() throws {
        #expect(throws: SamplingError.self) { try ModelSampling.flow(shift: 3, multiplier: 0) }
        #expect(throws: SamplingError.self) { try ModelSampling.epsilon(betaStart: 0.5, betaEnd: 2) }
        #expect(throws: SamplingError.self) { try ModelSampling.epsilon(betaStart: -1, betaEnd: 0.1) }
    }

    @Test("a model that predicts the picture is shown the latent as it is")
    func picture() throws {
        let model = try ModelSampling.epsilon(predictsPicture: true)
        let device = Device.cpu()
        let (x, output) = (
            Tensor([3, -4] as [Float], [2], on: device), Tensor([0.5, 0.25] as [Float], [2], on: device)
        )
        #expect(model.modelInput(x, sigma: 10_000).floats() == [3, -4])
        #expect(model.denoised(from: output, x: x, sigma: 10_000).floats() == [0.5, 0.25])
        #expect(model.timestep(of: 10_000) == 999)
        #expect(try model.sigmas == ModelSampling.epsilon().sigmas)
    }
}
