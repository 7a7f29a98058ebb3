import DioramaNN
import DioramaTensor
import DioramaWeights

/// The projection of tokens to queries, keys or values, split into heads, with the norm of each head where the model has one.
struct HeadProjection: Sendable {
    private let linear: Linear
    private let norm: RMSNorm?
    private let heads: Int

    /// Takes `projection`; and `norm` where it is given and the model norms queries and keys.
    init(_ w: Weights, _ projection: String, norm: String? = nil, _ c: SD3Config) throws {
        linear = try Linear(w[projection], from: c.width, to: c.width)
        self.norm = try norm.flatMap { name in
            c.normsQueriesAndKeys ? try RMSNorm(w[name], width: c.headWidth, eps: 1e-6) : nil
        }
        heads = c.heads
    }

    /// [B, L, D] to [B, L, heads, D / heads].
    func callAsFunction(_ x: Tensor) -> Tensor {
        let y = linear(x).reshaped(x.shape[0], x.shape[1], heads, x.shape[2] / heads)
        return norm?(y) ?? y
    }
}

extension Tensor {
    /// [B, L, heads, d] to [B, L, heads * d].
    func joinedHeads() -> Tensor { reshaped(shape[0], shape[1], shape[2] * shape[3]) }
}

/// Attention among image tokens alone: the second attention of Stable Diffusion 3.5's dual blocks.
struct ImageAttention: Sendable {
    private let query, key, value: HeadProjection
    private let output: Linear

    init(_ w: Weights, _ c: SD3Config) throws {
        query = try HeadProjection(w, "to_q", norm: "norm_q", c)
        key = try HeadProjection(w, "to_k", norm: "norm_k", c)
        value = try HeadProjection(w, "to_v", c)
        output = try Linear(w["to_out.0"], from: c.width, to: c.width)
    }

    /// [B, N, D] to the same.
    func callAsFunction(_ x: Tensor) -> Tensor {
        output(attention(query(x), key(x), value(x)).joinedHeads())
    }
}

/// Attention of image and text tokens as one sequence, each kind with projections of its own.
struct JointAttention: Sendable {
    private let query, key, value: HeadProjection
    private let output: Linear
    private let contextKey, contextValue: HeadProjection
    /// What the text asks and gets; nil in the last block, where nothing reads the text any more.
    private let contextPath: (query: HeadProjection, output: Linear)?

    /// - Parameter isLast: whether the text is read and not written: the last block's.
    init(_ w: Weights, isLast: Bool, _ c: SD3Config) throws {
        query = try HeadProjection(w, "to_q", norm: "norm_q", c)
        key = try HeadProjection(w, "to_k", norm: "norm_k", c)
        value = try HeadProjection(w, "to_v", c)
        output = try Linear(w["to_out.0"], from: c.width, to: c.width)
        contextKey = try HeadProjection(w, "add_k_proj", norm: "norm_added_k", c)
        contextValue = try HeadProjection(w, "add_v_proj", c)
        if isLast {
            // Checkpoints store the text's queries of the last block too.
            w["add_q_proj"].skip()
            w["norm_added_q"].skip()
            contextPath = nil
        } else {
            contextPath = (
                try HeadProjection(w, "add_q_proj", norm: "norm_added_q", c),
                try Linear(w["to_add_out"], from: c.width, to: c.width)
            )
        }
    }

    /// - Parameters:
    ///   - image: [B, N, D].
    ///   - context: [B, L, D].
    ///   - keyBias: added to the scores of keys, [1, N + L]; nil for none.
    /// - Returns: the same shapes; no text in the last block.
    func callAsFunction(_ image: Tensor, _ context: Tensor, keyBias: Tensor?) -> (image: Tensor, context: Tensor?) {
        let keys = Tensor.concatenated([key(image), contextKey(context)], axis: 1)
        let values = Tensor.concatenated([value(image), contextValue(context)], axis: 1)
        guard let contextPath else {
            let mixed = attention(query(image), keys, values, keyBias: keyBias)
            return (output(mixed.joinedHeads()), nil)
        }
        let queries = Tensor.concatenated([query(image), contextPath.query(context)], axis: 1)
        let mixed = attention(queries, keys, values, keyBias: keyBias).joinedHeads()
        let count = image.shape[1]
        return (
            output(mixed.narrowed(axis: 1, 0..<count)),
            contextPath.output(mixed.narrowed(axis: 1, count..<mixed.shape[1]))
        )
    }
}
