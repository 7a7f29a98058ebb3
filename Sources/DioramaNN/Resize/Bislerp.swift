import DioramaTensor

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// [B, C, H, W] to [B, C, height, width], columns first: between two cells the channel vector turns at constant speed while its length
/// is mixed linearly, as ComfyUI's `bislerp`.
func bislerp(_ x: Tensor, height: Int, width: Int) -> Tensor {
    let wide = slerpedRows(x, to: width)
    return slerpedRows(wide.transposed(2, 3), to: height).transposed(2, 3)
}

/// Resamples the last axis of [B, C, H, W].
private func slerpedRows(_ x: Tensor, to count: Int) -> Tensor {
    let (batch, channels) = (x.shape[0], x.shape[1])
    let (height, oldCount) = (x.shape[2], x.shape[3])
    let scale = Float(oldCount) / Float(count)
    let taps = (0..<count).map { Resampling.bilinear(max((Float($0) + 0.5) * scale - 0.5, 0), oldCount) }
    return Tensor([batch, channels, height, count], on: x.device) { output in
        x.withFloats { input in
            var a = [Float](repeating: 0, count: channels)
            var b = a
            for picture in 0..<batch {
                for row in 0..<height {
                    for (column, tap) in taps.enumerated() {
                        for channel in 0..<channels {
                            let line = ((picture * channels + channel) * height + row) * oldCount
                            a[channel] = input[line + tap.indices[0]]
                            b[channel] = input[line + tap.indices[1]]
                        }
                        let mix = SlerpWeights(a, b, tap.weights[1])
                        for channel in 0..<channels {
                            let line = ((picture * channels + channel) * height + row) * count
                            output[line + column] = mix.a * a[channel] + mix.b * b[channel]
                        }
                    }
                }
            }
        }
    }
}

/// The factors of two vectors in their spherical mix.
private struct SlerpWeights {
    let a, b: Float

    /// `t` is how far from `a` to `b`.
    init(_ a: [Float], _ b: [Float], _ t: Float) {
        let (normA, normB) = (Self.norm(a), Self.norm(b))
        let length = normA * (1 - t) + normB * t
        // The direction of a zero vector is zero.
        let (unitA, unitB) = (normA > 0 ? 1 / normA : 0, normB > 0 ? 1 / normB : 0)
        let cosine = zip(a, b).reduce(0) { $0 + ($1.0 * unitA) * ($1.1 * unitB) }
        if cosine > 1 - 1e-5 {
            (self.a, self.b) = (1, 0)
        } else if cosine < 1e-5 - 1 {
            (self.a, self.b) = (1 - t, t)
        } else {
            let angle = acosf(cosine)
            let sine = sinf(angle)
            self.a = sinf((1 - t) * angle) / sine * unitA * length
            self.b = sinf(t * angle) / sine * unitB * length
        }
    }

    private static func norm(_ x: [Float]) -> Float { x.reduce(0) { $0 + $1 * $1 }.squareRoot() }
}
