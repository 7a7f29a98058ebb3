/* Convolutions that keep an image's extents, or double them: what a part of the image sees is cut out once, with its
 * margin, and goes through what precedes the convolution on the way; products then read it as panels.
 *
 * Everything goes by vectors of DK_LANES neighbouring places of a row, DK_PANEL_VECTORS of them a panel. */

/* Neighbours taken apart; DK_ZIP_LOW and DK_ZIP_HIGH put them together. */
#if DK_LANES == 16
#define DK_EVENS 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
#define DK_ODDS 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31
#elif DK_LANES == 8
#define DK_EVENS 0, 2, 4, 6, 8, 10, 12, 14
#define DK_ODDS 1, 3, 5, 7, 9, 11, 13, 15
#else
#define DK_EVENS 0, 2, 4, 6
#define DK_ODDS 1, 3, 5, 7
#endif

/* 1 / x for x of 1 to 2^126, by a step of third order and one of second: less than half the time of a division. */
DK_INLINE vf vf_reciprocal(vf x) {
    vf y = (vf)(0x7EF30000 - (vi)x);
    vf error = 1.0f - x * y;
    y = y + y * (error * error + error);
    return y + y * (1.0f - x * y);
}

/* SiLU, with e^-v as 2^n 2^f whose polynomial is a minimax fit; n is limited so that adding it to the exponent does. */
DK_INLINE vf vf_quick_silu(vf v) {
    vf x = v * -1.44269504f;
    x = vf_select(x < 126.0f, x, vf_splat(126.0f));
    x = vf_select(x > -126.0f, x, vf_splat(-126.0f));
    vf shifted = x + 12582912.0f;
    vf f = x - (shifted - 12582912.0f);
    vf power = DK_HORNER5(f, 1.0000001192092896f, 0.6931469440460205f, 0.24022120237350464f, 0.05550713092088699f,
                          f * 0.001327647129073739f + 0.009675540961325169f);
    power = (vf)((vi)power + ((vi)shifted << 23));
    return v * vf_reciprocal(1.0f + power);
}

/* DK_LANES elements of a channel, after what precedes the convolution. */
DK_INLINE vf cut_vector(const dk_cut *cut, size_t channel, size_t at) {
    vf v = vf_load_weights(cut->x, cut->type, at);
    if (cut->scale) v = v * cut->scale[channel] + cut->shift[channel];
    return cut->silu ? vf_quick_silu(v) : v;
}

DK_INLINE vf cut_vector_part(const dk_cut *cut, size_t channel, size_t at, size_t n) {
    vf v = vf_load_weights_part(cut->x, cut->type, at, n);
    if (cut->scale) v = v * cut->scale[channel] + cut->shift[channel];
    return cut->silu ? vf_quick_silu(v) : v;
}

/* n elements from `at` of a channel, or of it and the next, as units. */
DK_INLINE void cut_row(uint32_t *out, const dk_precision precision, const dk_cut *cut, size_t channel, size_t at,
                       size_t n) {
    size_t area = cut->height * cut->width;
    bool paired = precision == DK_HALF && channel + 1 < cut->channels;
#define DK_CUT(take, store)                                                     \
    do {                                                                        \
        vf low = take(channel, channel * area + at + i);                        \
        vf high = paired ? take(channel + 1, (channel + 1) * area + at + i) : (vf){0}; \
        vu unit = precision == DK_HALF ? vu_pair_bf16(low, high) : (vu)low;     \
        store;                                                                  \
    } while (0)
#define DK_WHOLE(channel, place) cut_vector(cut, channel, place)
#define DK_PART(channel, place) cut_vector_part(cut, channel, place, n - i)
    size_t i = 0;
    for (; i + DK_LANES <= n; i += DK_LANES) DK_CUT(DK_WHOLE, memcpy(out + i, &unit, sizeof unit));
    if (i == n) return;
    if (n >= DK_LANES) {
        i = n - DK_LANES;
        DK_CUT(DK_WHOLE, memcpy(out + i, &unit, sizeof unit));
    } else {
        DK_CUT(DK_PART, memcpy(out + i, &unit, (n - i) * sizeof *out));
    }
#undef DK_CUT
#undef DK_WHOLE
#undef DK_PART
}

/* Rows that are fetched ahead of the one that is cut. */
enum { DK_CUT_AHEAD = 4 };

