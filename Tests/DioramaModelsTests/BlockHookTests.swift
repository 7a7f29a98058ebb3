import DioramaModels
import DioramaTensor
import DioramaTestSupport
import Testing

/// Hooks on blocks that are numbers: each multiplies the image by its number and adds it to the text.
@Suite struct BlockHookTests {
    private let device = Device.reference()
    private let blocks: [Float] = [2, 3, 5]

    private func state(_ image: Float = 1, _ context: Float? = 0) -> BlockState {
        BlockState(
            image: .full(image, [1, 2, 3], on: device),
            context: context.map { .full($0, [1, 4, 3], on: device) })
    }

    private func run(
        _ hooks: [BlockHook], from start: BlockState? = nil, modulation: Tensor? = nil
    ) throws -> BlockState {
        try BlockRunner(hooks: hooks, sigma: 0.75, percent: 0.5).run(
            blocks, .joint, start ?? state(), modulation: modulation ?? .zeros([1, 1, 3], on: device),
            evaluate: evaluated)
    }

    private func evaluated(_ block: Float, _ state: BlockState) -> BlockState {
        BlockState(image: state.image * block, context: state.context.map { $0 + block })
    }

    /// What the numbers of image and text become.
    private func numbers(_ hooks: BlockHook...) throws -> [Float] {
        let end = try run(hooks)
        return [end.image.floats()[0], try #require(end.context).floats()[0]]
    }

    @Test func theConveniencesAreWhatTheySay() throws {
        #expect(try numbers() == [30, 10])
        #expect(try numbers(.skip(.block(1))) == [10, 7])
        #expect(try numbers(.skip(.blocks(0...1))) == [5, 5])
        #expect(try numbers(.skip(.blocks(0...0, 2...2))) == [3, 3])
        #expect(try numbers(.skip(.all)) == [1, 0])
        #expect(try numbers(.repeat(.block(0), times: 3)) == [8 * 15, 14])
        #expect(try numbers(.repeat(.block(0), times: 0)) == [15, 8])
        // 2 + (6 - 2) / 2 = 4, and 2 + (5 - 2) / 2 = 3.5
        #expect(try numbers(.scale(.block(1), by: 0.5)) == [20, 8.5])
        #expect(try numbers(.scale(.block(1), by: -1)) == [(2 - 4) * 5, 4])
        #expect(
            try numbers(.replace(.block(1)) { state, _ in state.moved(towards: state, by: 2) }) == [10, 7])
        #expect(try numbers(.insert(before: .block(2)) { state, _ in evaluated(7, state) }) == [210, 17])
        @Sendable func plusOne(_ state: BlockState) -> BlockState {
            BlockState(image: state.image + 1, context: state.context)
        }
        #expect(try numbers(.insert(before: .block(1)) { state, _ in plusOne(state) }) == [(2 + 1) * 15, 10])
        #expect(try numbers(.insert(after: .block(1)) { state, _ in plusOne(state) }) == [(6 + 1) * 5, 10])
    }

    @Test func aLaterHookStandsAroundTheEarlierOnes() throws {
        // Scaling what skips changes nothing more; skipping what is scaled runs nothing of it.
        #expect(try numbers(.skip(.block(0)), .scale(.block(0), by: 5)) == [15, 8])
        #expect(try numbers(.repeat(.block(0), times: 2), .scale(.block(0), by: 0.5)) == [2.5 * 15, 10])
        #expect(try numbers(.scale(.block(0), by: 0.5), .repeat(.block(0), times: 2)) == [2.25 * 15, 10])
    }

