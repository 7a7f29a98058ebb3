import DioramaModels
import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Testing

/// Case 31 of the project's list of hostile files for every family: tensors that a file does not have, and such that it has beside the model's.
@Suite struct MissingTensorsTests {
    private let device = Device.planning(threads: 1)

    @Test("case 31: one that is missing is named as the file would name it", arguments: try EveryModel.all())
    func one(_ model: EveryModel) {
        for key in model.middleKeys {
            let problem = model.problem(model.file.changing([key: nil]), on: device)
            #expect(problem.contains("has no tensor \(key), expected with shape ["), "\(key): \(problem)")
        }
    }

    @Test("case 31: all of a block are told at once", arguments: try EveryModel.all())
    func block(_ model: EveryModel) throws {
        let keys = try model.middleBlock
        let problem = model.problem(
            model.file.changing(Dictionary(uniqueKeysWithValues: keys.map { ($0, nil) })), on: device)
        #expect(problem.contains("\(keys.count) tensors do not fit the model: "), "\(problem)")
        let named = keys.count { problem.contains("\($0) is missing, expected with shape [") }
        #expect(named == min(keys.count, 20), "\(problem)")
        #expect(problem.contains("and \(keys.count - 20) more") == (keys.count > 20), "\(problem)")
    }

    @Test("case 31: missing ones and wrong ones together", arguments: try EveryModel.all())
    func mixed(_ model: EveryModel) throws {
        let keys = Array(model.middleKeys.suffix(2))
        let shape = try #require(model.file.info(keys[1])?.shape)
        let problem = model.problem(
            model.file.changing([
                keys[0]: nil, keys[1]: Shape([shape.dims[0] + 1] + shape.dims.dropFirst()),
            ]), on: device)
        #expect(problem.contains("2 tensors do not fit the model: "), "\(problem)")
        #expect(problem.contains("\(keys[0]) is missing, expected with shape ["), "\(problem)")
        #expect(problem.contains("\(keys[1]) has shape "), "\(problem)")
    }

    @Test(
        "case 31: more than the model has are told by inspect, and the model is made",
        arguments: try EveryModel.all())
    func extra(_ model: EveryModel) throws {
        let block = try #require(model.middleKeys.first)
        let surplus = ["surplus.weight", block + ".surplus.weight"].sorted()
        let file = model.file.changing(Dictionary(uniqueKeysWithValues: surplus.map { ($0, [2, 3]) }))
        #expect(model.problem(file, on: device) == "")
        guard model.role == .tiny else {
            let unused = ModelFileContents(file).unused(on: device)
            #expect(unused.keys.sorted() == surplus && unused.problems == [])
            return
        }
        let notes = try #require(TinyAutoencoderFile(file)).load(on: device, named: "taesd").notes
        #expect(notes.count == 1 && notes[0].hasPrefix("2 tensors are not used, such as "))
    }
}
