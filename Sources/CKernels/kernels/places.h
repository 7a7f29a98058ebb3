/* Convolutions that keep an image's extents, halve or double them: what a part of the image sees is cut out once, with its margin,
 * and goes through what precedes the convolution on the way; products then read its rows.
 *
 * What is cut out has its channels last, place by place, and so have sums: vectors are DK_LANES channels of one place, whatever a
 * transform does among places needs no shuffles, and the rows of a product lie as they are. An image may have its places last; it is
 * turned about where it is cut out, and where results are written. */

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

/* The first n channels of DK_LANES at `channel`, after what precedes the convolution. */
DK_INLINE vf prepared(const dk_cut *cut, size_t channel, size_t n, vf v) {
    if (cut->scale) v = v * load_columns(cut->scale + channel, n) + load_columns(cut->shift + channel, n);
    return cut->silu ? vf_quick_silu(v) : v;
}

/* DK_LANES channels of a place, as units. */
DK_INLINE void store_channels(uint32_t *place, const dk_precision precision, size_t channel, vf v) {
    if (precision == DK_HALF) store_terms(place, channel, v, DK_LANES);
    else vf_store((float *)place + channel, v);
}

/* Places from ..< to of a row of the image, whose channels are last. */
DK_INLINE void cut_places(uint32_t *out, const dk_precision precision, const dk_cut *cut, size_t y, size_t from, size_t to) {
    size_t terms = cut->place_units * unit_terms(precision), whole = cut->channels / DK_LANES * DK_LANES;
    size_t at = (y * cut->width + from) * cut->channels;
    for (size_t x = from; x < to; x++, at += cut->channels, out += cut->place_units) {
        size_t c = 0;
        for (; c < whole; c += DK_LANES)
            store_channels(out, precision, c, prepared(cut, c, DK_LANES, vf_load_weights(cut->x, cut->type, at + c)));
        if (c < cut->channels) {
            size_t n = cut->channels - c;
            store_channels(out, precision, c, prepared(cut, c, n, vf_load_weights_part(cut->x, cut->type, at + c, n)));
            c += DK_LANES;
        }
        for (; c < terms; c += DK_LANES) store_channels(out, precision, c, (vf){0});
    }
}

/* The same of an image whose places are last: squares of DK_LANES channels and places, transposed. */
DK_INLINE void cut_planes(uint32_t *out, const dk_precision precision, const dk_cut *cut, size_t y, size_t from, size_t to) {
    size_t terms = cut->place_units * unit_terms(precision), area = cut->height * cut->width;
    for (size_t c = 0; c < terms; c += DK_LANES)
        for (size_t next = from; next < to; next += DK_LANES) {
            /* The last places are those of a whole square too, where there are as many. */
            size_t x = to - next < DK_LANES && to - from >= DK_LANES ? to - DK_LANES : next;
            size_t n = to - x < DK_LANES ? to - x : DK_LANES, channels = cut->channels > c ? cut->channels - c : 0;
            vf square[DK_LANES];
            for (size_t i = 0; i < DK_LANES; i++) {
                size_t at = (c + i) * area + y * cut->width + x;
                square[i] = i >= channels   ? (vf){0}
                            : n == DK_LANES ? vf_load_weights(cut->x, cut->type, at)
                                            : vf_load_weights_part(cut->x, cut->type, at, n);
            }
            DK_TRANSPOSE(vf, square);
            if (channels > DK_LANES) channels = DK_LANES;
            for (size_t i = 0; i < n; i++)
                store_channels(out + (x - from + i) * cut->place_units, precision, c,
                               channels ? prepared(cut, c, channels, square[i]) : (vf){0});
        }
}

