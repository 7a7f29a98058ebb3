/* Convolutions of 3 by 3 by Winograd's F(4x4, 3x3): squares of 4 by 4 results from 6 by 6 places with 36 multiplications
 * for each pair of channels in place of 144. Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, 2015.
 *
 * Its terms are up to eight times as large as its results: rounding loses two to four bits more than F(2x2, 3x3) does,
 * which is far below what bf16 loses. */

enum { DK_WIDE = 4, DK_WIDE_SEEN = 6, DK_WIDE_POSITIONS = DK_WIDE_SEEN * DK_WIDE_SEEN };

/* The transform of a filter along one axis. */
DK_INLINE void wide_filter_side(vf *out, vf a, vf b, vf c) {
    vf even = (a + c) * (1.0f / 6), odd = b * (1.0f / 6);
    vf far = a * (1.0f / 24) + c * (1.0f / 6), near = b * (1.0f / 12);
    out[0] = a * 0.25f, out[1] = -even - odd, out[2] = odd - even, out[3] = far + near, out[4] = far - near, out[5] = c;
}

/* out[36, rows, channels] */
static void wide_filters(float *out, const void *weights, dk_float_type type, size_t rows, size_t channels) {
    size_t position = rows * channels;
    for (size_t row = 0; row < rows; row++)
        for (size_t channel = 0; channel < channels; channel += DK_LANES) {
            size_t n = channels - channel < DK_LANES ? channels - channel : DK_LANES;
            vf g[3][3], half[3][DK_WIDE_SEEN], u[DK_WIDE_SEEN];
            load_filters(g, weights, type, (row * channels + channel) * 9, n);
            for (size_t x = 0; x < 3; x++) wide_filter_side(half[x], g[0][x], g[1][x], g[2][x]);
            for (size_t y = 0; y < DK_WIDE_SEEN; y++) {
                wide_filter_side(u, half[0][y], half[1][y], half[2][y]);
                for (size_t x = 0; x < DK_WIDE_SEEN; x++) {
                    float *to = out + (y * DK_WIDE_SEEN + x) * position + row * channels + channel;
                    if (n == DK_LANES) vf_store(to, u[x]);
                    else vf_store_part(to, u[x], n);
                }
            }
        }
}

/* The transform along one axis of the places that a square sees. */
DK_INLINE void wide_side(vf *out, vf a, vf b, vf c, vf d, vf e, vf f) {
    vf even = e - 4.0f * c, odd = d - 4.0f * b;
    vf far = e - c, near = 2.0f * (d - b);
    out[0] = 4.0f * a - 5.0f * c + e;
    out[1] = even + odd, out[2] = even - odd;
    out[3] = far + near, out[4] = far - near;
    out[5] = 4.0f * b - 5.0f * d + f;
}

#if DK_LANES == 16
#define DK_NEXT 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16
#elif DK_LANES == 8
#define DK_NEXT 1, 2, 3, 4, 5, 6, 7, 8
#else
#define DK_NEXT 1, 2, 3, 4
#endif

/* The six places that each lane's square sees of a row; lanes are four places apart. */
DK_INLINE void wide_row(vf *d, const float *from) {
    vf a = vf_load(from), b = vf_load(from + DK_LANES), c = vf_load(from + 2 * DK_LANES), e = vf_load(from + 3 * DK_LANES);
    vf low = __builtin_shufflevector(a, b, DK_EVENS), high = __builtin_shufflevector(c, e, DK_EVENS);
    d[0] = __builtin_shufflevector(low, high, DK_EVENS), d[2] = __builtin_shufflevector(low, high, DK_ODDS);
    low = __builtin_shufflevector(a, b, DK_ODDS), high = __builtin_shufflevector(c, e, DK_ODDS);
    d[1] = __builtin_shufflevector(low, high, DK_EVENS), d[3] = __builtin_shufflevector(low, high, DK_ODDS);
    d[4] = __builtin_shufflevector(d[0], vf_splat(from[4 * DK_LANES]), DK_NEXT);
    d[5] = __builtin_shufflevector(d[1], vf_splat(from[4 * DK_LANES + 1]), DK_NEXT);
}

static void wide_input(float *panels, size_t position, const float *cut, const dk_cut *shape, const size_t *vectors) {
    for (size_t channel = 0; channel < shape->channels; channel++, cut += shape->plane_units)
        for (size_t v = 0; v < DK_PANEL_VECTORS; v++) {
            vf rows[DK_WIDE_SEEN][DK_WIDE_SEEN], all[DK_WIDE_SEEN];
            const float *from = cut + vectors[v];
#pragma clang loop unroll(full)
            for (size_t y = 0; y < DK_WIDE_SEEN; y++, from += shape->row_units) {
                vf d[DK_WIDE_SEEN];
                wide_row(d, from);
                wide_side(rows[y], d[0], d[1], d[2], d[3], d[4], d[5]);
            }
            float *out = panels + channel * DK_PANEL_COLUMNS + v * DK_LANES;
#pragma clang loop unroll(full)
            for (size_t x = 0; x < DK_WIDE_SEEN; x++) {
                wide_side(all, rows[0][x], rows[1][x], rows[2][x], rows[3][x], rows[4][x], rows[5][x]);
#pragma clang loop unroll(full)
                for (size_t y = 0; y < DK_WIDE_SEEN; y++) vf_store(out + (y * DK_WIDE_SEEN + x) * position, all[y]);
            }
        }
}

