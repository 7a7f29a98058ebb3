public import DioramaTensor

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The sinusoids of `times`: [cos(t f_i), sin(t f_i)] with f_i = 10000^(-i / (width / 2)), as DDPM and its descendants embed time.
///
/// - Parameters:
///   - times: [B], for flow models in 0...1000.
///   - width: even.
/// - Returns: [B, width].
public func timestepSinusoids(_ times: Tensor, width: Int) -> Tensor {
    precondition(width.isMultiple(of: 2), "timestepSinusoids: width \(width) is odd")
    let half = width / 2
    // Frequencies and angles in single precision, in PyTorch's order of operations.
    let frequencies = (0..<half).map { expf(-logf(10000) * Float($0) / Float(half)) }
    let values = times.floats()
    return Tensor([values.count, width], on: times.device) { table in
        for (row, time) in values.enumerated() {
            for (column, frequency) in frequencies.enumerated() {
                table[row * width + column] = cosf(time * frequency)
                table[row * width + half + column] = sinf(time * frequency)
            }
        }
    }
}

/// The two-dimensional table of sines and cosines that transformers over patches add to their tokens.
///
/// Each row is [sin(x ω), cos(x ω), sin(y ω), cos(y ω)] with ω_i = 10000^(-i / (width / 4)): the fast axis first. Angles are taken in
/// double precision. Tables that a checkpoint stores were made this way.
///
/// - Parameters:
///   - height: rows of patches.
///   - width: columns of patches.
///   - channels: length of one row of the table, a multiple of 4.
///   - baseSize: the side, in patches, of the size the model was made for.
///   - scale: interpolation: positions are divided by it.
///   - device: where the table is made.
/// - Returns: [1, height * width, channels].
public func sinusoidTable2D(
    height: Int, width: Int, channels: Int, baseSize: Int, scale: Double = 1, on device: Device
) -> Tensor {
    func positions(_ count: Int) -> [Double] {
        (0..<count).map {
            Double(Float($0) / Float(Double(count) / Double(baseSize)) / Float(scale))
        }
    }
    return sinusoidTable2D(
        rows: positions(height), columns: positions(width), channels: channels, on: device)
}

/// The same table for any positions.
///
/// - Parameters:
///   - rows: the position of each row of patches.
///   - columns: that of each column.
///   - channels: length of one row of the table, a multiple of 4.
///   - device: where the table is made.
/// - Returns: [1, rows * columns, channels].
public func sinusoidTable2D(
    rows: [Double], columns: [Double], channels: Int, on device: Device
) -> Tensor {
    precondition(channels.isMultiple(of: 4), "sinusoidTable2D: \(channels) channels are no multiple of 4")
    let quarter = channels / 4
    let frequencies = (0..<quarter).map { pow(10000, -Double($0) / Double(quarter)) }
    return Tensor([1, rows.count * columns.count, channels], on: device) { table in
        for (y, down) in rows.enumerated() {
            for (x, across) in columns.enumerated() {
                let row = (y * columns.count + x) * channels
                for (i, frequency) in frequencies.enumerated() {
                    for (part, position) in [across, down].enumerated() {
                        table[row + 2 * part * quarter + i] = Float(sin(position * frequency))
                        table[row + (2 * part + 1) * quarter + i] = Float(cos(position * frequency))
                    }
                }
            }
        }
    }
}
