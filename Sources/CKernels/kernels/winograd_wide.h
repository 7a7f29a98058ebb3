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

/* The transform of a filter g[3, 3], by rows. */
DK_INLINE void wide_filter(vf *out, const vf *g) {
    vf half[3][DK_WIDE_SEEN];
#pragma clang loop unroll(full)
    for (size_t x = 0; x < 3; x++) wide_filter_side(half[x], g[x], g[3 + x], g[6 + x]);
#pragma clang loop unroll(full)
    for (size_t y = 0; y < DK_WIDE_SEEN; y++)
        wide_filter_side(out + y * DK_WIDE_SEEN, half[0][y], half[1][y], half[2][y]);
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

/* As pair_input. */
static void wide_input(float *rows, size_t row_units, size_t position, const float *cut, const dk_cut *shape,
                       const dk_run *run) {
    for (size_t i = 0; i < run->count; i++, rows += row_units) {
        const float *from = cut + first_place(shape, run, i) * shape->place_units;
        for (size_t c = 0; c < shape->channels; c += DK_LANES) {
            vf half[DK_WIDE_SEEN][DK_WIDE_SEEN], all[DK_WIDE_SEEN];
#pragma clang loop unroll(full)
            for (size_t y = 0; y < DK_WIDE_SEEN; y++) {
                vf d[DK_WIDE_SEEN];
#pragma clang loop unroll(full)
                for (size_t x = 0; x < DK_WIDE_SEEN; x++)
                    d[x] = vf_load(from + c + (y * shape->columns + x) * shape->place_units);
                wide_side(half[y], d[0], d[1], d[2], d[3], d[4], d[5]);
            }
#pragma clang loop unroll(full)
            for (size_t x = 0; x < DK_WIDE_SEEN; x++) {
                wide_side(all, half[0][x], half[1][x], half[2][x], half[3][x], half[4][x], half[5][x]);
#pragma clang loop unroll(full)
                for (size_t y = 0; y < DK_WIDE_SEEN; y++) vf_store(rows + c + (y * DK_WIDE_SEEN + x) * position, all[y]);
            }
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

/* As pair_results. */
DK_INLINE void wide_results(vf *results, const float *sums, size_t position) {
    vf half[DK_WIDE_SEEN][DK_WIDE];
#pragma clang loop unroll(full)
    for (size_t x = 0; x < DK_WIDE_SEEN; x++) {
        vf m[DK_WIDE_SEEN];
#pragma clang loop unroll(full)
        for (size_t y = 0; y < DK_WIDE_SEEN; y++) m[y] = vf_load(sums + (y * DK_WIDE_SEEN + x) * position);
        wide_sums(half[x], m);
    }
#pragma clang loop unroll(full)
    for (size_t y = 0; y < DK_WIDE; y++) {
        vf m[DK_WIDE_SEEN];
#pragma clang loop unroll(full)
        for (size_t x = 0; x < DK_WIDE_SEEN; x++) m[x] = half[x][y];
        wide_sums(results + DK_WIDE * y, m);
    }
}