    @Test func aHookIsToldWhichBlockAndWhen() throws {
        let modulation = Tensor.full(9, [1, 1, 3], on: device)
        let told = CallLog()
        let hook = BlockHook(.all) { state, call, block in
            told.append(
                "\(call.name) of \(call.count), \(call.position) of \(call.total), \(call.sigma) \(call.percent) \(call.modulation.floats()[0])"
            )
            return try block(state)
        }
        _ = try run([hook], modulation: modulation)
        let runner = BlockRunner(hooks: [hook])
        _ = try runner.run(
            [1, 1], .single, state(), modulation: modulation, before: 3, after: 1, evaluate: evaluated)
        #expect(
            told.lines == [
                "joint block 0 of 3, 0 of 3, 0.75 0.5 9.0", "joint block 1 of 3, 1 of 3, 0.75 0.5 9.0",
                "joint block 2 of 3, 2 of 3, 0.75 0.5 9.0", "single block 0 of 2, 3 of 6, 0.0 0.0 9.0",
                "single block 1 of 2, 4 of 6, 0.0 0.0 9.0",
            ])
    }

    @Test func kindsAreCountedEachByItself() throws {
        func end(_ selection: BlockSelection) throws -> Float {
            let runner = BlockRunner(hooks: [.skip(selection)])
            let none = Tensor.zeros([1, 1, 3], on: device)
            let middle = try runner.run(
                [2, 3], .double, state(), modulation: none, after: 2, evaluate: evaluated)
            return try runner.run([5, 7], .single, middle, modulation: none, before: 2, evaluate: evaluated)
                .image.floats()[0]
        }
        #expect(try end(.double([0...0])) == 105)
        #expect(try end(.single([0...0])) == 42)
        #expect(try end(.blocks(1...2)) == 14)
        #expect(try end(.all) == 1)
    }

    @Test func eachBlockIsReportedWithItsHooks() throws {
        let told = CallLog()
        let runner = BlockRunner(hooks: [.repeat(.block(1), times: 2)]) { report in
            told.append("\(report.call.name) \(report.start <= report.end)")
        }
        _ = try runner.run(
            blocks, .joint, state(), modulation: .zeros([1, 1, 3], on: device), evaluate: evaluated)
        #expect(told.lines == ["joint block 0 true", "joint block 1 true", "joint block 2 true"])
    }

    private struct Problem: Error, CustomStringConvertible {
        let description = "no fox in this picture"
    }

    @Test func whatAHookThrowsNamesTheBlock() throws {
        let error = #expect(throws: BlockError.self) {
            try run([BlockHook(.block(1)) { _, _, _ in throw Problem() }, .repeat(.all, times: 2)])
        }
        #expect(error?.description == "joint block 1 of 3: no fox in this picture")
        #expect(throws: CancellationError.self) {
            try run([BlockHook(.block(1)) { _, _, _ in throw CancellationError() }])
        }
    }

    @Test func whatDoesNotFitIsASentence() throws {
        func complaint(_ hook: BlockHook, from start: BlockState? = nil) -> String? {
            do {
                _ = try run([hook], from: start)
                return nil
            } catch {
                return "\(error)"
            }
        }
        let narrow = state().image.narrowed(axis: 2, 0..<2)
        #expect(
            complaint(.replace(.block(0)) { _, _ in BlockState(image: narrow) })
                == "joint block 0 of 3: a hook gives image tokens f32 [1, 2, 2] where f32 [1, 2, 3] is expected"
        )
        #expect(
            complaint(.replace(.block(2)) { state, _ in BlockState(image: state.image) })
                == "joint block 2 of 3: a hook gives text tokens none where f32 [1, 4, 3] is expected")
        #expect(
            complaint(
                .replace(.block(2)) { state, _ in
                    BlockState(image: state.image.asType(.f16), context: state.context)
                })
                == "joint block 2 of 3: a hook gives image tokens f16 [1, 2, 3] where f32 [1, 2, 3] is expected"
        )
        let elsewhere = Tensor.zeros([1, 2, 3], on: .reference())
        #expect(
            complaint(
                .replace(.block(2)) { state, _ in BlockState(image: elsewhere, context: state.context) })
                == "joint block 2 of 3: a hook gives image tokens on another device")
        // What goes into the block is looked at before the block sees it.
        #expect(
            complaint(BlockHook(.block(1)) { _, _, block in try block(BlockState(image: narrow)) })
                == "joint block 1 of 3: a hook calls the block with image tokens f32 [1, 2, 2] where f32 [1, 2, 3] is expected"
        )
        // A stream that the family does not have may not be given either.
        #expect(
            complaint(
                .replace(.block(0)) { state, _ in BlockState(image: state.image, context: state.image) },
                from: state(1, nil))
                == "joint block 0 of 3: a hook gives text tokens f32 [1, 2, 3] where none is expected")
    }

    @Test func selectionsOutOfRangeSayHowManyBlocksThereAre() {
        func complaint(_ selection: BlockSelection, _ groups: [BlockGroup]) -> String? {
            do {
                try selection.check(groups)
                return nil
            } catch {
                return "\(error)"
            }
        }
        let joint = [BlockGroup(.joint, count: 7)]
        let flux = [BlockGroup(.double, count: 19), BlockGroup(.single, count: 38)]
        #expect(complaint(.blocks(0...6), joint) == nil)
        #expect(
            complaint(.blocks(5...7), joint)
                == "block 7 is asked for, but this model has 7 blocks, 0 to 6")
        #expect(
            complaint(.block(-1), joint) == "block -1 is asked for, but this model has 7 blocks, 0 to 6")
        #expect(complaint(.single([7...9]), joint) == nil)
        #expect(complaint(.blocks(0...56), flux) == nil)
        #expect(
            complaint(.double([19...19]), flux)
                == "block 19 is asked for, but this model has 19 double blocks, 0 to 18")
        #expect(
            complaint(.single([.max ... .max]), flux)
                == "block 9223372036854775807 is asked for, but this model has 38 single blocks, 0 to 37")
        #expect(complaint(.all, []) == "this model's network has no blocks that hooks can reach")
    }
}
