/// Functions of one element.
package enum UnaryOp: String, Sendable, CaseIterable {
    case negate, exp, log, sqrt, rsqrt, tanh, sigmoid, sin, cos, abs, silu, quickGELU, relu
    /// x · Φ(x), by the error function.
    case gelu
    /// The tanh approximation of x · Φ(x).
    case geluTanh
}

/// Functions of two elements.
package enum BinaryOp: String, Sendable, CaseIterable {
    case add, subtract, multiply, divide
}

/// Functions that make one element of a row of them.
package enum ReduceOp: String, Sendable, CaseIterable {
    case sum, mean, max, min
}

/// Where each element of an array is read from and written to, in elements.
package struct StridedCopy: Sendable {
    /// The extents to go through.
    package var dims: [Int]
    /// Steps through the result, an axis each.
    package var outStrides: [Int]
    /// Steps through the operand, an axis each; 0 repeats, a negative step reads backwards.
    package var strides: [Int]
    /// The result's and the operand's first element.
    package var outStart = 0, start = 0
}

/// How two operands are read for a result of shape `dims`; a stride of 0 repeats.
package struct BroadcastPair: Sendable {
    /// The result's extents.
    package var dims: [Int]
    /// Steps through each operand, an axis each.
    package var aStrides: [Int], bStrides: [Int]
}

/// A list of products of matrices of one size.
package struct MatmulProblem: Sendable {
    /// Rows of the result, columns of the result, and the summed extent.
    package var m: Int, n: Int, k: Int
    /// The first element of each pair of operands.
    package var pairs: [(a: Int, b: Int)]
}

/// Rows that are stored in blocks.
package struct EncodedRows: @unchecked Sendable {
    /// How they are stored.
    package var encoding: BlockEncoding
    /// Row after row, at any address.
    package var bytes: UnsafeRawPointer
    /// What groups of a row's elements are multiplied with.
    package var groups: EncodedGroups?
    /// What each row is multiplied with.
    package var scales: Floats?
}

/// The scales of groups of elements, in tiles of 128 rows by 4 groups (``GroupScales``).
package struct EncodedGroups: @unchecked Sendable {
    /// How a scale is stored.
    package var format: GroupScales.Format
    /// Elements of a group.
    package var length: Int
    /// The first tile.
    package var bytes: UnsafePointer<UInt8>
    /// Tiles beside one another.
    package var tiles: Int
    /// Which of the tiled rows is row 0.
    package var firstRow: Int

    /// Where the scale of a row's first group is; that of group g is g / 4 · 512 + g % 4 farther.
    package func offset(ofRow row: Int) -> Int {
        let row = row + firstRow
        return row / 128 * tiles * 512 + row % 32 * 16 + row % 128 / 32 * 4
    }
}

/// A fully connected layer.
package struct LinearProblem: @unchecked Sendable {
    /// Where the weight [outputs, inputs] is.
    package enum Weight {
        /// As floats of a type.
        case stored(UnsafeRawPointer, DType)
        /// As signed bytes with a scale for each output; inputs were rotated in groups, of 1 for none.
        case quantized(UnsafeRawPointer, scales: Floats, rotation: Int)
        /// In blocks, or 8-bit floats.
        case encoded(EncodedRows)
    }

    /// The weight.
    package var weight: Weight
    /// What the terms are rounded to.
    package var precision: Precision
    /// The sizes: x is [rows, inputs], the result [rows, outputs].
    package var rows = 0, inputs: Int, outputs: Int
    /// [outputs].
    package var bias: Floats?
    /// What follows the sum.
    package var activation = LinearEpilogue.Activation.none
    /// [.., outputs]; row r uses row r / rowsPerGate.
    package var gate: Floats?, rowsPerGate = 1
    /// [rows, outputs].
    package var residual: Floats?
    /// Where the packed weight is kept for the next product; nil to pack it in each.
    package var packed: PackedWeight?
}

/// What is done to the elements of a normalised row: · weight + bias, or · (1 + scale) + shift.
package struct RowAffine: @unchecked Sendable {
    /// [columns], the same for each row.
    package var weight: Floats?, bias: Floats?
    /// [.., columns]; row r uses row r / rowsPerScale.
    package var scale: Floats?, shift: Floats?
    /// How many rows share a row of scale and shift.
    package var rowsPerScale = 1
}

/// The sizes of a group norm.
package struct GroupNormProblem: Sendable {
    /// The order of the axes of x: channels before or behind the area.
    package var layout: ImageLayout
    /// The sizes: x is [batch, groups · channelsPerGroup, area], or with channels last [batch, area, groups · channelsPerGroup].
    package var batch: Int, groups: Int, channelsPerGroup: Int, area: Int
    /// Added to the variance.
    package var eps: Float
}

