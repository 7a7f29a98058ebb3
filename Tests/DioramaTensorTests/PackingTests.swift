import CKernels
import DioramaTensor
import Testing

/// The kernels that pack, by what their header promises to their callers.
@Suite struct PackingTests {
    /// Behind the memory that a kernel is given.
    private static let guarded: [UInt32] = Array(repeating: 0x5AFE_5AFE, count: 64)

    @Test(
        "packing rows writes into the tile, its scales and its scratch alone",
        arguments: Instructions.runnable)
    func roomOfTiles(_ instructions: Instructions) {
        let kernels = dk_kernels_at(instructions.rawValue).pointee
        for (depth, rotation) in [(1, 1), (31, 1), (64, 16), (300, 1), (512, 256), (1030, 1)] {
            let x = (0..<kernels.panel_rows * depth).map { Float($0 % 17) - 8 }
            for precision in [DK_SINGLE, DK_HALF, DK_INT8] {
                let units = kernels.panel_units(precision, depth)
                for rows in [1, 7, kernels.panel_rows] where rows <= kernels.panel_rows {
                    var tile = Array(repeating: UInt32(0), count: kernels.panel_rows * units) + Self.guarded
                    var scales =
                        Array(repeating: Float(0), count: kernels.panel_rows)
                        + [Float](repeating: 7, count: 64)
                    var scratch = Array(repeating: UInt32(0), count: 8 * units + depth) + Self.guarded
                    kernels.pack_tile(&tile, &scales, precision, x, depth, rows, depth, rotation, &scratch)
                    let call = "precision \(precision.rawValue), \(rows) rows of \(depth)"
                    #expect(tile.suffix(64).elementsEqual(Self.guarded), "\(call)")
                    #expect(scales.suffix(64).allSatisfy { $0 == 7 }, "\(call)")
                    #expect(scratch.suffix(64).elementsEqual(Self.guarded), "\(call)")
                }
            }
        }
    }
}
