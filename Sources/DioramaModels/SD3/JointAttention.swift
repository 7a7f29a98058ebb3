import DioramaNN
import DioramaTensor
import DioramaWeights

extension HeadProjection {
    /// Takes `projection`; and `norm` where it is given and the model norms queries and keys.
    init(_ w: Weights, _ projection: String, norm: String? = nil, _ c: SD3Config) throws {
        try self.init(
            w, projection, norm: c.normsQueriesAndKeys ? norm : nil, width: c.width, heads: c.heads)
    }
}

/// Attention among image tokens alone: the second attention of Stable Diffusion 3.5's dual blocks.
struct ImageAttention: Sendable {
    let query, key, value: HeadProjection
    let output: Linear

    init(_ w: Weights, _ c: SD3Config) throws {
        query = try HeadProjection(w, "to_q", norm: "norm_q", c)
        key = try HeadProjection(w, "to_k", norm: "norm_k", c)
        value = try HeadProjection(w, "to_v", c)
        output = try Linear(w["to_out.0"], from: c.width, to: c.width)
    }

    /// [B, N, D] to the same, and what follows it.
    func callAsFunction(_ x: Tensor, _ epilogue: LinearEpilogue) -> Tensor {
        let own = heads(x)
        return output(
            attention(own.query, own.key, own.value, precision: query.precision).joinedHeads(), epilogue)
    }

    /// Queries, keys and values of [B, N, D].
    func heads(_ x: Tensor) -> (query: Tensor, key: Tensor, value: Tensor) {
        HeadProjection.each(query, key, value, of: x)
    }
}

/// Attention of image and text tokens as one sequence, each kind with projections of its own.
struct JointAttention: Sendable {
    private let image: ImageAttention
    private let contextKey, contextValue: HeadProjection

    init(_ w: Weights, _ c: SD3Config) throws {
        image = try ImageAttention(w, c)
        contextKey = try HeadProjection(w, "add_k_proj", norm: "norm_added_k", c)
        contextValue = try HeadProjection(w, "add_v_proj", c)
    }

    /// What the image [B, N, D] takes from itself and the text [B, L, D], and what follows it: [B, N, D].
    ///
    /// `keyBias` [1, N + L] is added to the scores of the keys.
    func callAsFunction(
        _ x: Tensor, reading context: Tensor, keyBias: Tensor?, _ epilogue: LinearEpilogue
    ) -> Tensor {
        let own = image.heads(x)
        let mixed = attention(
            [own.query], [own.key, contextKey(context)], [own.value, contextValue(context)],
            keyBias: keyBias, precision: image.query.precision)
        return image.output(mixed[0].joinedHeads(), epilogue)
    }

    /// What both kinds take from both, by `text`'s way of asking, and what follows each: [B, N, D] and [B, L, D].
    func callAsFunction(
        _ x: Tensor, and context: Tensor, _ text: TextQuery, keyBias: Tensor?,
        _ imageEpilogue: LinearEpilogue, _ textEpilogue: LinearEpilogue
    ) -> (image: Tensor, context: Tensor) {
        let own = image.heads(x)
        let texts = HeadProjection.each(text.query, contextKey, contextValue, of: context)
        let mixed = attention(
            [own.query, texts.query], [own.key, texts.key], [own.value, texts.value], keyBias: keyBias,
            precision: image.query.precision)
        return (
            image.output(mixed[0].joinedHeads(), imageEpilogue),
            text.output(mixed[1].joinedHeads(), textEpilogue)
        )
    }
}

/// What the text asks in joint attention and how it takes the answer: in all blocks but the last, after which nothing reads it.
struct TextQuery: Sendable {
    let query: HeadProjection
    let output: Linear

    init(_ w: Weights, _ c: SD3Config) throws {
        query = try HeadProjection(w, "add_q_proj", norm: "norm_added_q", c)
        output = try Linear(w["to_add_out"], from: c.width, to: c.width)
    }
}
