import CKernels

extension CPUBackend {
    /// Bytes of packed keys and values that are kept at a time; further heads wait.
    private static let packedHeads = 64 << 20

    /// Queries that meet a block of keys while it is in the cache: whole tiles of 6.
    private static let queryBlock = 96

    package func attention(_ out: MutableFloats, _ q: Floats, _ k: Floats, _ v: Floats, _ p: AttentionProblem)
    {
        guard p.queries > 0, p.dim > 0 else { return }
        let headBytes =
            (kernels.attention_packed(p.precision.real.kernelPrecision, p.keys, p.dim) + 63) / 64 * 64
        let heads = p.batch * p.keyHeads
        let most = Swift.max(Self.packedHeads / Swift.max(headBytes, 1), 1)
        withScratch(Swift.min(most, heads) * headBytes / DType.f32.size) { packed in
            for first in stride(from: 0, to: heads, by: most) {
                let some = first..<Swift.min(first + most, heads)
                pack(packed, headBytes: headBytes, k, v, some, p)
                attend(out, q, packed, headBytes: headBytes, some, p)
            }
        }
    }

    /// Packs the keys and values of heads, counted over batch and heads.
    private func pack(
        _ packed: MutableFloats, headBytes: Int, _ k: Floats, _ v: Floats, _ heads: Range<Int>,
        _ p: AttentionProblem
    ) {
        let block = kernels.key_block
        let blocks = (p.keys + block - 1) / block
        pool.run(heads.count * blocks) { part, _ in
            let (index, first) = (part / blocks, part % blocks * block)
            let (batch, head) = (heads.lowerBound + index).quotientAndRemainder(dividingBy: p.keyHeads)
            let row = (batch * p.keys * p.keyHeads + head) * p.dim
            kernels.pack_keys(
                UnsafeMutableRawPointer(packed) + index * headBytes, p.precision.real.kernelPrecision,
                k + row,
                v + row, p.keyHeads * p.dim, p.keys, p.dim, first)
        }
    }

    private func attend(
        _ out: MutableFloats, _ q: Floats, _ packed: MutableFloats, headBytes: Int, _ heads: Range<Int>,
        _ p: AttentionProblem
    ) {
        let precision = p.precision.real.kernelPrecision
        let block = Self.queryBlock(p)
        let blocks = (p.queries + block - 1) / block
        // Query heads that share a key head.
        let sharing = p.heads / p.keyHeads
        let room = (kernels.attention_scratch(precision, p.dim, block) + 63) / 64 * 16
        let parts = heads.count * sharing * blocks
        withScratch(pool.workers(parts) * room) { scratch in
            pool.run(parts) { part, worker in
                let (index, own, first) = (
                    part / (blocks * sharing), part / blocks % sharing, part % blocks * block
                )
                let (batch, keyHead) = (heads.lowerBound + index).quotientAndRemainder(dividingBy: p.keyHeads)
                let head = keyHead * sharing + own
                var problem = dk_attention(
                    precision: precision, keys: p.keys, dim: p.dim,
                    packed: UnsafeRawPointer(packed) + index * headBytes, query_stride: p.heads * p.dim,
                    scale: p.scale, key_bias: p.keyBias.map { $0 + batch * p.keyBiasStride }, mask: nil,
                    mask_query_stride: 0, mask_key_stride: 0, causal: p.causal)
                if let mask = p.mask {
                    problem.mask = mask + batch * p.maskStrides[0] + head * p.maskStrides[1]
                    (problem.mask_query_stride, problem.mask_key_stride) = (
                        p.maskStrides[2], p.maskStrides[3]
                    )
                }
                let row = ((batch * p.queries + first) * p.heads + head) * p.dim
                kernels.attention(
                    out + row, q + row, &problem, first, Swift.min(block, p.queries - first),
                    scratch + worker * room)
            }
        }
    }

    /// How many queries to take at a time: fewer where there are few heads, to keep the threads of a common machine busy.
    private static func queryBlock(_ p: AttentionProblem) -> Int {
        let heads = Swift.max(p.batch * p.heads, 1)
        return Swift.min(heads >= 6 ? queryBlock : heads >= 3 ? 48 : 24, p.queries)
    }
}
