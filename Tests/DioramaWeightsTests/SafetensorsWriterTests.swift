import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Testing

/// Written files are valid and hold what was given.
@Suite struct SafetensorsWriterTests {
    let device = Device.cpu()

    @Test func whatIsWrittenIsRead() throws {
        let tensors: [(name: String, tensor: Tensor)] = [
            ("b", Tensor([1.5, -2, .infinity], [3, 1], on: device)), ("nothing", .zeros([0, 4], on: device)),
            ("é \"a\"", Tensor([0.25, 3], [2], on: device).asType(.bf16)),
            ("odd", Tensor([UInt8](1...7), [7], on: device)), ("ints", Tensor([Int64.max], [1], on: device)),
        ]
        let metadata = ["prompt": "{\"é\": 1}", "empty": ""]
        let bytes = try SafetensorsWriter.encode(tensors, metadata: metadata)
        let folder = try TemporaryFolder()
        let file = try SafetensorsFile(contentsOf: folder.write(bytes, to: "x.safetensors"))
        #expect(Set(file.keys) == Set(tensors.map(\.name)))
        #expect(file.metadata == metadata)
        for (name, tensor) in tensors {
            let read = try file.tensor(name, on: device)
            #expect(read.shape == tensor.shape && read.dtype == tensor.dtype, "\(name)")
            if tensor.dtype.isFloat { #expect(read.floats() == tensor.floats(), "\(name)") }
        }
        #expect(try file.tensor("odd", on: device).ints() == Array(1...7))
        #expect(try file.tensor("ints", on: device).ints() == [.max])
        // The data starts at a multiple of eight.
        #expect(bytes[0..<8].reversed().reduce(0) { $0 << 8 | Int($1) } % 8 == 0)
    }

    @Test func aNameThatStandsTwiceIsASentence() {
        let one = Tensor([1.0], [1], on: device)
        for names in [["a", "a"], ["__metadata__"]] {
            #expect(throws: WeightsError.self) { try SafetensorsWriter.encode(names.map { ($0, one) }) }
        }
    }
}
