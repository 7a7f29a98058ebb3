import DioramaJSON
import DioramaModels
import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Synchronization
import Testing

/// Every family in every spelling and precision of files, against diffusers with the weights that the bytes stand for.
@Suite struct SpellingTests {
    @Test("agrees with diffusers", arguments: try SpelledModel.all(), Device.available)
    func agrees(_ spelled: SpelledModel, on device: Device) throws {
        // The slow device shall not run the wide models, whose blocks have tests of their own.
        guard device.name != "reference" || !spelled.name.hasSuffix("-wide") else { return }
        let (folder, url) = try spelled.file.write()
        defer { withExtendedLifetime(folder) {} }
        let golden = try spelled.golden(on: device)
        let isExact = !spelled.types.contains { $0.hasPrefix("I8") }
        for (precision, tolerance) in [
            (Precision.f32, isExact ? Tolerance.f32.block : Tolerance.bf16.model),
            (nil, Tolerance.bf16.model),
        ] {
            let part = try DiffusionFile(WeightsFile(url).open()).load(on: device, precision: precision)
            #expect(part.family == spelled.family && part.notes == [])
            let result = try part.model(
                golden["latent"], timestep: golden["timestep"], context: spelled.context(golden))
            let error: Float = relativeError(result, golden[spelled.variant])
            figure(
                "\(spelled.testDescription) relative \(error), \(precision.map { "\($0)" } ?? "as stored")")
            #expect(error < tolerance)
        }
    }

    @Test(
        "each block agrees with diffusers", arguments: SpelledModel.families.keys.sorted(), Device.available)
    func blocks(_ name: String, on device: Device) throws {
        let spelled = try SpelledModel(name, "float32")
        let (folder, url) = try spelled.file.write()
        defer { withExtendedLifetime(folder) {} }
        let golden = try spelled.golden(on: device)
        let model = try DiffusionFile(WeightsFile(url).open()).load(on: device).model
        let seen = Mutex<[(call: BlockCall, before: BlockState, after: BlockState)]>([])
        let hook = BlockHook(.all) { state, call, block in
            let next = try block(state)
            seen.withLock { $0.append((call, state, next)) }
            return next
        }
        _ = try model(
            golden["latent"], timestep: golden["timestep"], context: spelled.context(golden),
            through: BlockRunner(hooks: [hook]))
        let states = seen.withLock { $0 }
        let groups = model.blockGroups
        #expect(states.count == groups.reduce(0) { $0 + $1.count } && !states.isEmpty)
        var compared = 0
        for (call, before, after) in states {
            let isFirstGroup = call.kind == groups[0].kind
            let part =
                name == "z-image"
                ? "layers" : isFirstGroup ? "transformer_blocks" : "single_transformer_blocks"
            let key = "\(part).\(call.index)"
            let hasText = golden.keys.contains("\(key).context")
            let expected =
                isFirstGroup || !hasText
                ? golden["\(key).image"]
                : Tensor.concatenated([golden["\(key).context"], golden["\(key).image"]], axis: 1)
            #expect(relativeError(after.image, expected) < Tolerance.f32.block, "\(key)")
            if isFirstGroup, hasText {
                #expect(
                    relativeError(after.context, golden["\(key).context"]) < Tolerance.f32.block, "\(key)")
            }
            compared += hasText ? 2 : 1
            guard name == "z-image", call.index == 0 else { continue }
            // What the first layer is given are both refiners' results.
            let refined = [golden["noise_refiner.0.image"], golden["context_refiner.0.image"]]
            #expect(relativeError(before.image, .concatenated(refined, axis: 1)) < Tolerance.f32.block)
            compared += 2
        }
        let stored = golden.keys.count { $0.hasSuffix(".image") || $0.hasSuffix(".context") }
        #expect(compared == stored)
    }
}

extension SpelledModel: CustomTestStringConvertible {
    /// What to give the model beside the latent and the time.
    func context(_ golden: Fixture) -> TextContext {
        var context = TextContext(
            tokens: golden["context"], pooled: golden.keys.contains("pooled") ? golden["pooled"] : nil)
        context.guidance = .scale(2.5)
        return context
    }
}
