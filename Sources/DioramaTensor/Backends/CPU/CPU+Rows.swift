import CKernels

// Ops along an axis: reductions, softmax, norms.
extension CPUBackend {
    /// What an element of a row costs that is normalised, in elements of cheap work.
    private static let normCost = 4

    package func reduce(
        _ op: ReduceOp, _ out: MutableFloats, _ x: Floats, outer: Int, extent: Int, inner: Int
    ) {
        let code = op.code
        divide(outer, cost: extent * inner) { range in
            for i in range { kernels.reduce(code, out + i * inner, x + i * extent * inner, extent, inner) }
        }
    }

    package func argmax(_ out: UnsafeMutablePointer<Int64>, _ x: Floats, outer: Int, extent: Int, inner: Int)
    {
        divide(outer, cost: extent * inner) { range in
            for i in range { kernels.argmax(out + i * inner, x + i * extent * inner, extent, inner) }
        }
    }

    package func softmax(_ out: MutableFloats, _ x: Floats, rows: Int, columns: Int) {
        divide(rows, cost: 2 * columns) { range in
            for row in range { kernels.softmax(out + row * columns, x + row * columns, columns) }
        }
    }

    package func layerNorm(
        _ out: MutableFloats, _ x: Floats, _ affine: RowAffine, rows: Int, columns: Int, eps: Float
    ) {
        divide(rows: rows, cost: Self.normCost * columns) { range in
            for row in range {
                let i = row * columns
                let modulation = row / affine.rowsPerScale * columns
                kernels.layer_norm(
                    out + i, x + i, affine.weight, affine.bias, affine.scale.map { $0 + modulation },
                    affine.shift.map { $0 + modulation }, eps, columns)
            }
        }
    }

    package func rmsNorm(
        _ out: MutableFloats, _ x: Floats, weight: Floats?, rows: Int, columns: Int, eps: Float
    ) {
        divide(rows: rows, cost: Self.normCost * columns) { range in
            for row in range {
                kernels.rms_norm(out + row * columns, x + row * columns, weight, eps, columns)
            }
        }
    }

    package func groupNorm(
        _ out: MutableFloats, _ x: Floats, weight: Floats?, bias: Floats?, _ problem: GroupNormProblem
    ) {
        let size = problem.channelsPerGroup * problem.area
        divide(problem.batch * problem.groups, cost: 3 * size) { range in
            for group in range {
                let channel = group % problem.groups * problem.channelsPerGroup
                kernels.group_norm(
                    out + group * size, x + group * size, weight.map { $0 + channel },
                    bias.map { $0 + channel },
                    problem.eps, problem.channelsPerGroup, problem.area)
            }
        }
    }
}

extension ReduceOp {
    /// The op as the kernels number it.
    fileprivate var code: dk_reduce_op {
        switch self {
        case .sum: DK_SUM
        case .mean: DK_MEAN
        case .max: DK_MAX
        case .min: DK_MIN
        }
    }
}
