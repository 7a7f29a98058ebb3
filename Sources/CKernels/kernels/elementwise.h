/* Ops on one element at a time. */

DK_INLINE vf vf_silu(vf v) { return v / (1.0f + vf_exp(-v)); }

DK_INLINE vf vf_quick_gelu(vf v) { return v / (1.0f + vf_exp(-1.702f * v)); }

DK_INLINE vf vf_gelu(vf v) { return 0.5f * v * (1.0f + vf_erf(v * 0.707106781f)); }

/* v / 2 · (1 + tanh u) = v / (1 + e^-2u), which is exact to rounding where the tangent is near -1, too. */
DK_INLINE vf vf_gelu_tanh(vf v) { return v / (1.0f + vf_exp(-1.59576912f * (v + 0.044715f * v * v * v))); }

#define DK_EACH(expression)                                         \
    do {                                                            \
        size_t i = 0;                                               \
        for (; i + DK_LANES <= n; i += DK_LANES) {                  \
            vf v = vf_load(x + i);                                  \
            vf_store(out + i, expression);                          \
        }                                                           \
        if (i < n) {                                                \
            vf v = vf_load_part(x + i, n - i, 1);                   \
            vf_store_part(out + i, expression, n - i);              \
        }                                                           \
    } while (0)

static void unary(dk_unary_op op, float *out, const float *x, size_t n) {
    switch (op) {
    case DK_NEGATE: DK_EACH(-v); break;
    case DK_EXP: DK_EACH(vf_exp(v)); break;
    case DK_LOG: for (size_t i = 0; i < n; i++) out[i] = logf(x[i]); break;
    case DK_SQRT: DK_EACH(vf_sqrt(v)); break;
    case DK_RSQRT: DK_EACH(1.0f / vf_sqrt(v)); break;
    case DK_TANH: DK_EACH(vf_tanh(v)); break;
    case DK_SIGMOID: DK_EACH(vf_sigmoid(v)); break;
    case DK_SIN: for (size_t i = 0; i < n; i++) out[i] = sinf(x[i]); break;
    case DK_COS: for (size_t i = 0; i < n; i++) out[i] = cosf(x[i]); break;
    case DK_ABS: DK_EACH(vf_abs(v)); break;
    case DK_SILU: DK_EACH(vf_silu(v)); break;
    case DK_QUICK_GELU: DK_EACH(vf_quick_gelu(v)); break;
    case DK_RELU: DK_EACH(vf_max(v, vf_splat(0))); break;
    case DK_GELU: DK_EACH(vf_gelu(v)); break;
    case DK_GELU_TANH: DK_EACH(vf_gelu_tanh(v)); break;
    }
}

#define DK_EACH_PAIR(operator)                                                                      \
    do {                                                                                            \
        size_t i = 0;                                                                               \
        for (; i + DK_LANES <= n; i += DK_LANES) {                                                  \
            vf left = a_step ? vf_load(a + i) : vf_splat(*a);                                       \
            vf right = b_step ? vf_load(b + i) : vf_splat(*b);                                      \
            vf_store(out + i, left operator right);                                                 \
        }                                                                                           \
        for (; i < n; i++) out[i] = a[i * a_step] operator b[i * b_step];                           \
    } while (0)

static void binary(dk_binary_op op, float *out, const float *a, const float *b, size_t a_step, size_t b_step, size_t n) {
    switch (op) {
    case DK_ADD: DK_EACH_PAIR(+); break;
    case DK_SUBTRACT: DK_EACH_PAIR(-); break;
    case DK_MULTIPLY: DK_EACH_PAIR(*); break;
    case DK_DIVIDE: DK_EACH_PAIR(/); break;
    }
}

static void clamp(float *out, const float *x, float low, float high, size_t n) {
    /* A NaN fails both comparisons and stays. */
    DK_EACH(vf_select(v < low, vf_splat(low), vf_select(v > high, vf_splat(high), v)));
}

static void gated_add(float *out, const float *x, const float *gate, const float *y, size_t n) {
    size_t i = 0;
    for (; i + DK_LANES <= n; i += DK_LANES)
        vf_store(out + i, vf_load(x + i) + vf_load(gate + i) * vf_load(y + i));
    if (i == n) return;
    size_t rest = n - i;
    vf last = vf_load_part(x + i, rest, 0) + vf_load_part(gate + i, rest, 0) * vf_load_part(y + i, rest, 0);
    vf_store_part(out + i, last, rest);
}

static void repeat_each(float *out, const float *x, size_t factor, size_t n) {
    if (factor == 2) {
        for (size_t i = 0; i < n; i++) out[2 * i] = out[2 * i + 1] = x[i];
        return;
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < factor; j++) out[i * factor + j] = x[i];
}

static bool all_finite(const float *x, size_t n) {
    vi bad = {0};
    size_t i = 0;
    for (; i + DK_LANES <= n; i += DK_LANES) bad |= (vf_abs(vf_load(x + i)) < INFINITY) == 0;
    if (i < n) bad |= (vf_abs(vf_load_part(x + i, n - i, 0)) < INFINITY) == 0;
    for (size_t lane = 0; lane < DK_LANES; lane++)
        if (bad[lane]) return false;
    return true;
}

static void rope(float *out, const float *x, const float *cos, const float *sin, bool interleaved, size_t heads,
                 size_t dim) {
    size_t half = dim / 2;
    for (size_t head = 0; head < heads; head++, x += dim, out += dim) {
        if (interleaved)
            for (size_t i = 0; i < half; i++) {
                float a = x[2 * i], b = x[2 * i + 1];
                out[2 * i] = a * cos[i] - b * sin[i];
                out[2 * i + 1] = b * cos[i] + a * sin[i];
            }
        else
            for (size_t i = 0; i < half; i++) {
                float a = x[i], b = x[i + half];
                out[i] = a * cos[i] - b * sin[i];
                out[i + half] = b * cos[i] + a * sin[i];
            }
    }
}
