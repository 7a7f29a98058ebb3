/* Vectors of DK_LANES singles, and what every kernel needs of them.
 *
 * Included once for each set of instructions, by a file in levels/ that defines DK_LANES, DK_TILE_ROWS and
 * DK_HALF_CONVERT and has switched the instructions on. Nothing here or in the kernels names an instruction. */

#ifndef DK_MATRIX_TILES
#define DK_MATRIX_TILES 0
#endif

typedef float vf __attribute__((vector_size(DK_LANES * 4)));
typedef int32_t vi __attribute__((vector_size(DK_LANES * 4)));
typedef uint32_t vu __attribute__((vector_size(DK_LANES * 4)));
typedef uint16_t vh __attribute__((vector_size(DK_LANES * 2)));

#define DK_INLINE static inline __attribute__((always_inline))

DK_INLINE vf vf_load(const float *x) {
    vf v;
    memcpy(&v, x, sizeof v);
    return v;
}

DK_INLINE void vf_store(float *out, vf v) { memcpy(out, &v, sizeof v); }

DK_INLINE vh vh_load(const uint16_t *x) {
    vh v;
    memcpy(&v, x, sizeof v);
    return v;
}

DK_INLINE void vh_store(uint16_t *out, vh v) { memcpy(out, &v, sizeof v); }

/* x in every lane; subtracting zero changes no number, so the compiler leaves only the broadcast. */
DK_INLINE vf vf_splat(float x) { return x - (vf){0}; }

/* The first n < DK_LANES elements, and `rest` in the other lanes. */
DK_INLINE vf vf_load_part(const float *x, size_t n, float rest) {
    vf v = vf_splat(rest);
    memcpy(&v, x, n * sizeof *x);
    return v;
}

DK_INLINE void vf_store_part(float *out, vf v, size_t n) { memcpy(out, &v, n * sizeof *out); }

/* Lane by lane: mask ? a : b, where mask is all ones or all zeros. */
DK_INLINE vf vf_select(vi mask, vf a, vf b) { return (vf)(((vi)a & mask) | ((vi)b & ~mask)); }

/* The greater; a NaN in either operand is kept. */
DK_INLINE vf vf_max(vf a, vf b) { return vf_select((a > b) | (a != a), a, b); }

DK_INLINE vf vf_min(vf a, vf b) { return vf_select((a < b) | (a != a), a, b); }

DK_INLINE vf vf_abs(vf x) { return (vf)((vu)x & 0x7FFFFFFFu); }

DK_INLINE vf vf_copysign(vf size, vf sign) { return (vf)((vu)size | ((vu)sign & 0x80000000u)); }

/* The sum of the lanes, halves added to halves. */
DK_INLINE float vf_sum(vf v) {
    float lanes[DK_LANES];
    memcpy(lanes, &v, sizeof lanes);
    for (size_t half = DK_LANES / 2; half > 0; half /= 2)
        for (size_t i = 0; i < half; i++) lanes[i] += lanes[i + half];
    return lanes[0];
}

DK_INLINE float vf_greatest(vf v) {
    float lanes[DK_LANES];
    memcpy(lanes, &v, sizeof lanes);
    float best = lanes[0];
    for (size_t i = 1; i < DK_LANES; i++) best = lanes[i] > best || lanes[i] != lanes[i] ? lanes[i] : best;
    return best;
}

/* a where it is greater, else b. */
DK_INLINE vf vf_larger(vf a, vf b) { return vf_select(a > b, a, b); }

/* The greatest lane; which one of NaN and a number wins is not said. */
DK_INLINE float vf_greatest_number(vf v) {
#define DK_FOLD(...)                                           \
    do {                                                       \
        vf other = __builtin_shufflevector(v, v, __VA_ARGS__); \
        v = vf_larger(other, v);                               \
    } while (0)
#if DK_LANES == 16
    DK_FOLD(8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
    DK_FOLD(4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3);
    DK_FOLD(2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1);
    DK_FOLD(1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0);
#elif DK_LANES == 8
    DK_FOLD(4, 5, 6, 7, 0, 1, 2, 3);
    DK_FOLD(2, 3, 0, 1, 2, 3, 0, 1);
    DK_FOLD(1, 0, 1, 0, 1, 0, 1, 0);
#else
    DK_FOLD(2, 3, 0, 1);
    DK_FOLD(1, 0, 1, 0);
#endif
#undef DK_FOLD
    return v[0];
}