DK_INLINE void cut_of(uint32_t *out, const dk_precision precision, const dk_cut *source, const dk_float_type type,
                      const bool silu, const bool affine) {
    dk_cut cut = *source;
    cut.type = type;
    cut.silu = silu;
    if (!affine) cut.scale = NULL;
    size_t terms = unit_terms(precision), size = type == DK_BF16 ? 2 : 4;
    ptrdiff_t from = cut.left > 0 ? cut.left : 0, to = cut.left + (ptrdiff_t)cut.columns;
    if (to > (ptrdiff_t)cut.width) to = (ptrdiff_t)cut.width;
    size_t before = (size_t)(from - cut.left), n = to > from ? (size_t)(to - from) : 0, end = before + n;
    for (size_t channel = 0; channel < cut.channels; channel += terms, out += cut.plane_units)
        for (size_t row = 0; row < cut.rows; row++) {
            uint32_t *line = out + row * cut.row_units;
            ptrdiff_t y = cut.top + (ptrdiff_t)row;
            if (y < 0 || y >= (ptrdiff_t)cut.height || !n) {
                memset(line, 0, cut.row_units * sizeof *line);
                continue;
            }
            size_t at = (size_t)y * cut.width + (size_t)from;
            /* Rows are too short and too far apart for the processor to foresee. */
            for (size_t term = 0; term < terms; term++) {
                size_t ahead = (channel + term) * cut.height * cut.width + at + DK_CUT_AHEAD * cut.width;
                for (size_t i = 0; i < n; i += 64 / size) __builtin_prefetch((const char *)cut.x + (ahead + i) * size);
            }
            if (before) vf_store((float *)line, (vf){0});
            if (cut.row_units - end > 2 * DK_LANES || cut.row_units < 2 * DK_LANES) {
                memset(line + end, 0, (cut.row_units - end) * sizeof *line);
            } else {
                vf_store((float *)line + cut.row_units - DK_LANES, (vf){0});
                vf_store((float *)line + cut.row_units - 2 * DK_LANES, (vf){0});
            }
            cut_row(line + before, precision, &cut, channel, at, n);
        }
}

#define DK_DEFINE_CUT(name, type)                                                                          \
    static __attribute__((noinline)) void name(uint32_t *out, dk_precision precision, const dk_cut *cut) { \
        bool affine = cut->scale != NULL;                                                                  \
        if (precision == DK_SINGLE)                                                                        \
            cut->silu && affine ? cut_of(out, DK_SINGLE, cut, type, true, true)                            \
            : cut->silu         ? cut_of(out, DK_SINGLE, cut, type, true, false)                           \
                                : cut_of(out, DK_SINGLE, cut, type, false, affine);                        \
        else                                                                                               \
            cut->silu && affine ? cut_of(out, DK_HALF, cut, type, true, true)                              \
            : cut->silu         ? cut_of(out, DK_HALF, cut, type, true, false)                             \
                                : cut_of(out, DK_HALF, cut, type, false, affine);                          \
    }
DK_DEFINE_CUT(cut_f32, DK_F32)
DK_DEFINE_CUT(cut_bf16, DK_BF16)

static void cut_planes(void *out, dk_precision precision, const dk_cut *cut) {
    cut->type == DK_BF16 ? cut_bf16(out, precision, cut) : cut_f32(out, precision, cut);
}

static void gather_taps(void *panel, const void *cut, size_t plane_units, size_t units, const size_t *taps,
                        size_t count, const size_t *vectors) {
    float *out = panel;
    for (size_t tap = 0; tap < count; tap++) {
        const float *from = (const float *)cut + taps[tap];
        for (size_t unit = 0; unit < units; unit++, from += plane_units, out += DK_PANEL_COLUMNS)
            for (size_t v = 0; v < DK_PANEL_VECTORS; v++) vf_store(out + v * DK_LANES, vf_load(from + vectors[v]));
    }
}

/* Adds the residual to the n elements at `at`, and stores them. */
DK_INLINE void spread_vector(const dk_spread *to, size_t at, vf v, size_t n) {
    if (n >= DK_LANES) {
        if (to->residual) v += vf_load_weights(to->residual, to->residual_type, at);
        if (to->type == DK_BF16) vh_store((uint16_t *)to->out + at, vh_term(v));
        else vf_store((float *)to->out + at, v);
        return;
    }
    if (to->residual) v += vf_load_weights_part(to->residual, to->residual_type, at, n);
    if (to->type == DK_BF16) {
        vh half = vh_term(v);
        memcpy((uint16_t *)to->out + at, &half, n * sizeof half[0]);
    } else {
        vf_store_part((float *)to->out + at, v, n);
    }
}

/* Even and odd elements of a row from x on. */
DK_INLINE void spread_pair(const dk_spread *to, size_t plane, size_t y, size_t x, vf even, vf odd) {
    if (y >= to->height || x >= to->width) return;
    size_t at = plane + y * to->width + x, n = to->width - x;
    spread_vector(to, at, DK_ZIP_LOW(even, odd), n);
    if (n > DK_LANES) spread_vector(to, at + DK_LANES, DK_ZIP_HIGH(even, odd), n - DK_LANES);
}