/// The sizes and options of an attention.
package struct AttentionProblem: @unchecked Sendable {
    /// q is [batch, queries, heads, dim], k and v are [batch, keys, keyHeads, dim], each in parts that lie one behind the other.
    package var batch: Int, queries: Parts, keys: Parts, heads: Int, keyHeads: Int, dim: Int
    /// Multiplies the scores.
    package var scale: Float
    /// Query i sees only keys 0...i.
    package var causal: Bool
    /// What q, k and v, and the weights of the keys, are rounded to.
    package var precision: Precision
    /// [.., keys], added to the scores; keyBiasStride elements from one batch to the next.
    package var keyBias: Floats?, keyBiasStride = 0
    /// Added to the scores; read with strides over [batch, heads, queries, keys].
    package var mask: Floats?, maskStrides: [Int] = []

    /// The rows of a sequence that lies in parts, in memory of their own.
    package struct Parts: Sendable {
        /// Rows of each.
        package var counts: [Int]

        /// All of them.
        package var count: Int { counts.reduce(0, +) }

        /// Where rows of the whole lie.
        ///
        /// - Parameter rows: of the whole sequence.
        /// - Returns: for each part that has some of them, its number, and which of its own rows they are.
        package func places(of rows: Range<Int>) -> [(part: Int, rows: Range<Int>)] {
            var (start, found) = (0, [(part: Int, rows: Range<Int>)]())
            for (part, count) in counts.enumerated() {
                let own = rows.clamped(to: start..<start + count)
                if !own.isEmpty { found.append((part, own.lowerBound - start..<own.upperBound - start)) }
                start += count
            }
            return found
        }
    }
}

/// The sizes of a rotary embedding.
package struct RopeProblem: Sendable {
    /// x is [batch, length, heads, dim]; cos and sin are [length, dim / 2].
    package var batch: Int, length: Int, heads: Int, dim: Int
    /// Which elements form a pair.
    package var layout: RopeLayout
    /// What each head is normed by before it turns: a weight of [dim], and what is added to the mean square.
    package var norm: HeadNorm?

    /// A norm by the root mean square.
    package struct HeadNorm: @unchecked Sendable {
        package var weight: Floats
        package var eps: Float
    }
}

/// The sizes of a convolution.
package struct ConvProblem: Sendable {
    /// x is [batch, channels, height, width].
    package var batch: Int, channels: Int, height: Int, width: Int
    /// weight is [outputs, channels / groups, kernelHeight, kernelWidth].
    package var outputs: Int, kernelHeight: Int, kernelWidth: Int, groups: Int
    /// Step of the kernel, and zeros assumed before the image's first row and column and after its last.
    package var stride: Int, padding: Int, paddingAfter: Int
    /// What x and the weight are rounded to.
    package var precision: Precision

    /// The result's extents.
    package var outHeight: Int { (height + padding + paddingAfter - kernelHeight) / stride + 1 }
    package var outWidth: Int { (width + padding + paddingAfter - kernelWidth) / stride + 1 }
    /// Channels that one output sees.
    package var channelsPerGroup: Int { channels / groups }
}

/// A convolution in steps of 1 that keeps the image's extents, or doubles them, and what surrounds it.
package struct SameConvProblem: @unchecked Sendable {
    /// The order of the axes of x, the residual and the result.
    package var layout: ImageLayout
    /// x has these extents, and is f32 or bf16.
    package var batch: Int, channels: Int, height: Int, width: Int
    package var type: DType
    /// weight is [outputs, channels, kernel, kernel]; the kernel is 1 or 3, and zeros are assumed around the image.
    package var outputs: Int, kernel: Int
    /// 2 where every other place both ways is left out, with zeros at the bottom and on the right alone, which wants a kernel of 3; else 1.
    package var stride: Int
    /// 2 where every element of x is to be repeated twice both ways first, which wants a kernel of 3; else 1.
    package var upsampling: Int
    /// [batch, 2, channels]: x is multiplied with the first and added to the second; and then goes through SiLU.
    package var affine: Floats?, silu: Bool
    /// What the terms are rounded to, at most.
    package var precision: Precision
    /// [outputs].
    package var bias: Floats?
    /// Added to the result, of its shape; f32 or bf16.
    package var residual: UnsafeRawPointer?, residualType: DType
    /// The result's type, f32 or bf16.
    package var outType: DType

    /// Extents of the result.
    package var outHeight: Int { height * upsampling / stride }
    package var outWidth: Int { width * upsampling / stride }
}
