/* Convolutions of 3 by 3 by Winograd's F(2x2, 3x3): squares of 2 by 2 results from 4 by 4 places with 16 multiplications
 * for each pair of channels in place of 36. Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, 2015.
 *
 * Of an image doubled by repetition a square's rows are a, b, b, c, and so their transform's third term, b - b, is
 * zero: 9 multiplications do.
 *
 * Sums of terms that cancel: an infinity makes its square's other results not-a-number. */

/* The positions of a side that are not zero. */
DK_INLINE size_t pair_positions(bool doubled) { return doubled ? 3 : 4; }

/* The transform of a filter g[3, 3], by rows; of an image doubled without the third of each side. */
DK_INLINE void pair_filter(vf *out, const vf *g, const bool doubled) {
    vf half[4][3];
#pragma clang loop unroll(full)
    for (size_t x = 0; x < 3; x++) {
        half[0][x] = g[x];
        half[1][x] = 0.5f * (g[x] + g[3 + x] + g[6 + x]);
        half[2][x] = 0.5f * (g[x] - g[3 + x] + g[6 + x]);
        half[3][x] = g[6 + x];
    }
#pragma clang loop unroll(full)
    for (size_t y = 0; y < 4; y++) {
        if (doubled && y == 2) continue;
        *out++ = half[y][0];
        *out++ = 0.5f * (half[y][0] + half[y][1] + half[y][2]);
        if (!doubled) *out++ = 0.5f * (half[y][0] - half[y][1] + half[y][2]);
        *out++ = half[y][2];
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

/* rows[channels], `position` apart = what each square of a run sees of a cut, transformed. */
DK_INLINE void pair_input(float *rows, size_t row_units, size_t position, const float *cut, const dk_cut *shape,
                          const dk_run *run, const bool doubled) {
    const size_t side = pair_positions(doubled);
    for (size_t i = 0; i < run->count; i++, rows += row_units) {
        const float *from = cut + first_place(shape, run, i) * shape->place_units;
        for (size_t c = 0; c < shape->channels; c += DK_LANES) {
            vf half[4][4], all[4];
#pragma clang loop unroll(full)
            for (size_t y = 0; y < side; y++) {
                vf d[4];
#pragma clang loop unroll(full)
                for (size_t x = 0; x < side; x++) d[x] = vf_load(from + c + (y * shape->columns + x) * shape->place_units);
                pair_side(half[y], doubled, d[0], d[1], d[2], doubled ? d[2] : d[3]);
            }
#pragma clang loop unroll(full)
            for (size_t x = 0; x < side; x++) {
                pair_side(all, doubled, half[0][x], half[1][x], half[2][x], doubled ? half[2][x] : half[3][x]);
#pragma clang loop unroll(full)
                for (size_t y = 0; y < side; y++) vf_store(rows + c + (y * side + x) * position, all[y]);
            }
        }
    }
}

/* Two results of the sums along one axis. */
DK_INLINE void pair_sums(vf *out, const bool doubled, const vf *m) {
    out[0] = doubled ? m[0] + m[1] : m[0] + m[1] + m[2];
    out[1] = doubled ? m[1] - m[2] : m[1] - m[2] - m[3];
}

/* The results of a square, row by row, from sums `position` apart. */
DK_INLINE void pair_results(vf *results, const float *sums, size_t position, const bool doubled) {
    const size_t side = pair_positions(doubled);
    vf half[4][2];
#pragma clang loop unroll(full)
    for (size_t x = 0; x < side; x++) {
        vf m[4];
#pragma clang loop unroll(full)
        for (size_t y = 0; y < side; y++) m[y] = vf_load(sums + (y * side + x) * position);
        pair_sums(half[x], doubled, m);
    }
#pragma clang loop unroll(full)
    for (size_t y = 0; y < 2; y++) {
        vf m[4];
#pragma clang loop unroll(full)
        for (size_t x = 0; x < side; x++) m[x] = half[x][y];
        pair_sums(results + 2 * y, doubled, m);
    }
}
