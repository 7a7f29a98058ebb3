/* Ops along a row: reductions, softmax, norms. Sums run in singles over pieces of a row (DK_LANES · 4
 * strands) or of a column, and the pieces are added in double precision. */

enum { DK_PIECE = 512, DK_COLUMN_PIECE = 64 };

/* The sum over x[n] of an expression of v, each lane an element; lanes past the end hold `rest`. */
#define DK_SUM_EACH(total, rest, expression)                                        \
    do {                                                                            \
        for (size_t start = 0; start < n; start += DK_PIECE) {                      \
            size_t end = n - start < DK_PIECE ? n : start + DK_PIECE;               \
            vf s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};                              \
            size_t i = start;                                                       \
            for (; i + 4 * DK_LANES <= end; i += 4 * DK_LANES) {                    \
                vf v = vf_load(x + i);                                              \
                s0 += expression;                                                   \
                v = vf_load(x + i + DK_LANES);                                      \
                s1 += expression;                                                   \
                v = vf_load(x + i + 2 * DK_LANES);                                  \
                s2 += expression;                                                   \
                v = vf_load(x + i + 3 * DK_LANES);                                  \
                s3 += expression;                                                   \
            }                                                                       \
            for (; i + DK_LANES <= end; i += DK_LANES) {                            \
                vf v = vf_load(x + i);                                              \
                s0 += expression;                                                   \
            }                                                                       \
            if (i < end) {                                                          \
                vf v = vf_load_part(x + i, end - i, rest);                          \
                s1 += expression;                                                   \
            }                                                                       \
            total += vf_sum((s0 + s1) + (s2 + s3));                                 \
        }                                                                           \
    } while (0)

static double row_sum(const float *x, size_t n) {
    double total = 0;
    DK_SUM_EACH(total, 0, v);
    return total;
}

static double row_square_sum(const float *x, float mean, size_t n) {
    double total = 0;
    vf center = vf_splat(mean);
    DK_SUM_EACH(total, mean, (v - center) * (v - center));
    return total;
}

static float row_max(const float *x, size_t n) {
    vf best = vf_splat(-INFINITY);
    size_t i = 0;
    for (; i + DK_LANES <= n; i += DK_LANES) best = vf_max(vf_load(x + i), best);
    if (i < n) best = vf_max(vf_load_part(x + i, n - i, -INFINITY), best);
    return vf_greatest(best);
}

/* One row: op over x[n]. */
static float reduce_row(dk_reduce_op op, const float *x, size_t n) {
    float least = INFINITY;
    switch (op) {
    case DK_SUM: return (float)row_sum(x, n);
    case DK_MEAN: return (float)(row_sum(x, n) / (double)n);
    case DK_MAX: return row_max(x, n);
    case DK_MIN:
        for (size_t i = 0; i < n && least == least; i++) least = x[i] < least || x[i] != x[i] ? x[i] : least;
        return least;
    }
    return 0;
}

static void reduce(dk_reduce_op op, float *out, const float *x, size_t extent, size_t inner) {
    if (inner == 1) {
        *out = reduce_row(op, x, extent);
        return;
    }
    for (size_t j = 0; j < inner; j += DK_LANES) {
        size_t width = inner - j < DK_LANES ? inner - j : DK_LANES;
        vf best = op == DK_MAX ? vf_splat(-INFINITY) : vf_splat(INFINITY);
        double total[DK_LANES] = {0};
        for (size_t start = 0; start < extent; start += DK_COLUMN_PIECE) {
            size_t end = extent - start < DK_COLUMN_PIECE ? extent : start + DK_COLUMN_PIECE;
            vf sum = {0};
            for (size_t i = start; i < end; i++) {
                const float *row = x + i * inner + j;
                vf v = width == DK_LANES ? vf_load(row) : vf_load_part(row, width, 0);
                sum += v;
                best = op == DK_MAX ? vf_max(v, best) : vf_min(v, best);
            }
            for (size_t lane = 0; lane < width; lane++) total[lane] += sum[lane];
        }
        for (size_t lane = 0; lane < width; lane++)
            out[j + lane] = op == DK_SUM    ? (float)total[lane]
                            : op == DK_MEAN ? (float)(total[lane] / (double)extent)
                                            : best[lane];
    }
}

