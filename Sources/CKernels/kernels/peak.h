/* The most multiply-adds that a thread can do: the inner loop of a product on operands that stay in the first cache. */

DK_INLINE void peak_of(const dk_precision precision, size_t steps, float *out) {
    vf sum[DK_REGISTER_ROWS][DK_PANEL_VECTORS];
    uint32_t left[DK_REGISTER_ROWS] = {0};
    vi panel[DK_PANEL_VECTORS] = {{0}};
#define DK_ROWS _Pragma("clang loop unroll(full)") for (size_t row = 0; row < DK_REGISTER_ROWS; row++)
#define DK_VECS _Pragma("clang loop unroll(full)") for (size_t v = 0; v < DK_PANEL_VECTORS; v++)
    DK_ROWS DK_VECS sum[row][v] = (vf){0};
    for (size_t step = 0; step < steps; step++) {
        /* The compiler may not know what the operands are, so that it cannot multiply by itself. */
        __asm__ volatile("" : "+m"(left), "+m"(panel));
        vi b[DK_PANEL_VECTORS];
        DK_VECS b[v] = panel[v];
        DK_ROWS {
            vi a = vi_splat_unit(left + row);
            DK_VECS {
                if (precision == DK_SINGLE) sum[row][v] = dot_f32(sum[row][v], a, b[v]);
                else if (precision == DK_HALF) sum[row][v] = dot_bf16(sum[row][v], a, b[v]);
                else sum[row][v] = (vf)dot_i8((vi)sum[row][v], a, b[v]);
            }
        }
    }
    vf total = {0};
    DK_ROWS DK_VECS total += sum[row][v];
    *out = vf_sum(total);
#undef DK_ROWS
#undef DK_VECS
}

#if DK_MATRIX_TILES
/* The same in matrix registers. */
static size_t peak_of_matrix(dk_precision precision, size_t steps, float *out) {
    float sums[16 * 16];
    begin_matrix();
    _tile_zero(0), _tile_zero(1), _tile_zero(2), _tile_zero(3);
    _tile_zero(4), _tile_zero(5), _tile_zero(6), _tile_zero(7);
    for (size_t step = 0; step < steps; step++) {
        if (precision == DK_HALF)
            _tile_dpbf16ps(0, 4, 6), _tile_dpbf16ps(1, 4, 7), _tile_dpbf16ps(2, 5, 6), _tile_dpbf16ps(3, 5, 7);
        else
            _tile_dpbusd(0, 4, 6), _tile_dpbusd(1, 4, 7), _tile_dpbusd(2, 5, 6), _tile_dpbusd(3, 5, 7);
    }
    _tile_stored(0, sums, 64);
    end_matrix();
    *out = sums[0];
    return 2 * steps * 4 * 16 * 16 * DK_UNIT_STEP * unit_terms(precision);
}
#endif

static size_t peak(dk_precision precision, size_t steps, float *out) {
#if DK_MATRIX_TILES
    if (precision != DK_SINGLE) return peak_of_matrix(precision, steps, out);
#endif
    switch (precision) {
    case DK_SINGLE: peak_of(DK_SINGLE, steps, out); break;
    case DK_HALF: peak_of(DK_HALF, steps, out); break;
    case DK_INT8: peak_of(DK_INT8, steps, out); break;
    }
    return 2 * steps * DK_REGISTER_ROWS * DK_PANEL_VECTORS * DK_LANES * unit_terms(precision);
}
