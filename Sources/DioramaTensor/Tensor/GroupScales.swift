/// Scales of groups of consecutive elements of a matrix's rows, in the order in which tensor cores read them.
///
/// NVFP4 has an 8-bit float for 16 elements, MXFP8 a power of two for 32 ([OCP Microscaling
/// Formats](https://www.opencompute.org/documents/ocp-microscaling-formats-mx-v1-0-spec-final-pdf)). They lie in tiles of 512 bytes, each for
/// 128 rows and 4 groups: row r's are at r % 32 · 16 + r / 32 · 4 ([cuBLAS, block scaling factors
/// layout](https://docs.nvidia.com/cuda/cublas/index.html#d-block-scaling-factors-layout)). They are read in place.
public struct GroupScales: Sendable {
    /// How a scale is stored.
    public enum Format: Sendable {
        /// A float of 4 bits of exponent and 3 of fraction.
        case e4m3
        /// The exponent of a power of two, 127 more than it is; 255 is not a number.
        case e8m0
    }

    /// How a scale is stored.
    public let format: Format
    /// Elements of a group.
    public let length: Int
    /// Rows and columns of the matrix.
    public let rows: Int, columns: Int
    /// All tiles, u8.
    let bytes: Tensor
    private let firstRow: Int

    /// Takes scales as they are.
    ///
    /// - Parameters:
    ///   - bytes: ``byteCount(rows:columns:length:)`` of them, u8, of any shape.
    ///   - format: how a scale is stored.
    ///   - length: elements of a group, which divides `columns`; the pieces that products unpack (512) must be whole groups.
    ///   - rows: rows of the matrix.
    ///   - columns: its columns.
    public init(_ bytes: Tensor, _ format: Format, length: Int, rows: Int, columns: Int) {
        precondition(
            bytes.dtype == .u8 && length > 0 && columns.isMultiple(of: length) && 512.isMultiple(of: length)
                && bytes.count == Self.byteCount(rows: rows, columns: columns, length: length),
            "GroupScales: \(bytes.dtype) \(bytes.shape) are not those of [\(rows), \(columns)] in groups of \(length)"
        )
        (self.bytes, self.format, self.length) = (bytes, format, length)
        (self.rows, self.columns, firstRow) = (rows, columns, 0)
    }

    private init(_ whole: GroupScales, _ rows: Range<Int>) {
        (bytes, format, length) = (whole.bytes, whole.format, whole.length)
        (self.rows, columns, firstRow) = (rows.count, whole.columns, whole.firstRow + rows.lowerBound)
    }

    /// Bytes of the scales of a matrix, whole tiles.
    public static func byteCount(rows: Int, columns: Int, length: Int) -> Int {
        (rows + 127) / 128 * ((columns / length + 3) / 4) * 512
    }

    /// Those of some of the rows, in place.
    subscript(_ rows: Range<Int>) -> GroupScales { GroupScales(self, rows) }

    /// Where they are; valid while the tensor is kept alive.
    var encoded: EncodedGroups {
        EncodedGroups(
            format: format, length: length,
            bytes: UnsafePointer(bytes.bytes.assumingMemoryBound(to: UInt8.self)),
            tiles: (columns / length + 3) / 4, firstRow: firstRow)
    }
}