static void argmax(int64_t *out, const float *x, size_t extent, size_t inner) {
    for (size_t j = 0; j < inner; j++) {
        size_t best = 0;
        for (size_t i = 1; i < extent; i++) {
            float greatest = x[best * inner + j], v = x[i * inner + j];
            if (v > greatest || (v != v && greatest == greatest)) best = i;
        }
        out[j] = (int64_t)best;
    }
}

/* out[n] = exp(x[n] - shift); returns their sum. */
static float exp_row(float *out, const float *x, float shift, size_t n) {
    double total = 0;
    vf greatest = vf_splat(shift);
    size_t i = 0;
    for (; i + DK_LANES <= n; i += DK_LANES) vf_store(out + i, vf_exp(vf_load(x + i) - greatest));
    if (i < n) vf_store_part(out + i, vf_exp(vf_load_part(x + i, n - i, shift) - greatest), n - i);
    x = out;
    DK_SUM_EACH(total, 0, v);
    return (float)total;
}

static void scale_row(float *out, const float *x, float factor, size_t n) { DK_EACH(v * factor); }

static void softmax(float *out, const float *x, size_t n) {
    float sum = exp_row(out, x, row_max(x, n), n);
    scale_row(out, out, 1.0f / sum, n);
}

/* out[n] = (x[n] - mean) * factor * weight[n] + bias[n] */
static void apply_row(float *out, const float *x, float mean, float factor, const float *weight, const float *bias,
                      float weight_base, size_t n) {
    for (size_t i = 0; i < n; i += DK_LANES) {
        size_t width = n - i < DK_LANES ? n - i : DK_LANES;
        bool full = width == DK_LANES;
        vf v = full ? vf_load(x + i) : vf_load_part(x + i, width, 0);
        v = (v - mean) * factor;
        if (weight) v *= (full ? vf_load(weight + i) : vf_load_part(weight + i, width, 0)) + weight_base;
        if (bias) v += full ? vf_load(bias + i) : vf_load_part(bias + i, width, 0);
        if (full)
            vf_store(out + i, v);
        else
            vf_store_part(out + i, v, width);
    }
}

static void layer_norm(float *out, const float *x, const float *weight, const float *bias, const float *scale,
                       const float *shift, float eps, size_t n) {
    float mean = (float)(row_sum(x, n) / (double)n);
    float factor = (float)(1.0 / sqrt(row_square_sum(x, mean, n) / (double)n + (double)eps));
    if (scale) {
        apply_row(out, x, mean, factor, scale, shift, 1, n);
    } else {
        apply_row(out, x, mean, factor, weight, bias, 0, n);
    }
}

static void rms_norm(float *out, const float *x, const float *weight, float eps, size_t n) {
    float factor = (float)(1.0 / sqrt(row_square_sum(x, 0, n) / (double)n + (double)eps));
    apply_row(out, x, 0, factor, weight, NULL, 0, n);
}

static void group_norm(float *out, const float *x, const float *weight, const float *bias, float eps,
                       size_t channels, size_t area) {
    size_t n = channels * area;
    float mean = (float)(row_sum(x, n) / (double)n);
    double deviation = sqrt(row_square_sum(x, mean, n) / (double)n + (double)eps);
    for (size_t channel = 0; channel < channels; channel++, x += area, out += area) {
        float factor = (float)((weight ? weight[channel] : 1) / deviation);
        float offset = bias ? bias[channel] : 0;
        n = area;
        DK_EACH((v - mean) * factor + offset);
    }
}