static void spread_sums(const dk_spread *to, const float *sums, size_t panel_stride, size_t phase_stride,
                        size_t panels, size_t rows) {
    for (size_t row = 0; row < rows; row++) {
        size_t plane = row * to->height * to->width;
        vf bias = vf_splat(to->bias ? to->bias[row] : 0);
        for (size_t i = 0; i < panels * DK_PANEL_VECTORS; i++) {
            const float *from = sums + i / DK_PANEL_VECTORS * panel_stride + row * DK_PANEL_COLUMNS +
                                i % DK_PANEL_VECTORS * DK_LANES;
            size_t y = to->places[i].y, x = to->places[i].x;
            if (y >= to->height || x >= to->width) continue;
            if (phase_stride) {
                for (size_t line = 0; line < 2; line++, from += 2 * phase_stride)
                    spread_pair(to, plane, y + line, x, vf_load(from) + bias, vf_load(from + phase_stride) + bias);
            } else {
                spread_vector(to, plane + y * to->width + x, vf_load(from) + bias, to->width - x);
            }
        }
    }
}

/* out[phases, rows, taps * depth] from weights [rows, channels, kernel, kernel]: phases are 1 and taps the kernel's, or
 * 4 of 2 by 2 taps, sums of those that meet the same place of an image doubled by repetition. */
static void arrange_filters(float *out, const void *weights, dk_float_type type, size_t rows, size_t channels,
                            size_t depth, size_t kernel, bool doubled) {
    size_t side = doubled ? 2 : kernel, taps = side * side, places = kernel * kernel;
    for (size_t row = 0; row < rows; row++)
        for (size_t phase = 0; phase < (doubled ? 4 : 1); phase++) {
            float *line = out + (phase * rows + row) * taps * depth;
            memset(line, 0, taps * depth * sizeof *line);
            for (size_t channel = 0; channel < channels; channel++) {
                float w[9] = {0};
                for (size_t i = 0; i < places; i++)
                    w[i] = vf_load_weights_part(weights, type, (row * channels + channel) * places + i, 1)[0];
                for (size_t ky = 0; ky < kernel; ky++)
                    for (size_t kx = 0; kx < kernel; kx++) {
                        size_t y = doubled ? (ky + 1 + phase / 2) / 2 - phase / 2 : ky;
                        size_t x = doubled ? (kx + 1 + phase % 2) / 2 - phase % 2 : kx;
                        line[(y * side + x) * depth + channel] += w[ky * kernel + kx];
                    }
            }
        }
}

/* Sums of n differences from a number near their mean, and of their squares. */
DK_INLINE void sum_differences(double *sum, double *squares, const void *x, const dk_float_type type, size_t at,
                               size_t n, float near) {
    vf sums[4] = {{0}}, squared[4] = {{0}};
    size_t i = 0;
    for (; i + 4 * DK_LANES <= n; i += 4 * DK_LANES)
#pragma clang loop unroll(full)
        for (size_t strand = 0; strand < 4; strand++) {
            vf d = vf_load_weights(x, type, at + i + strand * DK_LANES) - near;
            sums[strand] += d;
            squared[strand] += d * d;
        }
    for (; i < n; i += DK_LANES) {
        size_t width = n - i < DK_LANES ? n - i : DK_LANES;
        float lanes[DK_LANES];
        vf_store(lanes, vf_load_weights_part(x, type, at + i, width));
        for (size_t lane = width; lane < DK_LANES; lane++) lanes[lane] = near;
        vf d = vf_load(lanes) - near;
        sums[0] += d;
        squared[0] += d * d;
    }
    *sum = vf_sum((sums[0] + sums[1]) + (sums[2] + sums[3]));
    *squares = vf_sum((squared[0] + squared[1]) + (squared[2] + squared[3]));
}

/* Piece by piece, in one pass: each about the mean of those before it (the first about its own), put together by the parallel form of Welford's update. */
static void plane_moments(double *mean, double *squares, const void *x, dk_float_type type, size_t n) {
    enum { piece = 2048 };
    double average = n ? (double)vf_load_weights_part(x, type, 0, 1)[0] : 0, deviation = 0;
    for (size_t at = 0; at < n; at += piece) {
        size_t count = n - at < piece ? n - at : piece;
        double sum, square;
        float near = (float)average;
        for (int pass = at ? 1 : 0; pass < 2; pass++) {
            if (type == DK_BF16) sum_differences(&sum, &square, x, DK_BF16, at, count, near);
            else sum_differences(&sum, &square, x, DK_F32, at, count, near);
            if (pass == 0) near = (float)(average + sum / (double)count);
        }
        double offset = sum / (double)count, own = (double)near + offset;
        double difference = own - average, share = (double)count / (double)(at + count);
        deviation += square - offset * sum + difference * difference * (double)at * share;
        average += difference * share;
    }
    *mean = average;
    *squares = deviation > 0 ? deviation : deviation == deviation ? 0 : deviation;
}
