import DioramaNN
import DioramaTensor
import DioramaTestSupport
import Testing

/// Against PyTorch's `interpolate`, Pillow and the definition of bislerp (`tools/golden/layers.py`).
@Suite struct ResizeTests {
    static let sizes = [(9, 14), (4, 5), (7, 22)]

    let golden: Fixture

    init() throws { golden = try Fixture("nn/resize.safetensors") }

    @Test("agrees with the reference, stretched and cropped", arguments: ResizeMethod.allCases, sizes)
    func agrees(_ method: ResizeMethod, _ size: (height: Int, width: Int)) {
        let source = golden[method == .lanczos ? "pixels" : "x"]
        let name = "\(method.rawValue).\(size.height)x\(size.width)"
        for (key, crop) in [(name, ResizeCrop.disabled), (name + ".center", .center)] {
            let result = resized(source, height: size.height, width: size.width, by: method, crop: crop)
            if method == .lanczos {
                // Fixed-point arithmetic on 8-bit values: every pixel is the same.
                #expect(
                    result.floats().map { Int(($0 * 255).rounded()) }
                        == golden.floats(key).map { Int(($0 * 255).rounded()) })
            } else {
                // acos of nearly parallel vectors loses half the digits.
                let tolerance = method == .bislerp ? Tolerance.f32.block : Tolerance.f32.op
                #expect(relativeError(result, golden[key]) < tolerance, "\(key)")
            }
        }
    }

    @Test("at its own size a picture stays as it is", arguments: ResizeMethod.allCases)
    func sameSize(_ method: ResizeMethod) {
        let source = method == .lanczos ? golden["x"].clamped(0, 0) : golden["x"]
        let result = resized(source, height: 7, width: 11, by: method)
        // Bislerp takes lengths apart and puts them together again.
        #expect(maxError(result, source) <= (method == .bislerp ? 1e-6 : 0))
    }

    @Test func croppingAThinPictureKeepsOnePixel() {
        let thin = golden["x"].narrowed(axis: 2, 0..<1)
        let result = resized(thin, height: 100, width: 1, by: .bilinear, crop: .center)
        #expect(result.shape == [2, 3, 100, 1])
        #expect(maxError(result[0..<1].narrowed(axis: 2, 0..<1), thin[0..<1].narrowed(axis: 3, 5..<6)) == 0)
    }
}
