/* The most multiply-adds that a thread can do: nothing but the dot product, in registers. */

enum { DK_PEAK_SUMS = DK_REGISTER_ROWS * DK_PANEL_VECTORS };

DK_INLINE void peak_of(const dk_precision precision, size_t steps, float *out) {
    vf sum[DK_PEAK_SUMS];
    vi a = (vi)vf_splat(1.0f), b = (vi)vf_splat(0.5f);
    _Pragma("clang loop unroll(full)") for (size_t i = 0; i < DK_PEAK_SUMS; i++) sum[i] = (vf){0};
    for (size_t step = 0; step < steps; step++) {
        /* The compiler may not know what the operands are, so that it cannot sum by itself. */
        __asm__ volatile("" : "+r"(out), "+r"(step));
        _Pragma("clang loop unroll(full)") for (size_t i = 0; i < DK_PEAK_SUMS; i++) {
            if (precision == DK_SINGLE) sum[i] = dot_f32(sum[i], a, b);
            else if (precision == DK_HALF) sum[i] = dot_bf16(sum[i], a, b);
            else sum[i] = (vf)dot_i8((vi)sum[i], a, b);
        }
    }
    vf total = {0};
    _Pragma("clang loop unroll(full)") for (size_t i = 0; i < DK_PEAK_SUMS; i++) total += sum[i];
    *out = vf_sum(total);
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
    return 2 * steps * DK_PEAK_SUMS * DK_LANES * unit_terms(precision);
}
