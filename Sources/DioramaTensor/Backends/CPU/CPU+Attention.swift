import CKernels

extension CPUBackend {
    /// Scores that one thread holds at a time, a block of queries with all keys, where these are few enough.
    private static let scoreLimit = 1 << 16

    package func attention(_ out: MutableFloats, _ q: Floats, _ k: Floats, _ v: Floats, _ p: AttentionProblem)
    {
        guard p.queries > 0, p.dim > 0 else { return }
        let block = Self.queryBlock(p)
        let blocks = (p.queries + block - 1) / block
        let problem = dk_attention(
            keys: p.keys, dim: p.dim, query_stride: p.heads * p.dim, key_stride: p.keyHeads * p.dim,
            scale: p.scale,
            key_bias: nil, mask: nil, mask_query_stride: 0, mask_key_stride: 0, causal: p.causal)
        let scratchSize =
            withUnsafePointer(to: problem) { kernels.attention_scratch($0, block) } / DType.f32.size
        withScratch(pool.threads * scratchSize) { scratch in
            pool.run(p.batch * p.heads * blocks) { part, worker in
                let (batch, head, first) = (
                    part / (blocks * p.heads), part / blocks % p.heads, part % blocks * block
                )
                var own = problem
                own.key_bias = p.keyBias.map { $0 + batch * p.keyBiasStride }
                if let mask = p.mask {
                    own.mask = mask + batch * p.maskStrides[0] + head * p.maskStrides[1]
                    (own.mask_query_stride, own.mask_key_stride) = (p.maskStrides[2], p.maskStrides[3])
                }
                let row = ((batch * p.queries + first) * p.heads + head) * p.dim
                let keyRow = p.keyRow(batch, 0, head)
                withUnsafePointer(to: own) { own in
                    kernels.attention(
                        out + row, q + row, k + keyRow, v + keyRow, own, first,
                        Swift.min(block, p.queries - first), scratch + worker * scratchSize)
                }
            }
        }
    }

    /// How many queries to take at a time: enough to pay for packing the keys, few enough to keep all threads of a
    /// common machine busy and the scores in the cache.
    private static func queryBlock(_ p: AttentionProblem) -> Int {
        let heads = Swift.max(p.batch * p.heads, 1)
        let wanted = heads >= 6 ? 128 : heads >= 3 ? 64 : 32
        let cached = Swift.max(scoreLimit / Swift.max(p.keys, 1), 32)
        return Swift.max(Swift.min(wanted, cached, p.queries), 1)
    }
}
