import DioramaTensor
import DioramaTestSupport
import Testing

@Suite struct ArrangementTests {
    /// The numbers from 0 on in a shape.
    private func counting(_ shape: Shape, on device: Device) -> Tensor {
        Tensor((0..<Int32(shape.count)).map { $0 }, shape, on: device)
    }

    @Test func aShapeKnowsItsAxes() {
        let shape: Shape = [2, 3, 5]
        #expect(shape.rank == 3 && shape.count == 30)
        #expect(shape[0] == 2 && shape[-1] == 5 && shape[-3] == 2)
        #expect("\(shape)" == "[2, 3, 5]")
        #expect(Shape([]).count == 1)
    }

    @Test func shapesBroadcastFromTheLastAxis() {
        #expect(Shape([2, 1, 5]).broadcast(with: [3, 1]) == [2, 3, 5])
        #expect(Shape([]).broadcast(with: [4]) == [4])
        #expect(Shape([2, 3]).broadcast(with: [2]) == nil)
        #expect(Shape([0, 3]).broadcast(with: [1, 3]) == [0, 3])
    }

    @Test("reshaped finds the open extent", arguments: Device.each)
    func reshaping(on device: Device) {
        let x = counting([2, 3, 4], on: device)
        #expect(x.reshaped(-1, 4).shape == [6, 4])
        #expect(x.reshaped([24]).ints() == Array(0..<24))
        #expect(x.reshaped(4, -1, 2).shape == [4, 3, 2])
    }

    @Test("views on the leading axis share the bytes", arguments: Device.each)
    func views(on device: Device) {
        let x = counting([3, 2, 2], on: device)
        #expect(x[1].ints() == [4, 5, 6, 7] && x[1].shape == [2, 2])
        #expect(x[1..<3].shape == [2, 2, 2] && x[1..<3][1][0].ints() == [8, 9])
        #expect(x[1].bytes == x.bytes + 16)
    }

    @Test("narrowed and chunked cut any axis", arguments: Device.each)
    func narrowing(on device: Device) {
        let x = counting([2, 3, 4], on: device)
        #expect(
            x.narrowed(axis: 1, 1..<3).ints() == [4, 5, 6, 7, 8, 9, 10, 11, 16, 17, 18, 19, 20, 21, 22, 23])
        #expect(x.narrowed(axis: -1, 3..<4).ints() == [3, 7, 11, 15, 19, 23])
        let parts = x.chunked(into: 2, axis: 2)
        #expect(
            parts[1].shape == [2, 3, 2] && parts[1].ints() == [2, 3, 6, 7, 10, 11, 14, 15, 18, 19, 22, 23])
        #expect(Tensor.concatenated(parts, axis: 2).ints() == x.ints())
        for axis in 0..<3 {
            let parts = x.chunked(into: x.shape[axis], axis: axis)
            let areCuts = parts.enumerated().allSatisfy { place, part in
                let cut = x.narrowed(axis: axis, place..<place + 1)
                return part.shape == cut.shape && part.ints() == cut.ints()
            }
            #expect(areCuts, "axis \(axis)")
        }
        #expect(x.chunked(into: 1, axis: 1)[0].ints() == x.ints())
        #expect(x.narrowed(axis: 1, 2..<2).shape == [2, 0, 4])
    }

    @Test("concatenated and stacked join tensors", arguments: Device.each)
    func joining(on device: Device) {
        let (a, b) = (counting([2, 2], on: device), counting([2, 1], on: device))
        #expect(Tensor.concatenated([a, b], axis: 1).ints() == [0, 1, 0, 2, 3, 1])
        #expect(Tensor.concatenated([a, a], axis: -2).ints() == [0, 1, 2, 3, 0, 1, 2, 3])
        #expect(Tensor.stacked([a, a]).shape == [2, 2, 2])
    }

    @Test("permuted and transposed move axes of every element size", arguments: Device.each)
    func permuting(on device: Device) {
        for dtype in [DType.u8, .f16, .f32, .i32, .i64] {
            let x = counting([2, 3, 4], on: device).asType(dtype)
            let y = x.permuted(2, 0, 1)
            #expect(y.shape == [4, 2, 3] && y.dtype == dtype)
            #expect(
                y.ints() == [
                    0, 4, 8, 12, 16, 20, 1, 5, 9, 13, 17, 21, 2, 6, 10, 14, 18, 22, 3, 7, 11, 15, 19, 23,
                ])
            #expect(y.permuted(1, 2, 0).ints() == x.ints())
        }
        let x = counting([2, 3], on: device)
        #expect(x.transposed(0, -1).ints() == [0, 3, 1, 4, 2, 5])
        #expect(counting([2, 1, 3], on: device).transposed(0, 1).shape == [1, 2, 3])
    }

    @Test("flipped, repeated and broadcast read an axis otherwise", arguments: Device.each)
    func rereading(on device: Device) {
        let x = counting([2, 3], on: device)
        #expect(x.flipped(axis: 1).ints() == [2, 1, 0, 5, 4, 3])
        #expect(x.flipped(axis: 0).ints() == [3, 4, 5, 0, 1, 2])
        #expect(x.repeated(2, axis: 0).ints() == [0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5])
        #expect(x.repeated(2, axis: 1).ints() == [0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5])
        #expect(x[0].broadcast(to: [2, 3]).ints() == [0, 1, 2, 0, 1, 2])
        #expect(
            x.narrowed(axis: 1, 1..<2).broadcast(to: [2, 2, 3]).ints() == [
                1, 1, 1, 4, 4, 4, 1, 1, 1, 4, 4, 4,
            ])
    }

    @Test("padded puts a value around", arguments: Device.each)
    func padding(on device: Device) {
        let x = counting([2, 2], on: device).asType(.f32)
        let y = x.padded([(axis: 1, before: 1, after: 0), (axis: 0, before: 0, after: 1)], value: 9)
        #expect(y.shape == [3, 3] && y.floats() == [9, 0, 1, 9, 2, 3, 9, 9, 9])
        #expect(x.asType(.u8).padded([(axis: -1, before: 0, after: 1)]).ints() == [0, 1, 0, 2, 3, 0])
    }

    @Test func aDescriptionShowsTypeShapeAndStart() {
        let x = Tensor([1, 2.5] as [Float], [2], on: .reference())
        #expect("\(x)" == "f32 [2] (1.0, 2.5)")
        #expect("\(counting([3, 4], on: .reference()))" == "i32 [3, 4] (0, 1, 2, 3, 4, 5, 6, 7, ...)")
    }
}
