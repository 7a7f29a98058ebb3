/* Squares of results by their kind: one place of gathered taps, the four phases of an image doubled, or Winograd's. */

static void transform_filters(float *out, const void *weights, dk_float_type type, size_t rows, size_t stride,
                              size_t channels, size_t depth, size_t kernel, dk_squares squares) {
    switch (squares) {
    case DK_SQUARES_PLAIN: arrange_filters(out, weights, type, rows, stride, channels, depth, kernel, false); break;
    case DK_SQUARES_PHASES: arrange_filters(out, weights, type, rows, stride, channels, depth, kernel, true); break;
    case DK_SQUARES_PAIR: pair_filters(out, weights, type, rows, stride, channels, false); break;
    case DK_SQUARES_DOUBLED: pair_filters(out, weights, type, rows, stride, channels, true); break;
    case DK_SQUARES_WIDE: wide_filters(out, weights, type, rows, stride, channels); break;
    }
}

static void winograd_input(float *rows, size_t row_units, size_t position, const float *cut, const dk_cut *shape,
                           const dk_run *run, dk_squares squares) {
    if (squares == DK_SQUARES_WIDE) wide_input(rows, row_units, position, cut, shape, run);
    else if (squares == DK_SQUARES_DOUBLED) pair_input(rows, row_units, position, cut, shape, run, true);
    else pair_input(rows, row_units, position, cut, shape, run, false);
}

/* Results on a side of a square. */
DK_INLINE size_t square_side(const dk_squares squares) {
    return squares == DK_SQUARES_PLAIN ? 1 : squares == DK_SQUARES_WIDE ? DK_WIDE : 2;
}

/* DK_LANES channels of a square's results, row by row, from sums `position` apart. */
DK_INLINE void square_results(vf *results, const dk_squares squares, const float *sums, size_t position, vf bias) {
    switch (squares) {
    case DK_SQUARES_PLAIN:
    case DK_SQUARES_PHASES:
        for (size_t i = 0; i < square_side(squares) * square_side(squares); i++) results[i] = vf_load(sums + i * position);
        break;
    case DK_SQUARES_PAIR: pair_results(results, sums, position, false); break;
    case DK_SQUARES_DOUBLED: pair_results(results, sums, position, true); break;
    case DK_SQUARES_WIDE: wide_results(results, sums, position); break;
    }
#pragma clang loop unroll(full)
    for (size_t i = 0; i < square_side(squares) * square_side(squares); i++) results[i] += bias;
}

/* To an image whose channels are last: square by square. */
DK_INLINE void spread_places(const dk_spread *to, const dk_squares squares, const float *sums, size_t row_units,
                             size_t position, const dk_run *run) {
    const size_t side = square_side(squares);
    for (size_t i = 0; i < run->count; i++, sums += row_units) {
        size_t square = run->first + i;
        size_t top = to->top + square / run->across * side, left = to->left + square % run->across * side;
        for (size_t c = 0; c < to->channels; c += DK_LANES) {
            size_t n = to->channels - c < DK_LANES ? to->channels - c : DK_LANES;
            vf results[DK_WIDE * DK_WIDE];
            square_results(results, squares, sums + c, position, to->bias ? load_columns(to->bias + c, n) : (vf){0});
#pragma clang loop unroll(full)
            for (size_t y = 0; y < side; y++)
#pragma clang loop unroll(full)
                for (size_t x = 0; x < side; x++) put_place(to, top + y, left + x, c, results[y * side + x]);
        }
    }
}

/* To planes: by as many squares of a row as make vectors of places. */
DK_INLINE void spread_planes(const dk_spread *to, const dk_squares squares, const float *sums, size_t row_units,
                             size_t position, const dk_run *run) {
    const size_t side = square_side(squares);
    vf lines[DK_WIDE][DK_LANES] = {0};
    for (size_t c = 0; c < to->channels; c += DK_LANES) {
        size_t n = to->channels - c < DK_LANES ? to->channels - c : DK_LANES;
        vf bias = to->bias ? load_columns(to->bias + c, n) : (vf){0};
        for (size_t i = 0, together; i < run->count; i += together) {
            size_t row = (run->first + i) / run->across, column = (run->first + i) % run->across;
            together = DK_LANES / side;
            if (together > run->across - column) together = run->across - column;
            if (together > run->count - i) together = run->count - i;
            for (size_t j = 0; j < together; j++) {
                vf results[DK_WIDE * DK_WIDE];
                square_results(results, squares, sums + (i + j) * row_units + c, position, bias);
                for (size_t k = 0; k < side * side; k++) lines[k / side][j * side + k % side] = results[k];
            }
            for (size_t y = 0; y < side; y++)
                put_line(to, to->top + row * side + y, to->left + column * side, together * side, c, lines[y]);
        }
    }
}

#define DK_DEFINE_SPREAD(name, squares)                                                                            \
    static __attribute__((noinline)) void name(const dk_spread *to, const float *sums, size_t row_units,           \
                                               size_t position, const dk_run *run) {                               \
        if (to->planar) spread_planes(to, squares, sums, row_units, position, run);                                \
        else spread_places(to, squares, sums, row_units, position, run);                                           \
    }
DK_DEFINE_SPREAD(spread_plain, DK_SQUARES_PLAIN)
DK_DEFINE_SPREAD(spread_phases, DK_SQUARES_PHASES)
DK_DEFINE_SPREAD(spread_pairs, DK_SQUARES_PAIR)
DK_DEFINE_SPREAD(spread_doubled, DK_SQUARES_DOUBLED)
DK_DEFINE_SPREAD(spread_wide, DK_SQUARES_WIDE)

static void spread_results(const dk_spread *to, const float *sums, size_t row_units, size_t position, const dk_run *run,
                           dk_squares squares) {
    switch (squares) {
    case DK_SQUARES_PLAIN: spread_plain(to, sums, row_units, position, run); break;
    case DK_SQUARES_PHASES: spread_phases(to, sums, row_units, position, run); break;
    case DK_SQUARES_PAIR: spread_pairs(to, sums, row_units, position, run); break;
    case DK_SQUARES_DOUBLED: spread_doubled(to, sums, row_units, position, run); break;
    case DK_SQUARES_WIDE: spread_wide(to, sums, row_units, position, run); break;
    }
}
