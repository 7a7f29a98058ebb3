/* Attention of a block of queries with all keys of one head, in one pass.
 *
 * Keys and values are packed once a head, DK_KEY_BLOCK keys at a time: keys as panels [units of dim, DK_KEY_COLUMNS],
 * values as panels [units of keys, DK_KEY_COLUMNS of dim]. A block of queries meets one block of keys after the other;
 * the greatest score so far, the sum of exponentials and the weighted values are carried on and corrected where a
 * greater score appears (Milakov and Gimelshein, Online normalizer calculation for softmax, 2018; Dao et al.,
 * FlashAttention, 2022). No more scores exist than those of a block. */

#define DK_LOG2_E 1.44269504f

enum {
    DK_KEY_COLUMNS = DK_KEY_VECTORS * DK_LANES,
    DK_KEY_ROWS = 6,
    DK_KEY_BLOCK = 256,
    DK_SCORES = 4 * DK_LANES, /* taken at a time */
};

/* What a head's dim is rounded up to. */
DK_INLINE size_t padded_dim(size_t dim) { return (dim + DK_KEY_COLUMNS - 1) / DK_KEY_COLUMNS * DK_KEY_COLUMNS; }

/* Four-byte units of a packed block: its keys, then its values. */
DK_INLINE size_t packed_keys(dk_precision precision, size_t dim) { return panel_units(precision, dim) * DK_KEY_BLOCK; }

DK_INLINE size_t packed_block(dk_precision precision, size_t dim) {
    return packed_keys(precision, dim) + panel_units(precision, DK_KEY_BLOCK) * padded_dim(dim);
}

static size_t attention_packed(dk_precision precision, size_t keys, size_t dim) {
    return (keys + DK_KEY_BLOCK - 1) / DK_KEY_BLOCK * packed_block(precision, dim) * 4;
}

/* One unit of keys of values: columns ..< width of the rows that there are. */
DK_INLINE void pack_values(uint32_t *out, dk_precision precision, const float *v, size_t stride, size_t rows, size_t width) {
    vf first = width == DK_LANES ? vf_load(v) : vf_load_part(v, width, 0);
    if (unit_terms(precision) == 1) {
        vf_store((float *)out, precision == DK_HALF ? vf_rounded(first) : first);
        return;
    }
    vf second = {0};
    if (rows > 1) second = width == DK_LANES ? vf_load(v + stride) : vf_load_part(v + stride, width, 0);
    vu pair = vu_pair_bf16(first, second);
    memcpy(out, &pair, sizeof pair);
}

/* Panels and units beyond `count` keys are left as they are: no one reads them. */
static void pack_keys(void *block, dk_precision precision, const float *k, const float *v, size_t key_stride,
                      size_t count, size_t dim) {
    size_t units = panel_units(precision, dim), terms = unit_terms(precision);
    uint32_t *out = block;
    for (size_t column = 0; column < count; column += DK_KEY_COLUMNS) {
        size_t columns = count - column < DK_KEY_COLUMNS ? count - column : DK_KEY_COLUMNS;
        if (precision == DK_SINGLE)
            pack_panel_of(out + column * units, DK_KEY_COLUMNS, DK_SINGLE, k + column * key_stride, DK_F32, key_stride,
                          columns, dim);
        else
            pack_panel_of(out + column * units, DK_KEY_COLUMNS, DK_HALF, k + column * key_stride, DK_F32, key_stride,
                          columns, dim);
    }
    out += packed_keys(precision, dim);
    size_t depth = DK_KEY_BLOCK / terms, deep = panel_units(precision, count);
    for (size_t column = 0; column < dim; column += DK_KEY_COLUMNS) {
        size_t from = dim - column < DK_KEY_COLUMNS ? 0 : count / terms;
        memset(out + column * depth + from * DK_KEY_COLUMNS, 0, (deep - from) * DK_KEY_COLUMNS * 4);
    }
    for (size_t column = 0; column < dim; column += DK_LANES) {
        uint32_t *panel = out + column / DK_KEY_COLUMNS * depth * DK_KEY_COLUMNS + column % DK_KEY_COLUMNS;
        size_t width = dim - column < DK_LANES ? dim - column : DK_LANES;
        for (size_t row = 0; row < count; row += terms)
            pack_values(panel + row / terms * DK_KEY_COLUMNS, precision, v + row * key_stride + column, key_stride,
                        count - row, width);
    }
}

