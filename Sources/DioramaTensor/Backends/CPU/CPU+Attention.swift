import CKernels

extension CPUBackend {
    /// Bytes of packed keys and values that are kept at a time; further heads wait.
    private static let packedHeads = 64 << 20

    /// Queries that meet a block of keys while it is in the cache: whole tiles of 6.
    private static let queryBlock = 96

    package func attention(
        _ outs: [MutableFloats], _ q: [Floats], _ k: [Floats], _ v: [Floats], _ p: AttentionProblem
    ) {
        guard p.queries.count > 0, p.dim > 0 else { return }
        let precision = p.precision.real.kernelPrecision
        let blockBytes = kernels.attention_packed(precision, kernels.key_block, p.dim)
        let headBytes = (kernels.attention_packed(precision, p.keys.count, p.dim) + 63) / 64 * 64
        let heads = p.batch * p.keyHeads
        let most = Swift.max(Self.packedHeads / Swift.max(headBytes, 1), 1)
        withScratch(Swift.min(most, heads) * headBytes / DType.f32.size) { packed in
            for first in stride(from: 0, to: heads, by: most) {
                let some = first..<Swift.min(first + most, heads)
                pack(packed, headBytes: headBytes, blockBytes: blockBytes, k, v, some, p)
                attend(outs, q, packed, headBytes: headBytes, some, p)
            }
        }
    }

    /// Packs the keys and values of heads, counted over batch and heads; blocks of them that lie in several parts are brought together first.
    private func pack(
        _ packed: MutableFloats, headBytes: Int, blockBytes: Int, _ k: [Floats], _ v: [Floats],
        _ heads: Range<Int>, _ p: AttentionProblem
    ) {
        let (block, count) = (kernels.key_block, p.keys.count)
        let blocks = (count + block - 1) / block
        let places = (0..<blocks).map { p.keys.places(of: $0 * block..<Swift.min(($0 + 1) * block, count)) }
        let room = places.contains { $0.count > 1 } ? 2 * block * p.dim : 0
        withScratch(pool.workers(heads.count * blocks) * room) { scratch in
            pool.run(heads.count * blocks) { part, worker in
                let (index, number) = part.quotientAndRemainder(dividingBy: blocks)
                let (batch, head) = (heads.lowerBound + index).quotientAndRemainder(dividingBy: p.keyHeads)
                func row(_ part: Int, _ row: Int) -> Int {
                    ((batch * p.keys.counts[part] + row) * p.keyHeads + head) * p.dim
                }
                let own = places[number]
                var (keys, values, stride) = (Floats(scratch), Floats(scratch), p.dim)
                if own.count == 1 {
                    let first = row(own[0].part, own[0].rows.lowerBound)
                    (keys, values, stride) = (
                        k[own[0].part] + first, v[own[0].part] + first, p.keyHeads * p.dim
                    )
                } else {
                    let together = scratch + worker * room
                    var line = together
                    for place in own {
                        for number in place.rows {
                            let at = row(place.part, number)
                            line.update(from: k[place.part] + at, count: p.dim)
                            (line + block * p.dim).update(from: v[place.part] + at, count: p.dim)
                            line += p.dim
                        }
                    }
                    (keys, values) = (Floats(together), Floats(together + block * p.dim))
                }
                kernels.pack_keys(
                    UnsafeMutableRawPointer(packed) + index * headBytes + number * blockBytes,
                    p.precision.real.kernelPrecision, keys, values, stride,
                    own.reduce(0) { $0 + $1.rows.count }, p.dim)
            }
        }
    }

    private func attend(
        _ outs: [MutableFloats], _ q: [Floats], _ packed: MutableFloats, headBytes: Int, _ heads: Range<Int>,
        _ p: AttentionProblem
    ) {
        let precision = p.precision.real.kernelPrecision
        let block = Self.queryBlock(p)
        let blocks = p.queries.blocks(of: block)
        // Query heads that share a key head.
        let sharing = p.heads / p.keyHeads
        let room = (kernels.attention_scratch(precision, p.dim, block) + 63) / 64 * 16
        let parts = heads.count * sharing * blocks.count
        withScratch(pool.workers(parts) * room) { scratch in
            pool.run(parts) { part, worker in
                let (index, own) = (
                    part / (blocks.count * sharing), part / blocks.count % sharing
                )
                let queries = blocks[part % blocks.count]
                let (batch, keyHead) = (heads.lowerBound + index).quotientAndRemainder(dividingBy: p.keyHeads)
                let head = keyHead * sharing + own
                var problem = dk_attention(
                    precision: precision, keys: p.keys.count, dim: p.dim,
                    packed: UnsafeRawPointer(packed) + index * headBytes, query_stride: p.heads * p.dim,
                    scale: p.scale, key_bias: p.keyBias.map { $0 + batch * p.keyBiasStride }, mask: nil,
                    mask_query_stride: 0, mask_key_stride: 0, causal: p.causal)
                if let mask = p.mask {
                    problem.mask = mask + batch * p.maskStrides[0] + head * p.maskStrides[1]
                    (problem.mask_query_stride, problem.mask_key_stride) = (
                        p.maskStrides[2], p.maskStrides[3]
                    )
                }
                let row = batch * p.queries.counts[queries.part] + queries.rows.lowerBound
                let at = (row * p.heads + head) * p.dim
                kernels.attention(
                    outs[queries.part] + at, q[queries.part] + at, &problem, queries.first,
                    queries.rows.count, scratch + worker * room)
            }
        }
    }

    /// How many queries to take at a time: fewer where there are few heads, to keep the threads of a common machine busy.
    private static func queryBlock(_ p: AttentionProblem) -> Int {
        let heads = Swift.max(p.batch * p.heads, 1)
        return Swift.min(heads >= 6 ? queryBlock : heads >= 3 ? 48 : 24, p.queries.count)
    }
}

extension AttentionProblem.Parts {
    /// Some rows of a part, and the first one's number in the whole.
    fileprivate struct Block {
        let part: Int, rows: Range<Int>, first: Int
    }

    /// All rows, up to `most` at a time.
    fileprivate func blocks(of most: Int) -> [Block] {
        var start = 0
        return counts.enumerated().flatMap { part, count in
            defer { start += count }
            return stride(from: 0, to: count, by: most).map {
                Block(part: part, rows: $0..<Swift.min($0 + most, count), first: start + $0)
            }
        }
    }
}
