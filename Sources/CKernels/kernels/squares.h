/* Squares of results by their kind: one place of gathered taps, the four phases of an image doubled, or Winograd's. */

/* terms[9 * channels] = the filters of up to DK_LANES outputs and channels, a lane an output. The next channels' are fetched meanwhile:
 * the processor foresees nothing of so many short rows. */
DK_INLINE void load_filters(vf *terms, const void *weights, const dk_float_type type, size_t stride, size_t outputs,
                            size_t channels) {
    for (size_t at = 0; at < 9 * channels; at += DK_LANES) {
        size_t n = 9 * channels - at < DK_LANES ? 9 * channels - at : DK_LANES;
        vf square[DK_LANES];
        for (size_t i = 0; i < DK_LANES; i++) {
            size_t from = i * stride + at;
            __builtin_prefetch((const char *)weights + (from + 9 * DK_LANES) * (type == DK_F32 ? 4 : 2), 0, 2);
            square[i] = i >= outputs    ? (vf){0}
                        : n == DK_LANES ? vf_load_weights(weights, type, from)
                                        : vf_load_weights_part(weights, type, from, n);
        }
        DK_TRANSPOSE(vf, square);
        for (size_t i = 0; i < DK_LANES; i++) terms[at + i] = square[i];
    }
}

/* The positions of a filter. */
DK_INLINE size_t square_positions(const dk_squares squares) {
    return squares == DK_SQUARES_WIDE ? DK_WIDE_POSITIONS : squares == DK_SQUARES_PAIR ? 16 : 9;
}

DK_INLINE void pack_squares(float *panels, size_t apart, const void *weights, const dk_float_type type, size_t outputs,
                            size_t stride, size_t channels, const dk_squares squares) {
    size_t size = type == DK_F32 ? 4 : 2;
    for (size_t channel = 0; channel < channels; channel += DK_LANES)
        for (size_t output = 0; output < outputs; output += DK_LANES) {
            size_t n = channels - channel < DK_LANES ? channels - channel : DK_LANES;
            vf terms[9 * DK_LANES], positions[DK_WIDE_POSITIONS];
            load_filters(terms, (const char *)weights + (output * stride + channel * 9) * size, type, stride,
                         outputs - output, n);
            for (size_t i = 0; i < n; i++) {
                if (squares == DK_SQUARES_WIDE) wide_filter(positions, terms + 9 * i);
                else pair_filter(positions, terms + 9 * i, squares == DK_SQUARES_DOUBLED);
                float *out = panels + (channel + i) * DK_PANEL_COLUMNS + output;
#pragma clang loop unroll(full)
                for (size_t position = 0; position < square_positions(squares); position++)
                    vf_store(out + position * apart, positions[position]);
            }
        }
}

#define DK_DEFINE_PACK_SQUARES(name, squares)                                                                         \
    static __attribute__((noinline)) void name(float *panels, size_t apart, const void *weights, dk_float_type type,  \
                                               size_t outputs, size_t stride, size_t channels) {                      \
        switch (type) {                                                                                               \
        case DK_F32: pack_squares(panels, apart, weights, DK_F32, outputs, stride, channels, squares); break;         \
        case DK_F16: pack_squares(panels, apart, weights, DK_F16, outputs, stride, channels, squares); break;         \
        case DK_BF16: pack_squares(panels, apart, weights, DK_BF16, outputs, stride, channels, squares); break;       \
        }                                                                                                             \
    }
DK_DEFINE_PACK_SQUARES(pack_pairs, DK_SQUARES_PAIR)
DK_DEFINE_PACK_SQUARES(pack_doubled, DK_SQUARES_DOUBLED)
DK_DEFINE_PACK_SQUARES(pack_wide, DK_SQUARES_WIDE)

static void pack_winograd_filters(float *panels, size_t apart, const void *weights, dk_float_type type, size_t outputs,
                                  size_t stride, size_t channels, dk_squares squares) {
    if (squares == DK_SQUARES_WIDE) pack_wide(panels, apart, weights, type, outputs, stride, channels);
    else if (squares == DK_SQUARES_DOUBLED) pack_doubled(panels, apart, weights, type, outputs, stride, channels);
    else pack_pairs(panels, apart, weights, type, outputs, stride, channels);
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