/* out[rows, ..] (+)= left[rows, units] * panel; rows, vectors and begins are known when compiling. */
DK_INLINE void key_tile(float *out, size_t stride, dk_precision precision, const size_t rows, bool begins,
                        const uint32_t *left, size_t left_stride, const uint32_t *panel, size_t units) {
    vf sum[DK_KEY_ROWS][DK_KEY_VECTORS];
#define DK_ROWS _Pragma("clang loop unroll(full)") for (size_t row = 0; row < rows; row++)
#define DK_VECS _Pragma("clang loop unroll(full)") for (size_t v = 0; v < DK_KEY_VECTORS; v++)
    DK_ROWS DK_VECS sum[row][v] = begins ? (vf){0} : vf_load(out + row * stride + v * DK_LANES);
    for (size_t i = 0; i < units; i++, panel += DK_KEY_COLUMNS, left++) {
        vi b[DK_KEY_VECTORS];
        DK_VECS b[v] = (vi)vf_load((const float *)(panel + v * DK_LANES));
        DK_ROWS {
            vi a = vi_splat_unit(left + row * left_stride);
            DK_VECS sum[row][v] = precision == DK_SINGLE ? dot_f32(sum[row][v], a, b[v]) : dot_bf16(sum[row][v], a, b[v]);
        }
    }
    DK_ROWS DK_VECS vf_store(out + row * stride + v * DK_LANES, sum[row][v]);
#undef DK_ROWS
#undef DK_VECS
}

#define DK_DEFINE_KEY_TILE(name, precision, rows)                                                              \
    static __attribute__((noinline)) void name(float *out, size_t stride, bool begins, const uint32_t *left,   \
                                               size_t left_stride, const uint32_t *panel, size_t units) {      \
        if (begins)                                                                                            \
            key_tile(out, stride, precision, rows, true, left, left_stride, panel, units);                     \
        else                                                                                                   \
            key_tile(out, stride, precision, rows, false, left, left_stride, panel, units);                    \
    }
DK_DEFINE_KEY_TILE(key_single, DK_SINGLE, DK_KEY_ROWS)
DK_DEFINE_KEY_TILE(key_half, DK_HALF, DK_KEY_ROWS)
DK_DEFINE_KEY_TILE(key_single_1, DK_SINGLE, 1)
DK_DEFINE_KEY_TILE(key_half_1, DK_HALF, 1)

#if DK_MATRIX_TILES
/* The same as key_product in matrix registers, 32 queries by 32 columns at a time; whole steps of 16 rows are written. */
static void key_matrix(float *out, size_t stride, bool begins, const uint32_t *left, size_t left_stride,
                       const uint32_t *panels, size_t queries, size_t columns, size_t depth, size_t units) {
    const size_t step = stride * 4, left_step = left_stride * 4, panel_step = DK_KEY_COLUMNS * 4;
    for (size_t column = 0; column < columns; column += 32)
        for (size_t row = 0; row < queries; row += 32) {
            bool two = queries - row > 16;
            const uint32_t *panel = panels + column / DK_KEY_COLUMNS * DK_KEY_COLUMNS * depth + column % DK_KEY_COLUMNS;
            const uint32_t *upper = left + row * left_stride, *lower = upper + 16 * left_stride;
            float *to = out + row * stride + column, *below = to + 16 * stride;
            if (begins) {
                _tile_zero(0), _tile_zero(1), _tile_zero(2), _tile_zero(3);
            } else {
                _tile_loadd(0, to, step), _tile_loadd(1, to + 16, step);
                if (two) _tile_loadd(2, below, step), _tile_loadd(3, below + 16, step);
            }
            for (size_t i = 0; i < units; i += DK_UNIT_STEP, panel += DK_UNIT_STEP * DK_KEY_COLUMNS) {
                _tile_loadd(4, upper + i, left_step);
                _tile_loadd(6, panel, panel_step), _tile_dpbf16ps(0, 4, 6);
                _tile_loadd(7, panel + 16, panel_step), _tile_dpbf16ps(1, 4, 7);
                if (two) _tile_loadd(5, lower + i, left_step), _tile_dpbf16ps(2, 5, 6), _tile_dpbf16ps(3, 5, 7);
            }
            _tile_stored(0, to, step), _tile_stored(1, to + 16, step);
            if (two) _tile_stored(2, below, step), _tile_stored(3, below + 16, step);
        }
}
#endif

