/* Convolutions of 3 by 3 by Winograd's F(2x2, 3x3): squares of 2 by 2 results from 4 by 4 places with 16 multiplications
 * for each pair of channels in place of 36. Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, 2015.
 *
 * Of an image doubled by repetition a square's rows are a, b, b, c, and so their transform's third term, b - b, is
 * zero: 9 multiplications do.
 *
 * Sums of terms that cancel: an infinity makes its square's other results not-a-number. */

/* The positions of a side that are not zero. */
DK_INLINE size_t pair_positions(bool doubled) { return doubled ? 3 : 4; }

/* The filters of n channels from the element `first` on, each place of them as a vector. */
DK_INLINE void load_filters(vf g[3][3], const void *weights, dk_float_type type, size_t first, size_t n) {
    float terms[9 * DK_LANES] = {0};
    for (size_t i = 0; i < 9 * n; i += DK_LANES)
        if (i + DK_LANES <= 9 * n) vf_store(terms + i, vf_load_weights(weights, type, first + i));
        else vf_store_part(terms + i, vf_load_weights_part(weights, type, first + i, 9 * n - i), 9 * n - i);
    for (size_t i = 0; i < 9; i++)
        for (size_t lane = 0; lane < DK_LANES; lane++) g[i / 3][i % 3][lane] = terms[lane * 9 + i];
}

/* out[positions, rows, channels] */
static void pair_filters(float *out, const void *weights, dk_float_type type, size_t rows, size_t channels,
                         bool doubled) {
    size_t side = pair_positions(doubled), position = rows * channels;
    for (size_t row = 0; row < rows; row++)
        for (size_t channel = 0; channel < channels; channel += DK_LANES) {
            size_t n = channels - channel < DK_LANES ? channels - channel : DK_LANES;
            vf g[3][3], half[4][3];
            load_filters(g, weights, type, (row * channels + channel) * 9, n);
            for (size_t i = 0; i < 3; i++) {
                half[0][i] = g[0][i];
                half[1][i] = 0.5f * (g[0][i] + g[1][i] + g[2][i]);
                half[2][i] = 0.5f * (g[0][i] - g[1][i] + g[2][i]);
                half[3][i] = g[2][i];
            }
            for (size_t i = 0, y = 0; i < 4; i++) {
                if (doubled && i == 2) continue;
                vf u[4] = {half[i][0], 0.5f * (half[i][0] + half[i][1] + half[i][2]),
                           0.5f * (half[i][0] - half[i][1] + half[i][2]), half[i][2]};
                for (size_t j = 0, x = 0; j < 4; j++) {
                    if (doubled && j == 2) continue;
                    float *to = out + (y * side + x) * position + row * channels + channel;
                    if (n == DK_LANES) vf_store(to, u[j]);
                    else vf_store_part(to, u[j], n);
                    x++;
                }
                y++;
            }
        }
}

/* The transform along one axis of the places that a square sees; of three places where the image is doubled. */
DK_INLINE void pair_side(vf *out, const bool doubled, vf a, vf b, vf c, vf d) {
    if (doubled) {
        out[0] = a - b, out[1] = b + b, out[2] = b - c;
    } else {
        out[0] = a - c, out[1] = b + c, out[2] = c - b, out[3] = b - d;
    }
}

DK_INLINE void pair_input(float *panels, size_t position, const float *cut, const dk_cut *shape, const size_t *vectors,
                          const bool doubled) {
    const size_t side = pair_positions(doubled);
    for (size_t channel = 0; channel < shape->channels; channel++, cut += shape->plane_units)
        for (size_t v = 0; v < DK_PANEL_VECTORS; v++) {
            vf d[4][4], rows[4][4], all[4];
#pragma clang loop unroll(full)
            for (size_t y = 0; y < side; y++) {
                const float *from = cut + vectors[v] + y * shape->row_units;
                if (doubled) {
                    for (size_t x = 0; x < 3; x++) d[y][x] = vf_load(from + x);
                    d[y][3] = d[y][2];
                    continue;
                }
                vf a = vf_load(from), b = vf_load(from + DK_LANES), c = vf_load(from + 2), e = vf_load(from + DK_LANES + 2);
                d[y][0] = __builtin_shufflevector(a, b, DK_EVENS), d[y][1] = __builtin_shufflevector(a, b, DK_ODDS);
                d[y][2] = __builtin_shufflevector(c, e, DK_EVENS), d[y][3] = __builtin_shufflevector(c, e, DK_ODDS);
            }
            if (doubled)
                for (size_t x = 0; x < 4; x++) d[3][x] = d[2][x];
#pragma clang loop unroll(full)
            for (size_t x = 0; x < side; x++) {
                pair_side(all, doubled, d[0][x], d[1][x], d[2][x], d[3][x]);
                for (size_t y = 0; y < side; y++) rows[y][x] = all[y];
            }
            float *out = panels + channel * DK_PANEL_COLUMNS + v * DK_LANES;
#pragma clang loop unroll(full)
            for (size_t y = 0; y < side; y++) {
                pair_side(all, doubled, rows[y][0], rows[y][1], rows[y][2], doubled ? rows[y][2] : rows[y][3]);
#pragma clang loop unroll(full)
                for (size_t x = 0; x < side; x++) vf_store(out + (y * side + x) * position, all[x]);
            }
        }
}

DK_INLINE void pair_output(const dk_spread *to, const float *sums, size_t position, size_t panel_stride, size_t panels,
                           size_t rows, const bool doubled) {
    const size_t side = pair_positions(doubled);
    for (size_t row = 0; row < rows; row++)
        for (size_t i = 0; i < panels * DK_PANEL_VECTORS; i++) {
            const float *from = sums + i / DK_PANEL_VECTORS * panel_stride + row * DK_PANEL_COLUMNS +
                                i % DK_PANEL_VECTORS * DK_LANES;
            vf top[4], bottom[4];
#pragma clang loop unroll(full)
            for (size_t x = 0; x < side; x++) {
                vf m[4];
#pragma clang loop unroll(full)
                for (size_t y = 0; y < side; y++) m[y] = vf_load(from + (y * side + x) * position);
                top[x] = doubled ? m[0] + m[1] : m[0] + m[1] + m[2];
                bottom[x] = doubled ? m[1] - m[2] : m[1] - m[2] - m[3];
            }
            vf bias = vf_splat(to->bias ? to->bias[row] : 0);
            size_t plane = row * to->height * to->width, y = to->places[i].y, x = to->places[i].x;
#define DK_FIRST(t) bias + (doubled ? t[0] + t[1] : t[0] + t[1] + t[2])
#define DK_SECOND(t) bias + (doubled ? t[1] - t[2] : t[1] - t[2] - t[3])
            spread_pair(to, plane, y, x, DK_FIRST(top), DK_SECOND(top));
            spread_pair(to, plane, y + 1, x, DK_FIRST(bottom), DK_SECOND(bottom));
#undef DK_FIRST
#undef DK_SECOND
        }
}