/* Four results of six sums, along one axis. */
DK_INLINE void wide_sums(vf *out, const vf *m) {
    vf even = m[1] + m[2], odd = m[1] - m[2], far_even = m[3] + m[4], far_odd = m[3] - m[4];
    out[0] = m[0] + even + far_even;
    out[1] = odd + 2.0f * far_odd;
    out[2] = even + 4.0f * far_even;
    out[3] = odd + 8.0f * far_odd + m[5];
}

/* Every fourth element of a row from x on, and those after them. */
DK_INLINE void spread_four(const dk_spread *to, size_t plane, size_t y, size_t x, const vf *four) {
    if (y >= to->height || x >= to->width) return;
    vf low[2] = {DK_ZIP_LOW(four[0], four[2]), DK_ZIP_LOW(four[1], four[3])};
    vf high[2] = {DK_ZIP_HIGH(four[0], four[2]), DK_ZIP_HIGH(four[1], four[3])};
    vf line[DK_WIDE] = {DK_ZIP_LOW(low[0], low[1]), DK_ZIP_HIGH(low[0], low[1]), DK_ZIP_LOW(high[0], high[1]),
                        DK_ZIP_HIGH(high[0], high[1])};
    size_t at = plane + y * to->width + x, n = to->width - x;
    for (size_t i = 0; i < DK_WIDE && n > i * DK_LANES; i++)
        spread_vector(to, at + i * DK_LANES, line[i], n - i * DK_LANES);
}

static void wide_output(const dk_spread *to, const float *sums, size_t position, size_t panel_stride, size_t panels,
                        size_t rows) {
    for (size_t row = 0; row < rows; row++)
        for (size_t i = 0; i < panels * DK_PANEL_VECTORS; i++) {
            const float *from = sums + i / DK_PANEL_VECTORS * panel_stride + row * DK_PANEL_COLUMNS +
                                i % DK_PANEL_VECTORS * DK_LANES;
            vf half[DK_WIDE_SEEN][DK_WIDE];
#pragma clang loop unroll(full)
            for (size_t x = 0; x < DK_WIDE_SEEN; x++) {
                vf m[DK_WIDE_SEEN];
#pragma clang loop unroll(full)
                for (size_t y = 0; y < DK_WIDE_SEEN; y++) m[y] = vf_load(from + (y * DK_WIDE_SEEN + x) * position);
                wide_sums(half[x], m);
            }
            vf bias = vf_splat(to->bias ? to->bias[row] : 0);
            size_t plane = row * to->height * to->width;
#pragma clang loop unroll(full)
            for (size_t y = 0; y < DK_WIDE; y++) {
                vf m[DK_WIDE_SEEN], four[DK_WIDE];
#pragma clang loop unroll(full)
                for (size_t x = 0; x < DK_WIDE_SEEN; x++) m[x] = half[x][y];
                wide_sums(four, m);
#pragma clang loop unroll(full)
                for (size_t x = 0; x < DK_WIDE; x++) four[x] += bias;
                spread_four(to, plane, to->places[i].y + y, to->places[i].x, four);
            }
        }
}

static void winograd_filters(float *out, const void *weights, dk_float_type type, size_t rows, size_t channels,
                             dk_squares squares) {
    if (squares == DK_SQUARES_WIDE) wide_filters(out, weights, type, rows, channels);
    else pair_filters(out, weights, type, rows, channels, squares == DK_SQUARES_DOUBLED);
}

static void winograd_input(float *panels, size_t position, const float *cut, const dk_cut *shape, const size_t *vectors,
                           dk_squares squares) {
    if (squares == DK_SQUARES_WIDE) wide_input(panels, position, cut, shape, vectors);
    else if (squares == DK_SQUARES_DOUBLED) pair_input(panels, position, cut, shape, vectors, true);
    else pair_input(panels, position, cut, shape, vectors, false);
}

static void winograd_output(const dk_spread *to, const float *sums, size_t position, size_t panel_stride, size_t panels,
                            size_t rows, dk_squares squares) {
    if (squares == DK_SQUARES_WIDE) wide_output(to, sums, position, panel_stride, panels, rows);
    else if (squares == DK_SQUARES_DOUBLED) pair_output(to, sums, position, panel_stride, panels, rows, true);
    else pair_output(to, sums, position, panel_stride, panels, rows, false);
}