/* out[queries, columns] (+)= left * panels, tile by tile; panels of DK_KEY_COLUMNS follow one another. */
static void key_product(float *out, size_t stride, dk_precision precision, bool begins, const uint32_t *left,
                        size_t left_stride, const uint32_t *panels, size_t queries, size_t columns, size_t depth,
                        size_t units) {
#if DK_MATRIX_TILES
    if (precision != DK_SINGLE) {
        key_matrix(out, stride, begins, left, left_stride, panels, queries, columns, depth, units);
        return;
    }
#endif
    for (size_t column = 0; column < columns; column += DK_KEY_COLUMNS) {
        const uint32_t *panel = panels + column * depth;
        for (size_t row = 0; row < queries;) {
            bool whole = queries - row >= DK_KEY_ROWS;
            (precision == DK_SINGLE ? whole ? key_single : key_single_1 : whole ? key_half : key_half_1)(
                out + row * stride + column, stride, begins, left + row * left_stride, left_stride, panel, units);
            row += whole ? DK_KEY_ROWS : 1;
        }
    }
}

/* 2^x for x <= 0 is 2^n · 2^f, the second by a minimax polynomial that is exact to 8e-8, about as numbers are, or to 8e-5 where the
 * result becomes bf16. Scores are kept in powers of two, so that nothing else is needed. Minus infinity gives zero. */
