#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Turns blocks of 16 uniform numbers into 16 normal ones as torch's processor kernels do.
///
/// The first eight give radii, sqrt(-2 ln(1 - u)), the last eight angles, 2πu; radius times cosine replaces the
/// first eight and radius times sine the last. Singles use the polynomials of Moshier's Cephes library with every
/// multiply-add fused, as torch's AVX2 kernel evaluates them, so that all machines get the bits of an x86 torch.
enum BoxMuller {
    /// Uniform numbers in a block.
    static let block = 16

    /// Transforms one block of singles in place.
    static func transform(_ values: inout [Float], _ block: Range<Int>) {
        let (radii, angles) = (block.lowerBound, block.lowerBound + 8)
        for j in 0..<8 {
            let radius = (-2 * log(1 - values[radii + j])).squareRoot()
            let (sine, cosine) = sinCos(Float(2 * Double.pi) * values[angles + j])
            values[radii + j] = radius * cosine
            values[angles + j] = radius * sine
        }
    }

    /// Transforms one block of doubles in place, by the system's mathematics library.
    static func transform(_ values: inout [Double], _ block: Range<Int>) {
        let (radii, angles) = (block.lowerBound, block.lowerBound + 8)
        for j in 0..<8 {
            let radius = (-2 * logarithm(1 - values[radii + j])).squareRoot()
            let angle = 2 * Double.pi * values[angles + j]
            values[radii + j] = radius * cos(angle)
            values[angles + j] = radius * sin(angle)
        }
    }

    /// The natural logarithm of a positive number.
    private static func log(_ x: Float) -> Float {
        // x = m · 2^e with m in sqrt(1/2)..<sqrt(2), then the series in m - 1.
        let bits = Swift.max(x, 0x1p-126).bitPattern
        var e = Float(Int32(bits >> 23) - 126)
        var m = Float(bitPattern: bits & 0x007F_FFFF | 0x3F00_0000)
        if m < 0.707106781186547524 {
            e -= 1
            m = (m - 1) + m
        } else {
            m -= 1
        }
        let square = m * m
        var y = horner(
            m, 7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
            -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1)
        y = y * m
        y = fma(y, square, e * -2.12194440e-4)
        y = fma(-square, 0.5, y)
        return fma(e, 0.693359375, m + y)
    }

    /// The sine and cosine of a number that is not negative.
    private static func sinCos(_ angle: Float) -> (sine: Float, cosine: Float) {
        // Octants rounded to even: x = angle - octant · π/4, with π/4 in three parts.
        let octant = (Int32(angle * 1.27323954473516) + 1) & ~1
        let y = Float(octant)
        var x = fma(y, -0.78515625, angle)
        x = fma(y, -2.4187564849853515625e-4, x)
        x = fma(y, -3.77489497744594108e-8, x)
        let square = x * x

        var c = horner(square, 2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2)
        c = fma(c * square, square, -(square * 0.5)) + 1
        var s = horner(square, -1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1)
        s = fma(s * square, x, x)

        let (sine, cosine) = octant & 2 == 0 ? (s, c) : (c, s)
        return (octant & 4 == 0 ? sine : -sine, (octant - 2) & 4 == 0 ? -cosine : cosine)
    }

    /// a · b + c with one rounding.
    private static func fma(_ a: Float, _ b: Float, _ c: Float) -> Float {
        c.addingProduct(a, b)
    }

    /// The polynomial of the given coefficients, highest power first.
    @inline(__always)
    private static func horner(_ x: Float, _ coefficients: Float...) -> Float {
        coefficients.dropFirst().reduce(coefficients[0]) { fma($0, x, $1) }
    }
}

/// The system's natural logarithm, under a name that the polynomial's does not hide.
private func logarithm(_ x: Double) -> Double { log(x) }
