/* Attention of a block of queries with all keys of one head. */

/* The least multiple of a cache line, in singles. */
static size_t aligned(size_t count) { return (count + 15) / 16 * 16; }

/* Scratch: scores [queries, keys], and a panel for the longer of the two products. */
static size_t attention_scratch(const dk_attention *problem, size_t queries) {
    size_t depth = problem->keys > problem->dim ? problem->keys : problem->dim;
    return (aligned(queries * problem->keys) + aligned(depth * DK_COLUMNS)) * sizeof(float);
}

/* scores[n] = scores * scale + biases of one query, which sees keys 0 ..< visible. */
static void bias_scores(float *scores, const dk_attention *problem, size_t query, size_t visible) {
    scale_row(scores, scores, problem->scale, visible);
    if (problem->key_bias) binary(DK_ADD, scores, scores, problem->key_bias, 1, 1, visible);
    if (problem->mask) {
        const float *mask = problem->mask + query * problem->mask_query_stride;
        for (size_t key = 0; key < visible; key++) scores[key] += mask[key * problem->mask_key_stride];
    }
}

static void attention(float *out, const float *q, const float *k, const float *v, const dk_attention *problem,
                      size_t first, size_t queries, void *scratch) {
    size_t keys = problem->keys, dim = problem->dim, stride = problem->query_stride;
    float *scores = scratch;
    float *panel = scores + aligned(queries * keys);
    for (size_t key = 0; key < keys; key += DK_COLUMNS) {
        size_t columns = keys - key < DK_COLUMNS ? keys - key : DK_COLUMNS;
        pack_rows(panel, k + key * problem->key_stride, DK_F32, problem->key_stride, columns, dim);
        gemm(scores + key, keys, q, stride, panel, NULL, NULL, queries, columns, dim);
    }
    for (size_t i = 0; i < queries; i++) {
        float *row = scores + i * keys;
        size_t visible = problem->causal && first + i + 1 < keys ? first + i + 1 : keys;
        bias_scores(row, problem, first + i, visible);
        memset(row + visible, 0, (keys - visible) * sizeof *row);
        float greatest = row_max(row, visible);
        if (greatest == -INFINITY) {
            memset(row, 0, keys * sizeof *row);
            continue;
        }
        float sum = exp_row(row, row, greatest, visible);
        scale_row(row, row, 1.0f / sum, visible);
    }
    for (size_t column = 0; column < dim; column += DK_COLUMNS) {
        size_t columns = dim - column < DK_COLUMNS ? dim - column : DK_COLUMNS;
        pack_columns(panel, v + column, problem->key_stride, columns, keys);
        gemm(out + column, stride, scores, keys, panel, NULL, NULL, queries, columns, keys);
    }
}