#if DK_LANES == 16
/* Two instructions of AVX-512 take n, the next whole number below x, out and bring it in. */
DK_INLINE vf vf_exp2_down(vf x, const dk_precision precision) {
    vf f = (vf)_mm512_reduce_ps((__m512)x, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
    vf y = precision == DK_HALF
               ? DK_HORNER3(f, 0.999925218579918f, 0.6958335407031543f, f * 0.07802452308157433f + 0.22606715479518935f)
               : DK_HORNER3(f, 0.9999999250635837f, 0.6931530732003754f,
                            DK_HORNER3(f, 0.240153617046312f, 0.05582631803506278f,
                                       f * 0.0018775766579429772f + 0.00898934012389056f));
    return (vf)_mm512_scalef_ps((__m512)y, (__m512)x);
}
#else
/* n is the nearest whole number; below -126 the result is zero. */
DK_INLINE vf vf_exp2_down(vf x, const dk_precision precision) {
    vf shifted = x + 12582912.0f;
    vf f = x - (shifted - 12582912.0f);
    vf y = precision == DK_HALF
               ? DK_HORNER3(f, 0.9999280735524592f, 0.6932609853948448f, f * 0.055171669369824254f + 0.24261112221396844f)
               : DK_HORNER3(f, 1.0000000716546242f, 0.6931469670646027f,
                            DK_HORNER3(f, 0.24022119724060637f, 0.055507132738820346f,
                                       f * 0.0013276471870668903f + 0.009675541327575853f));
    vf power = (vf)(((vu)shifted << 23) + 0x3F800000u);
    return vf_select(x < -126.0f, vf_splat(0), y * power);
}
#endif

/* What is carried from one block of keys to the next, and where the work happens. */
typedef struct {
    float *scores;      /* [queries, DK_KEY_BLOCK] */
    uint32_t *weights;  /* [queries, units of DK_KEY_BLOCK]; in the place of scores where units are as many */
    uint32_t *left;     /* [queries, units of dim] */
    float *sums;        /* [queries, padded dim] */
    float *greatest;    /* [queries], of the blocks before */
    float *reached;     /* [queries], of this block too */
    float *totals;      /* [queries, DK_LANES] */
} dk_attention_state;

static dk_attention_state attention_state(dk_precision precision, size_t dim, size_t queries, void *scratch) {
    dk_attention_state s;
    float *at = scratch;
    if (DK_MATRIX_TILES) queries = (queries + 15) / 16 * 16;
    s.scores = at, at += queries * DK_KEY_BLOCK;
    s.weights = (uint32_t *)(unit_terms(precision) == 1 ? s.scores : at);
    if (unit_terms(precision) > 1) at += queries * DK_KEY_BLOCK / 2;
    s.sums = at, at += queries * padded_dim(dim);
    s.left = (uint32_t *)at, at += (queries * panel_units(precision, dim) + 15) / 16 * 16;
    s.greatest = at, at += (queries + 15) / 16 * 16;
    s.reached = at, at += (queries + 15) / 16 * 16;
    s.totals = at;
    return s;
}

static size_t attention_scratch(dk_precision precision, size_t dim, size_t queries) {
    dk_attention_state s = attention_state(precision, dim, queries, NULL);
    return (size_t)s.totals + queries * DK_LANES * sizeof *s.totals;
}

/* left[queries, units] = q * scale, and over ln 2: scores are powers of two. */
static void pack_queries(uint32_t *left, const float *q, const dk_attention *p, size_t queries) {
    size_t units = panel_units(p->precision, p->dim);
    const float scale = p->scale * DK_LOG2_E;
    for (size_t row = 0; row < queries; row++, left += units, q += p->query_stride) {
        memset(left + units - DK_UNIT_STEP, 0, p->precision == DK_SINGLE ? 0 : DK_UNIT_STEP * 4);
        for (size_t i = 0; i < p->dim; i += DK_LANES) {
            size_t width = p->dim - i < DK_LANES ? p->dim - i : DK_LANES;
            vf x = (width == DK_LANES ? vf_load(q + i) : vf_load_part(q + i, width, 0)) * scale;
            if (p->precision == DK_SINGLE) memcpy((float *)left + i, &x, width * 4);
            else store_terms(left, i, x, width);
        }
    }
}

/* The greatest of a row and of what was before, not-a-number passed over: it shows in the weights. A row's extent is a multiple of
 * DK_SCORES here and below. */
DK_INLINE float greatest_score(const float *scores, size_t extent, float before) {
    vf best[4] = {vf_splat(before), vf_splat(before), vf_splat(before), vf_splat(before)};
    for (size_t i = 0; i < extent; i += DK_SCORES)
        for (size_t part = 0; part < 4; part++)
            best[part] = vf_larger(vf_load(scores + i + part * DK_LANES), best[part]);
    for (size_t part = 1; part < 4; part++) best[0] = vf_larger(best[part], best[0]);
    return vf_greatest_number(best[0]);
}

static bool all_equal(const float *scores, size_t extent, float value) {
    bool equal = true;
    for (size_t i = 0; i < extent; i++) equal = equal && scores[i] == value;
    return equal;
}

/* weights = 2^(scores - greatest); returns their sums by lanes. */
DK_INLINE vf exponentials(uint32_t *weights, const float *scores, size_t extent, float greatest, const dk_precision precision) {
    vf total = {0};
    for (size_t i = 0; i < extent; i += 2 * DK_LANES) {
        vf low = vf_exp2_down(vf_load(scores + i) - greatest, precision);
        vf high = vf_exp2_down(vf_load(scores + i + DK_LANES) - greatest, precision);
        total += low + high;
        if (precision == DK_SINGLE) {
            vf_store((float *)weights + i, low);
            vf_store((float *)weights + i + DK_LANES, high);
        } else {
            store_terms(weights, i, low, DK_LANES);
            store_terms(weights, i + DK_LANES, high, DK_LANES);
        }
    }
    return total;
}

/* Whole vectors of a block's scores. */
DK_INLINE size_t scores_extent(size_t count) { return (count + DK_SCORES - 1) / DK_SCORES * DK_SCORES; }

/* Adds to one query's scores what they are biased and masked by, and finds how far they reach. */
static void complete_scores(const dk_attention_state *s, const dk_attention *p, size_t row, size_t query, size_t first,
                            size_t count) {
    float *scores = s->scores + row * DK_KEY_BLOCK;
    size_t visible = count, extent = scores_extent(count);
    if (p->causal) visible = query < first ? 0 : query - first + 1 < count ? query - first + 1 : count;
    if (p->key_bias)
        for (size_t i = 0; i < visible; i++) scores[i] += p->key_bias[first + i] * DK_LOG2_E;
    if (p->mask) {
        const float *mask = p->mask + query * p->mask_query_stride + first * p->mask_key_stride;
        for (size_t i = 0; i < visible; i++) scores[i] += mask[i * p->mask_key_stride] * DK_LOG2_E;
    }
    for (size_t i = visible; i < extent; i++) scores[i] = -INFINITY;
    s->reached[row] = greatest_score(scores, extent, s->greatest[row]);
}

/* Scores of one query and block become weights; the query's sums are corrected. */
static void weigh_scores(const dk_attention_state *s, const dk_attention *p, size_t row, size_t first, size_t count) {
    float *scores = s->scores + row * DK_KEY_BLOCK, *totals = s->totals + row * DK_LANES;
    size_t units = panel_units(p->precision, DK_KEY_BLOCK), extent = scores_extent(count);
    float before = s->greatest[row], greatest = s->reached[row];
    uint32_t *weights = s->weights + row * units;
    if (greatest == -INFINITY) {
        if (all_equal(scores, extent, -INFINITY)) {
            memset(weights, 0, units * 4);
            return;
        }
        greatest = 0; /* not-a-number, which makes the weights so */
    }
    vf total = p->precision == DK_SINGLE ? exponentials(weights, scores, extent, greatest, DK_SINGLE)
                                         : exponentials(weights, scores, extent, greatest, DK_HALF);
    s->greatest[row] = greatest;
    if (before == greatest) {
        vf_store(totals, vf_load(totals) + total);
        return;
    }
    vf correction = before == -INFINITY ? vf_splat(0) : vf_exp2_down(vf_splat(before - greatest), DK_SINGLE);
    vf_store(totals, vf_load(totals) * correction + total);
    if (first == 0) return;
    float *sums = s->sums + row * padded_dim(p->dim);
    for (size_t i = 0; i < padded_dim(p->dim); i += DK_LANES) vf_store(sums + i, vf_load(sums + i) * correction);
}

static void attention(float *out, const float *q, const dk_attention *p, size_t first, size_t queries, void *scratch) {
    dk_attention_state s = attention_state(p->precision, p->dim, queries, scratch);
    size_t units = panel_units(p->precision, p->dim), width = padded_dim(p->dim);
    size_t depth = panel_units(p->precision, DK_KEY_BLOCK);
    pack_queries(s.left, q, p, queries);
    for (size_t row = 0; row < queries; row++) s.greatest[row] = -INFINITY;
    memset(s.totals, 0, queries * DK_LANES * sizeof *s.totals);
    memset(s.sums, 0, queries * width * sizeof *s.sums);
    const uint32_t *keys = p->packed;
#if DK_MATRIX_TILES
    begin_matrix();
#endif
    for (size_t key = 0; key < p->keys; key += DK_KEY_BLOCK, keys += packed_block(p->precision, p->dim)) {
        size_t count = p->keys - key < DK_KEY_BLOCK ? p->keys - key : DK_KEY_BLOCK;
        if (p->causal && key > first + queries - 1) break;
        key_product(s.scores, DK_KEY_BLOCK, p->precision, true, s.left, units, keys, queries, count, units, units);
        /* One after the other, so that no weights wait for their own row's greatest score. */
        for (size_t row = 0; row < queries; row++) complete_scores(&s, p, row, first + row, key, count);
        for (size_t row = 0; row < queries; row++) weigh_scores(&s, p, row, key, count);
        size_t deep = panel_units(p->precision, count);
        key_product(s.sums, width, p->precision, false, s.weights, depth, keys + packed_keys(p->precision, p->dim), queries,
                    width, depth, deep);
    }
#if DK_MATRIX_TILES
    end_matrix();
#endif
    for (size_t row = 0; row < queries; row++) {
        float inverse = s.greatest[row] == -INFINITY ? 0 : 1.0f / vf_sum(vf_load(s.totals + row * DK_LANES));
        scale_row(out + row * p->query_stride, s.sums + row * width, inverse, p->dim);
    }
}