DK_INLINE void cut_of(uint32_t *out, const dk_precision precision, const dk_cut *source, const dk_float_type type,
                      const bool silu, const bool affine) {
    dk_cut cut = *source;
    cut.type = type;
    cut.silu = silu;
    if (!affine) cut.scale = NULL;
    ptrdiff_t from = cut.left > 0 ? cut.left : 0, to = cut.left + (ptrdiff_t)cut.columns;
    if (to > (ptrdiff_t)cut.width) to = (ptrdiff_t)cut.width;
    size_t line = cut.columns * cut.place_units, before = (size_t)(from - cut.left) * cut.place_units;
    size_t end = to > from ? (size_t)(to - cut.left) * cut.place_units : before;
    for (size_t row = 0; row < cut.rows; row++, out += line) {
        ptrdiff_t y = cut.top + (ptrdiff_t)row;
        if (y < 0 || y >= (ptrdiff_t)cut.height || to <= from) {
            memset(out, 0, line * sizeof *out);
            continue;
        }
        memset(out, 0, before * sizeof *out);
        memset(out + end, 0, (line - end) * sizeof *out);
        if (cut.planar) cut_planes(out + before, precision, &cut, (size_t)y, (size_t)from, (size_t)to);
        else cut_places(out + before, precision, &cut, (size_t)y, (size_t)from, (size_t)to);
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

static void cut_image(void *out, dk_precision precision, const dk_cut *cut) {
    cut->type == DK_BF16 ? cut_bf16(out, precision, cut) : cut_f32(out, precision, cut);
}

/* The first place of the cut that a square sees. */
DK_INLINE size_t first_place(const dk_cut *cut, const dk_run *run, size_t index) {
    size_t square = run->first + index;
    return (square / run->across * cut->columns + square % run->across) * run->step;
}

/* rows[count, row_units] = what each square of a run sees at each of the taps, `units` of each place; zeros behind them. */
static void gather_taps(void *rows, size_t row_units, size_t units, const void *cut, const dk_cut *shape, const size_t *taps,
                        size_t count, const dk_run *run) {
    for (size_t i = 0; i < run->count; i++) {
        float *row = (float *)rows + i * row_units, *out = row;
        const float *from = (const float *)cut + first_place(shape, run, i) * shape->place_units;
        for (size_t tap = 0; tap < count; tap++, out += units)
            /* Whole vectors: what is too much is written over by the next tap. */
            for (size_t unit = 0; unit < units; unit += DK_LANES)
                vf_store(out + unit, vf_load(from + taps[tap] * shape->place_units + unit));
        memset(out, 0, (size_t)(row + row_units - out) * sizeof *out);
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

/* DK_LANES channels of a place. */
DK_INLINE void put_place(const dk_spread *to, size_t y, size_t x, size_t channel, vf v) {
    if (y >= to->height || x >= to->width) return;
    spread_vector(to, (y * to->width + x) * to->stride + channel, v, to->channels - channel);
}

/* DK_LANES channels of n places of a row, to planes. */
DK_INLINE void put_line(const dk_spread *to, size_t y, size_t x, size_t n, size_t channel, const vf *line) {
    if (y >= to->height || x >= to->width) return;
    if (n > to->width - x) n = to->width - x;
    vf square[DK_LANES];
    memcpy(square, line, sizeof square);
    DK_TRANSPOSE(vf, square);
    for (size_t i = 0; i < DK_LANES && channel + i < to->channels; i++)
        spread_vector(to, ((channel + i) * to->height + y) * to->width + x, square[i], n);
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
DK_INLINE void sum_row_differences(double *sum, double *squares, const void *x, const dk_float_type type, size_t at,
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
            if (type == DK_BF16) sum_row_differences(&sum, &square, x, DK_BF16, at, count, near);
            else sum_row_differences(&sum, &square, x, DK_F32, at, count, near);
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

/* Sums of differences from numbers near the means of up to DK_LANES channels, and of their squares, over n places. */
DK_INLINE void sum_differences(vf *sum, vf *squares, const void *x, const dk_float_type type, size_t at, size_t channels,
                               size_t width, size_t n, vf near) {
    vf sums[2] = {{0}}, squared[2] = {{0}};
    for (size_t i = 0; i < n; i++, at += channels) {
        vf d = (width == DK_LANES ? vf_load_weights(x, type, at) : vf_load_weights_part(x, type, at, width)) - near;
        sums[i % 2] += d;
        squared[i % 2] += d * d;
    }
    *sum = sums[0] + sums[1];
    *squares = squared[0] + squared[1];
}

DK_INLINE void place_moments_of(double *mean, double *squares, const void *x, const dk_float_type type, size_t places,
                                size_t channels) {
    enum { piece = 64 };
    for (size_t c = 0; c < channels; c += DK_LANES) {
        size_t width = channels - c < DK_LANES ? channels - c : DK_LANES;
        double average[DK_LANES], deviation[DK_LANES] = {0};
        vf near = vf_load_weights_part(x, type, c, width);
        for (size_t lane = 0; lane < DK_LANES; lane++) average[lane] = (double)near[lane];
        for (size_t at = 0; at < places; at += piece) {
            size_t count = places - at < piece ? places - at : piece;
            vf sum, square;
            if (at == 0) {
                sum_differences(&sum, &square, x, type, c, channels, width, count, near);
                near += sum / (float)count;
            }
            sum_differences(&sum, &square, x, type, at * channels + c, channels, width, count, near);
            float sums[DK_LANES], squared[DK_LANES], about[DK_LANES];
            vf_store(sums, sum), vf_store(squared, square), vf_store(about, near);
            double own_share = 1 / (double)count, share = (double)count / (double)(at + count);
            for (size_t lane = 0; lane < DK_LANES; lane++) {
                double offset = (double)sums[lane] * own_share, own = (double)about[lane] + offset;
                double difference = own - average[lane];
                deviation[lane] +=
                    (double)squared[lane] - offset * (double)sums[lane] + difference * difference * (double)at * share;
                average[lane] += difference * share;
            }
            for (size_t lane = 0; lane < DK_LANES; lane++) about[lane] = (float)average[lane];
            near = vf_load(about);
        }
        for (size_t lane = 0; lane < width; lane++) {
            mean[c + lane] = average[lane];
            squares[c + lane] = deviation[lane] > 0 ? deviation[lane] : deviation[lane] == deviation[lane] ? 0 : deviation[lane];
        }
    }
}

/* Piece by piece: each about the mean of those before it (the first about its own), put together by the parallel form of Welford's update. */
static void place_moments(double *mean, double *squares, const void *x, dk_float_type type, size_t places, size_t channels) {
    if (type == DK_BF16) place_moments_of(mean, squares, x, DK_BF16, places, channels);
    else place_moments_of(mean, squares, x, DK_F32, places, channels);
}
